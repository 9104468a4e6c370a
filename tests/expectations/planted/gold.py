"""Planted rows of gold: lists and popular titles."""

from datetime import date

from tests.expectations.planted.planted import Planted

_NIGHT = date(2026, 3, 1)
_NAN, _INFINITY = float("nan"), float("inf")
_LISTED = {
    "user_id": "u1", "rank": 1, "title_id": "tt0111161", "score": 0.9, "model_name": "reelhouse", "model_version": 3,
    "night": _NIGHT,
}  # fmt: skip
_NOT_LISTED = {
    "rank:be_between": (0, -1, 1001),
    "score:be_between": (_NAN, _INFINITY, -_INFINITY),
    "model_version:be_between": (0, -1),
}
_JUST_LISTED = {"rank": (1, 1000), "score": (-1.0, 0.0, 1e300), "model_version": (1,)}


def _listed(rank: int, title: str, score: float) -> dict[str, object]:
    return {"rank": rank, "title_id": title, "score": score}


GOLD = {
    "gold.recommendations": Planted(
        row=_LISTED,
        breaks=_NOT_LISTED,
        keeps=_JUST_LISTED,
        refers={
            "user_id,title_id:in_silver.preferences": {"title_id": "tt0068646"},
            "title_id:not_in_silver.titles": {"title_id": "tt7777777"},
        },
        tables={
            "user_id, rank is unique": (_listed(1, "a", 0.9), _listed(1, "b", 0.9), _listed(3, "c", 0.8)),
            "at least one list": (),
            "each list has ranks from 1 without gaps and no title twice": (_listed(1, "a", 0.9), _listed(3, "b", 0.8)),
            "scores never rise down a list": (_listed(1, "a", 0.8), _listed(2, "b", 0.9)),
        },
    ),
    "gold.recommendation_history": Planted(
        row=_LISTED, breaks=_NOT_LISTED, keeps=_JUST_LISTED, tables={"at least one list of the night": ()}
    ),
    "gold.popular_titles": Planted(
        row={
            "category": "genre", "value": "Drama", "window_days": 7, "rank": 1,
            "title_id": "tt0111161", "title": "The Shawshank Redemption", "release_year": 1994,
            "viewer_count": 12, "night": _NIGHT,
        },
        breaks={
            "category:be_in_set": ("genres", ""),
            "window_days:be_in_set": (1, 8, -7),
            "rank:be_between": (0, 101),
            "viewer_count:be_between": (0, -1),
        },
        keeps={"category": ("overall", "decade"), "window_days": (0, 30), "rank": (100,), "viewer_count": (1,)},
        tables={
            "category, value, window_days, rank is unique": (
                {"rank": 1, "title_id": "a"}, {"rank": 1, "title_id": "b"}, {"rank": 3, "title_id": "c"},
            ),
            "at least one title": (),
            "each list has ranks from 1 without gaps and no title twice": (
                {"rank": 1, "title_id": "a"}, {"rank": 3, "title_id": "b"},
            ),
        },
    ),
}  # fmt: skip
