"""Planted rows of gold: lists, popular titles, facts of titles, profiles of viewers."""

from datetime import date, datetime

from tests.expectations.planted.planted import Planted
from tests.expectations.planted.silver import NOT_A_POSTER

_NIGHT = date(2026, 3, 1)
_AT = datetime(2026, 2, 1, 12, 0)
_COUNTED = (
    "viewer_count", "monthly_viewer_count", "weekly_viewer_count", "like_count", "rating_count", "list_count",
)  # fmt: skip
_NAN, _INFINITY = float("nan"), float("inf")
_LISTED = {
    "user_id": "*", "rank": 1, "title_id": "tt0111161", "source": "personal", "model_score": 0.8, "boost": 0.1, "score": 0.9,
    "reason_title_ids": ["seen"], "reason_contributions": [0.5], "reasons": "because you liked The Godfather (1972)",
    "model_name": "reelhouse", "model_version": 3, "model_night": _NIGHT, "night": _NIGHT,
}  # fmt: skip
_NOT_LISTED = {
    "rank:be_between": (0, -1, 1001),
    "source:be_in_set": ("Personal", "", "model"),
    **{f"{column}:be_between": (_NAN, _INFINITY, -_INFINITY) for column in ("model_score", "boost", "score")},
    "reasons:match_regex": ("", " because"),
    "model_version:be_between": (0, -1),
}
_JUST_LISTED = {
    "rank": (1, 1000),
    "source": ("segment", "popular"),
    "model_score": (None, -1e300),
    "boost": (None, -0.5),
    "score": (-1.0, 0.0, 1e300),
    "model_version": (1,),
}


def _listed(rank: int, title: str, score: float, source: str = "personal") -> dict[str, object]:
    """A row of the list for everybody else."""
    scored = {"model_score": score - 0.125, "boost": 0.125, "score": score}
    return {"rank": rank, "title_id": title, "source": source, **scored, **_because()}


def _because(*titles: str) -> dict[str, object]:
    """A reason of some titles that added the same."""
    return {"reason_title_ids": list(titles), "reason_contributions": [0.25] * len(titles)}


def _whole(*titles: str) -> tuple[dict[str, object], ...]:
    """The list for everybody else, of three titles where it is whole."""
    return tuple(_listed(rank, title, 1 - 0.25 * rank) for rank, title in enumerate(titles, start=1))


def _similar(rank: int, title: str, similarity: float) -> dict[str, object]:
    return {"rank": rank, "similar_title_id": title, "similarity": similarity}


_BECAME = ("watched", "liked", "disliked", "dismissed", "watchlisted", "ignored")
_OUTCOME = {
    "night": _NIGHT, "rank": 1, "source": "personal", "listed_count": 10, "watched_count": 2, "liked_count": 0,
    "disliked_count": 0, "dismissed_count": 0, "watchlisted_count": 0, "ignored_count": 8, "is_complete": True,
    "model_name": "reelhouse", "model_version": 3,
}  # fmt: skip

