"""Planted rows of silver: typed values."""

from datetime import UTC, date, datetime

from tests.expectations.planted.planted import Planted

_TITLE = "tt0111161"
_NOT_A_TITLE = ("0111161", "tt011116", "tmdb:", "imdb:1", "TT0111161", "")
NOT_A_POSTER = (
    *("", "a.jpg", "//evil.example/a.jpg", "/../a.jpg", "/a/b.jpg", "/a.gif", "/.jpg", "/a.jpg?b", f"/{'a' * 101}.jpg"),
    *("https://evil.example/a.jpg", "javascript:alert(1)", "/a.jpg\n", '/"><script>.jpg', " /a.jpg"),
)
_TITLES = ("tt0000001", "tt1234567890", "tmdb:603", "movielens:1")
_TIME = datetime(2026, 3, 1, 20, 15, tzinfo=UTC)
_BEFORE_ANY_LOG = (datetime(1994, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC))
_FIRST_OF_ALL = (datetime(1995, 1, 1, tzinfo=UTC),)
_NAN, _INFINITY = float("nan"), float("inf")

SILVER = {
    "silver.title_links": Planted(
        row={"source_title_id": "tmdb:278", "source": "tmdb", "title_id": _TITLE, "matched_by": "link"},
        breaks={
            "source_title_id:match_regex": _NOT_A_TITLE,
            "source:be_in_set": ("letterboxd", "IMDb", ""),
            "title_id:match_regex": _NOT_A_TITLE,
            "matched_by:be_in_set": ("guess", "Link", ""),
        },
        keeps={
            "source_title_id": _TITLES,
            "title_id": _TITLES,
            "source": ("imdb", "movielens", "movietweetings"),
            "matched_by": ("same", "title_year"),
        },
        tables={"at least one row (was a catalogue delivered?)": ()},
    ),
    "silver.titles": Planted(
        row={
            "title_id": _TITLE, "title": "The Shawshank Redemption", "title_type": "movie", "release_year": 1994,
            "release_date": date(1994, 9, 23), "release_status": "Released", "end_year": 1994, "runtime_minutes": 142,
            "genres": ["Drama"], "average_rating": 9.3, "vote_count": 2_900_000, "popularity": 88.1, "language": "en",
            "overview": "Hope.", "poster_path": "/rhIRbceoE9lR4veEXuwCC2wARtG.jpg",
        },
        breaks={
            "title_id:match_regex": _NOT_A_TITLE,
            "title:match_regex": ("", " ", "\t"),
            "title_type:match_regex": ("1994", "Drama,Crime", "Movie", ""),
            "release_year:be_between": (1873, 2036, 142, -1),
            "release_date:be_between": (date(1873, 12, 31), date(2036, 1, 1)),
            "release_status:match_regex": ("1994", "released", ""),
            "end_year:be_between": (1873, 2036),
            "runtime_minutes:be_between": (0, -1, 60_001),
            "average_rating:be_between": (-0.1, 10.1, _NAN, _INFINITY),
            "vote_count:be_between": (0, -1),
            "popularity:be_between": (-0.1,),
            "language:match_regex": ("eng", "EN", "e", ""),
            "poster_path:match_regex": NOT_A_POSTER,
        },
        keeps={
            "title_id": _TITLES,
            "release_year": (1874, 2035),
            "release_date": (date(1874, 1, 1), date(2035, 12, 31)),
            "runtime_minutes": (1, 60_000),
            "average_rating": (0.0, 10.0),
            "vote_count": (1,),
            "popularity": (0.0,),
            "title": ("9",),
            "poster_path": ("/a.png", "/-_1.svg", f"/{'a' * 100}.jpg"),
        },
        tables={"at least one row (was a catalogue delivered?)": ()},
    ),
    "silver.people": Planted(
        row={"person_id": "nm0000151", "name": "Morgan Freeman", "birth_year": 1937, "death_year": 2030},
        breaks={
            "person_id:match_regex": ("0000151", "nm1", "tt0111161", "tmdb:x", ""),
            "name:match_regex": ("", "  "),
            "birth_year:be_between": (0, -4, 2036),
            "death_year:be_between": (0, -4, 2036),
        },
        keeps={"person_id": ("tmdb:192",), "birth_year": (1, 2035), "death_year": (1, 2035)},
    ),
    "silver.credits": Planted(
        row={"title_id": _TITLE, "person_id": "nm0000151", "category": "actor", "billing": 2, "characters": ["Red"]},
        breaks={
            "title_id:match_regex": _NOT_A_TITLE,
            "person_id:match_regex": ("0000151", "nm1", "tt0111161", ""),
            "category:be_in_set": ("stunts", "Actor", ""),
            "billing:be_between": (0, -1, 100_001),
        },
        keeps={"billing": (1, 100_000), "person_id": ("tmdb:192",)},
        refers={"parked:title_id": {"title_id": "tt7777777"}, "parked:person_id": {"person_id": "nm7777777"}},
    ),
    "silver.title_profiles": Planted(
        row={"title_id": _TITLE, "overview": "Hope.", "decade": 1990},
        breaks={
            "title_id:match_regex": _NOT_A_TITLE,
            "overview:match_regex": ("", " "),
            "decade:be_in_set": (1994, 1860, 2040, 0),
        },
        keeps={"decade": (1870, 2030)},
        refers={"title_id:not_in_silver.titles": {"title_id": "tt7777777"}},
        tables={"leading_cast has at most 5 names": ({"leading_cast": list("abcdef")},)},
    ),
    "silver.title_rules": Planted(
        row={
            "rule": "boost", "title_id": _TITLE, "boost": 0.5, "from_date": date(2026, 3, 1),
            "until_date": date(2026, 3, 7), "reason": "restored",
        },
        breaks={
            "rule:be_in_set": ("Block", "hide", ""),
            "title_id:match_regex": _NOT_A_TITLE,
            "boost:be_between": (-1.1, 1.1, _NAN),
        },
        keeps={"boost": (-1.0, 1.0, 0.0)},
        refers={"parked:title_id": {"title_id": "tt7777777"}},
        tables={
            "rule, title_id, from_date is unique": ({"boost": 0.25}, {"boost": 0.5}),
            "a boost says how much, a block does not": ({"boost": None}, {"rule": "block"}),
            "no rule ends before it begins": ({"until_date": date(2026, 2, 28)},),
        },
    ),
    "silver.interactions": Planted(
        row={
            "event_id": "e1", "user_id": "u1", "title_id": _TITLE, "event_type": "view", "value": 0.5,
            "occurred_at": _TIME, "source": "player", "month": date(2026, 3, 1),
        },
        breaks={
            "user_id:not_be_in_set": ("*",),
            "event_type:be_in_set": ("click", "View", ""),
            "value:be_between": (-0.1, 10.1, _NAN, _INFINITY),
            "occurred_at:be_between": _BEFORE_ANY_LOG,
        },
        keeps={
            "user_id": ("**", " *"),
            "value": (0.0, 10.0),
            "occurred_at": _FIRST_OF_ALL,
            "event_type": ("complete", "rating", "like", "dislike", "watchlist", "dismiss"),
        },
        refers={"parked:title_id": {"title_id": "tt7777777"}},
        tables={"at least one event of a known title (were an event log and a catalogue delivered?)": ()},
    ),
    "silver.ratings": Planted(
        row={"user_id": "u1", "title_id": _TITLE, "rating": 8.0, "rated_at": _TIME},
        breaks={
            "title_id:match_regex": ("0111161", "tt011116", "tmdb:", ""),
            "rating:be_between": (-0.5, 10.5, _NAN),
            "rated_at:be_between": _BEFORE_ANY_LOG,
        },
        keeps={"rating": (0.0, 10.0), "rated_at": _FIRST_OF_ALL, "title_id": _TITLES},
    ),
    "silver.preferences": Planted(
        row={"user_id": "u1", "title_id": _TITLE, "weight": 1.5, "rating": 8.0, "event_count": 2, "last_at": _TIME},
        breaks={
            "weight:be_between": (-0.1,),
            "rating:be_between": (-0.5, 10.5, _NAN),
            "event_count:be_between": (0, -1),
            "last_at:be_between": _BEFORE_ANY_LOG,
        },
        keeps={"weight": (0.0,), "rating": (0.0, 10.0, None), "event_count": (1,), "last_at": _FIRST_OF_ALL},
        tables={"at least one preference": ()},
    ),
}  # fmt: skip