GOLD = {
    "gold.recommendations": Planted(
        row=_LISTED,
        breaks=_NOT_LISTED,
        keeps=_JUST_LISTED,
        tables={
            "user_id, rank is unique": (_listed(1, "a", 0.75), _listed(1, "b", 0.75), _listed(3, "c", 0.5)),
            "each list has ranks from 1 without gaps, and is no longer than it is to be": (
                *_whole("a", "b"), _listed(4, "c", 0.25),
            ),
            "no list has a title twice": _whole("a", "a", "b"),
            "a reason is at most 3 titles, and what each of them added": (
                _listed(1, "a", 0.75) | _because(*["seen"] * 4),
                _listed(2, "b", 0.5) | _because("seen") | {"reason_contributions": []},
                _listed(3, "c", 0.25),
            ),
            "every title that is given as a reason is one that the viewer liked": (
                _listed(1, "a", 0.75) | _because("seen", "b"), *_whole("", "b", "c")[1:],
            ),
            "no list has a title of its viewer's history": _whole("a", "b", "seen"),
            "every listed title is known": _whole("a", "b", "unheard of"),
            "every listed title is released by the night": _whole("tomorrow", "next year", "rumoured"),
            "every listed title is of a kind that may be listed": _whole("a", "adult", "game"),
            "no listed title is blocked on the night": _whole("a", "b", "blocked"),
            "every viewer, and * for everybody else, has a list, which is short only where no other title is left": (
                _whole("a", "b")
            ),
            "every list is of a known viewer": (*_whole("a", "b", "c"), _listed(1, "a", 0.5) | {"user_id": "u"}),
            "scores never rise down a source of a list": (*_whole("a", "b"), _listed(3, "c", 0.75)),
            "personal titles come first, then those of the segment, then popular ones": (
                _listed(1, "a", 0.75), _listed(2, "b", 9.0, "popular"), _listed(3, "c", 9.0, "segment"),
            ),
            "a score is what the model said and what rules added": (
                _listed(1, "a", 0.75) | {"model_score": 0.75}, *_whole("", "b", "c")[1:],
            ),
        },
        beside={
            "silver.preferences": ({"user_id": "*", "title_id": "seen"},),
            "silver.titles": (
                *({"title_id": title} for title in (_LISTED["title_id"], "a", "b", "c", "seen")),
                {"title_id": "a", "release_date": _NIGHT, "release_year": 2027, "release_status": "Released"},
                {"title_id": "tomorrow", "release_date": date(2026, 3, 2), "release_year": 2020},
                {"title_id": "next year", "release_year": 2027},
                {"title_id": "rumoured", "release_status": "Rumored"},
                {"title_id": "adult", "is_adult": True},
                {"title_id": "game", "title_type": "videoGame"},
                {"title_id": "blocked"},
            ),
            "silver.title_rules": (
                {"rule": "block", "title_id": "blocked", "from_date": _NIGHT, "until_date": _NIGHT},
                {"rule": "block", "title_id": "a", "from_date": date(2026, 3, 2)},
                {"rule": "block", "title_id": "a", "from_date": date(1970, 1, 1), "until_date": date(2026, 2, 28)},
                {"rule": "boost", "title_id": "b", "from_date": _NIGHT, "boost": 1.0},
            ),
        },
        values={"night": _NIGHT, "list_length": 3, "listed_title_types": ["movie"], "lists_adult": False},
    ),
    "gold.recommendation_history": Planted(
        row=_LISTED, breaks=_NOT_LISTED, keeps=_JUST_LISTED, tables={"at least one list of the night": ()}
    ),
    "gold.list_outcomes": Planted(
        row=_OUTCOME,
        breaks={
            "rank:be_between": (0, -1, 1001),
            "source:be_in_set": ("model", "Personal"),
            "listed_count:be_between": (0, -1),
            **{f"{outcome}_count:be_between": (-1,) for outcome in _BECAME},
            "model_version:be_between": (0, -1),
        },
        keeps={"rank": (1, 1000), "source": ("segment", "popular"), "listed_count": (1,), "watched_count": (0,)},
        tables={
            "at least one night's lists": (),
            "what was listed was ignored, or became one thing or several": (
                # Two of ten viewers watched it, and nine ignored it.
                {"ignored_count": 9},
                # Three of ten did not ignore it, and did nothing else with it.
                {"rank": 2, "ignored_count": 7, "watched_count": 1, "liked_count": 1},
            ),
        },
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
    "gold.title_facts": Planted(
        row={
            "title_id": "tt0111161", "title": "The Shawshank Redemption", "original_title": "Die Verurteilten",
            "title_type": "movie", "release_year": 1994, "release_date": date(1994, 9, 23), "end_year": 1994,
            "decade": 1990, "is_released": True, "is_adult": False, "runtime_minutes": 142, "language": "en",
            "genres": ["Drama"], "directors": ["Frank Darabont"], "writers": ["Stephen King"],
            "leading_cast": ["Tim Robbins"], "keywords": ["prison"], "overview": "Two imprisoned men.",
            "poster_path": "/rhIRbceoE9lR4veEXuwCC2wARtG.jpg", "average_rating": 9.3, "vote_count": 2_900_000,
            "popularity": 88.1, "viewer_count": 12,
            "monthly_viewer_count": 5, "weekly_viewer_count": 3, "like_count": 9, "rating_count": 4,
            "mean_rating": 8.5, "list_count": 7, "best_rank": 1, "median_rank": 4.5, "night": _NIGHT,
        },
        breaks={
            **{f"{column}:be_between": (-1,) for column in _COUNTED},
            "poster_path:match_regex": NOT_A_POSTER,
            "mean_rating:be_between": (-0.1, 10.1),
            "best_rank:be_between": (0, 1001),
            "median_rank:be_between": (0.5, 1000.5),
        },
        keeps={"mean_rating": (0.0, 10.0), "best_rank": (1000,), "median_rank": (1.0, 1000.0)}
        | dict.fromkeys(_COUNTED, (0,)),
        tables={
            "every title_id of silver.titles is there": ({"title_id": "other"},),
            "title_id is unique": ({}, {}),
            "no part of the viewers of a title is larger than all of them": ({"like_count": 13},),
            "titles that are listed, and no others, have a best rank, which is not behind the median": (
                {"list_count": 0},
            ),
        },
        beside={"silver.titles": ({"title_id": "tt0111161"},)},
    ),
    "gold.lake_profile": Planted(
        row={
            "night": _NIGHT, "picture": "genres", "series": "Drama", "x": "1990s", "x_number": 1990.0, "y": 12.0,
            "unit": "titles",
        },
        breaks={
            "picture:be_in_set": ("genre", ""),
            "unit:be_in_set": ("title", "percent"),
            "y:be_between": (1.5e308,),
            "x:lengths_to_be_between": ("",),
        },
        keeps={"picture": ("ratings", "outliers"), "unit": ("events", "value"), "y": (0.0, 1e308)},
        tables={
            "something was counted": (),
            "a share is between 0 and 1": ({"unit": "share", "y": 1.01},),
            "no count is negative": ({"y": -1.0},),
            "all but figures have a place on the axis": ({"series": "figure"},),
        },
    ),
    "gold.viewer_profiles": Planted(
        row={
            "user_id": "u1", "title_count": 12, "like_count": 9, "rating_count": 4, "mean_rating": 8.5,
            "event_count": 20, "first_at": _AT, "last_at": _AT, "genres": ["Drama"], "genre_shares": [0.5],
            "decades": [1990], "decade_shares": [0.25], "directors": ["Frank Darabont"],
            "director_title_counts": [2], "leading_cast": ["Tim Robbins"], "cast_title_counts": [3],
            "list_source": "personal", "list_length": 50, "night": _NIGHT,
        },
        breaks={
            "title_count:be_between": (0,),
            "like_count:be_between": (-1,),
            "rating_count:be_between": (-1,),
            "mean_rating:be_between": (-0.1, 10.1),
            "list_source:be_in_set": ("", "a model"),
            "list_length:be_between": (-1, 1001),
        },
        keeps={
            "title_count": (1,), "like_count": (0,), "rating_count": (0,), "mean_rating": (0.0, 10.0),
            "list_source": ("segment", "popular"), "list_length": (0, 1000),
        },
        tables={
            "every user_id of silver.preferences is there": ({"user_id": "other"},),
            "user_id is unique": ({}, {}),
            "no viewer likes or rated more titles than there are, nor knows more than there were events": (
                {"event_count": 11},
            ),
            "each list has at most 5 names, and a number for each": ({"genre_shares": []},),
        },
        beside={"silver.preferences": ({"user_id": "u1"},)},
    ),
    "gold.similar_titles": Planted(
        row={
            "title_id": "tt0111161", "kind": "taste", "rank": 1, "similar_title_id": "tt0068646",
            "title": "The Shawshank Redemption", "similar_title": "The Godfather", "similarity": 0.8,
            "shared": "Crime, Drama", "method": "als", "model_version": 3, "night": _NIGHT,
        },
        breaks={
            "kind:be_in_set": ("", "tastes"),
            "rank:be_between": (0, 21),
            "similarity:be_between": (0.0, -0.1, _NAN, _INFINITY),
            "model_version:be_between": (0,),
        },
        keeps={"kind": ("content",), "rank": (20,), "similarity": (1e-6, 1.5), "shared": ("",)},
        tables={
            "title_id, kind, rank is unique": (_similar(1, "a", 0.9), _similar(1, "b", 0.9), _similar(3, "c", 0.8)),
            "at least one title": (),
            "each title and kind has ranks from 1 without gaps and no title twice": (
                _similar(1, "a", 0.9), _similar(3, "b", 0.8),
            ),
            "no title is similar to itself": (_similar(1, "tt0111161", 0.9),),
            "similarity never rises down the ranks": (_similar(1, "a", 0.8), _similar(2, "b", 0.9)),
        },
    ),
}  # fmt: skip
