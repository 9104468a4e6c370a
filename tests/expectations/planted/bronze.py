"""Planted rows of bronze: text as delivered."""

from tests.expectations.planted.planted import Planted

_NULL = (None,)
_UNKNOWN = r"\N"
_NOT_A_TITLE = ("0111161", "tt011116", "tt01111611111", "nm0000151", "tt0111161x", "")
_NOT_A_NAME = ("0000151", "nm000015", "nm00001511111", "tt0111161", "")
_NOT_A_FLAG = ("2", "true", "00", "")
_NOT_A_YEAR = ("94", "19940", "1994-10", "")
_NOT_A_COUNT = ("-1", "1.5", "1h", "1234567890", "")
_NOT_A_NUMBER = ("1,5", "x", "1.", ".5", "1e", "")
_NOT_AN_ID = ("-1", "1.0", "tt1", "1234567890", "")
_NOT_WHOLE = (*_NOT_A_NUMBER, "1e30", "1e9", "12e3", "1234567890", "1e10", "NaN")
_NOT_A_LIST = ("{}", "x", "null", "", '[{"id": 18, "name": "Dra', "[", "]")
_NOT_AN_OBJECT = ("[]", "x", "null", "", '{"keywords": [{"id": 18', "{", "}")
_OBJECTS = ("{}", ' {"a":\n1} ', None)
_TITLES = ("tt0000001", "tt1234567890")
_NO_DATE = (
    "1994", "23.09.1994", "1994-9-23", "1", "2026-02-31", "2026-04-31", "2026-13-01", "2026-01-00", "2026-02-29", "1900-02-29",
)  # fmt: skip
_DATES = ("", "2024-02-29", "2000-02-29", "2026-02-28", "2026-12-31", "2026-11-30")
_NUMBERS = ("0", "-1", "1.25", "1e3", "2.5E-7")

_RULE = {"title_id": "tt0111161", "from": "2026-03-01", "until": "2026-03-31", "reason": "a complaint"}
_NO_DAY = ("March 1", "1.3.2026", "2026-3-1", "")
_NO_RULE = {
    "title_id:not_be_null": _NULL,
    "title_id:match_regex": ("0111161", "The Shawshank Redemption", "tmdb:", "", "tt0111161\n"),
    "from:match_regex": _NO_DAY,
    "until:match_regex": _NO_DAY,
}
_NO_LISTS = {
    "each from and until is a day of the calendar": ({"until": "2026-04-31"}, {"title_id": "tt0068646", "from": "2026-02-30"}),
    "no rule ends before it begins": ({"until": "2026-02-28"},),
    "no title is named twice for one night": (
        {}, {"from": "2026-03-31", "until": None}, {"title_id": "tt0068646", "from": None},
        {"title_id": "tt0068646", "from": "2026-03-02"}, {"title_id": "tt0071562", "until": "2026-03-03"},
        {"title_id": "tt0071562", "from": "2026-03-04"},
    ),
}  # fmt: skip

_DUMPED = {
    "id": "278", "imdb_id": "tt0111161", "title": "The Shawshank Redemption", "adult": "False",
    "release_date": "1994-09-23", "runtime": "142.0", "popularity": "51.6", "vote_average": "8.5", "vote_count": "8358",
}  # fmt: skip
_NOT_DUMPED = {
    "id:not_be_null": _NULL,
    "id:match_regex": (*_NOT_AN_ID, "1997-08-20"),
    "title:not_be_null": _NULL,
    "imdb_id:match_regex": ("0111161", "nm0000151", "tt1", "0"),
    "release_date:match_regex": _NO_DATE,
    "runtime:match_regex": _NOT_WHOLE,
    "popularity:match_regex": (*_NOT_A_NUMBER, "Beware Of Frost Bites"),
    "vote_average:match_regex": _NOT_A_NUMBER,
    "vote_count:match_regex": _NOT_WHOLE,
    "adult:match_regex": ("true", "1", " - Written by Ørnås", ""),
}
_ALSO_DUMPED = {"imdb_id": ("",), "release_date": _DATES, "adult": ("True",), "popularity": _NUMBERS}

BRONZE = {
    "bronze.imdb_title_basics": Planted(
        row={
            "tconst": "tt0111161", "titleType": "movie", "primaryTitle": "The Shawshank Redemption", "isAdult": "0",
            "startYear": "1994", "endYear": _UNKNOWN, "runtimeMinutes": "142", "genres": "Drama",
        },
        breaks={
            "tconst:not_be_null": _NULL,
            "tconst:match_regex": _NOT_A_TITLE,
            "primaryTitle:not_be_null": _NULL,
            "isAdult:match_regex": _NOT_A_FLAG,
            "startYear:match_regex": _NOT_A_YEAR,
            "endYear:match_regex": _NOT_A_YEAR,
            "runtimeMinutes:match_regex": _NOT_A_COUNT,
        },
        keeps={"tconst": _TITLES, "isAdult": ("1", _UNKNOWN), "startYear": ("0000", _UNKNOWN), "runtimeMinutes": ("0", _UNKNOWN)},
    ),
    "bronze.imdb_title_ratings": Planted(
        row={"tconst": "tt0111161", "averageRating": "9.3", "numVotes": "2900000"},
        breaks={
            "tconst:not_be_null": _NULL,
            "tconst:match_regex": _NOT_A_TITLE,
            "averageRating:match_regex": ("11", "-1", "9,3", "9.", _UNKNOWN, ""),
            "numVotes:match_regex": (*_NOT_A_COUNT, _UNKNOWN),
        },
        keeps={"averageRating": ("0", "10", "10.0", "1.25"), "numVotes": ("0", "999999999")},
    ),
    "bronze.imdb_title_principals": Planted(
        row={"tconst": "tt0111161", "ordering": "1", "nconst": "nm0000151", "category": "actor", "characters": '["Red"]'},
        breaks={
            "tconst:not_be_null": _NULL,
            "tconst:match_regex": _NOT_A_TITLE,
            "ordering:match_regex": (*_NOT_A_COUNT, _UNKNOWN),
            "nconst:not_be_null": _NULL,
            "nconst:match_regex": _NOT_A_NAME,
            "category:not_be_null": _NULL,
            "characters:match_regex": ("", "Red", '["Red', '["', "[Red]", "{}", "null"),
        },
        keeps={"characters": (_UNKNOWN, "[]", '["a","b"]', '["\\"]\\""]', None)},
    ),
    "bronze.imdb_title_crew": Planted(
        row={"tconst": "tt0111161", "directors": "nm0001104", "writers": "nm0000175,nm0001104"},
        breaks={
            "tconst:not_be_null": _NULL,
            "tconst:match_regex": _NOT_A_TITLE,
            "directors:match_regex": ("nm1", "nm0001104,", "nm0001104;nm0000175", ""),
            "writers:match_regex": ("tt0111161", ",nm0001104", "nm0001104, nm0000175", ""),
        },
        keeps={"directors": (_UNKNOWN,), "writers": (_UNKNOWN,)},
    ),
    "bronze.imdb_title_akas": Planted(
        row={"titleId": "tt0111161", "ordering": "1", "title": "Die Verurteilten", "region": "DE", "isOriginalTitle": "0"},
        breaks={
            "titleId:not_be_null": _NULL,
            "titleId:match_regex": _NOT_A_TITLE,
            "ordering:match_regex": (*_NOT_A_COUNT, _UNKNOWN),
            "title:not_be_null": _NULL,
            "isOriginalTitle:match_regex": _NOT_A_FLAG,
        },
    ),
    "bronze.imdb_title_episode": Planted(
        row={"tconst": "tt0959621", "parentTconst": "tt0903747", "seasonNumber": "1", "episodeNumber": "1"},
        breaks={
            "tconst:not_be_null": _NULL,
            "tconst:match_regex": _NOT_A_TITLE,
            "parentTconst:not_be_null": _NULL,
            "parentTconst:match_regex": _NOT_A_TITLE,
            "seasonNumber:match_regex": _NOT_A_COUNT,
            "episodeNumber:match_regex": _NOT_A_COUNT,
        },
        keeps={"seasonNumber": (_UNKNOWN, "0"), "episodeNumber": (_UNKNOWN, "0")},
    ),
    "bronze.imdb_name_basics": Planted(
        row={"nconst": "nm0000151", "primaryName": "Morgan Freeman", "birthYear": "1937", "deathYear": _UNKNOWN},
        breaks={
            "nconst:not_be_null": _NULL,
            "nconst:match_regex": _NOT_A_NAME,
            "primaryName:not_be_null": _NULL,
            "birthYear:match_regex": ("19370", "-4", "c. 4", ""),
            "deathYear:match_regex": ("19370", "-4", "c. 4", ""),
        },
        keeps={"birthYear": ("4", _UNKNOWN), "deathYear": ("65",)},
    ),
    "bronze.tmdb_movie_ids": Planted(
        row={"id": "278", "original_title": "The Shawshank Redemption", "popularity": "88.1", "adult": "false"},
        breaks={
            "id:not_be_null": _NULL,
            "id:match_regex": _NOT_AN_ID,
            "popularity:match_regex": _NOT_A_NUMBER,
            "adult:match_regex": ("1", "True", "no", ""),
        },
        keeps={"popularity": _NUMBERS, "adult": ("true",)},
    ),
    "bronze.tmdb_movie_details": Planted(
        row={
            "id": "278", "imdb_id": "tt0111161", "title": "The Shawshank Redemption", "release_date": "1994-09-23",
            "runtime": "142", "genres": '[{"id": 18, "name": "Drama"}]', "popularity": "88.1", "vote_average": "8.7",
            "vote_count": "25000", "adult": "false", "keywords": '{"keywords": []}', "credits": '{"cast": [], "crew": []}',
        },
        breaks={
            "id:not_be_null": _NULL,
            "id:match_regex": _NOT_AN_ID,
            "title:not_be_null": _NULL,
            "imdb_id:match_regex": ("0111161", "nm0000151", "tt1"),
            "release_date:match_regex": _NO_DATE,
            "runtime:match_regex": _NOT_WHOLE,
            "genres:match_regex": _NOT_A_LIST,
            "keywords:match_regex": _NOT_AN_OBJECT,
            "credits:match_regex": _NOT_AN_OBJECT,
            "popularity:match_regex": _NOT_A_NUMBER,
            "vote_average:match_regex": _NOT_A_NUMBER,
            "vote_count:match_regex": _NOT_WHOLE,
            "adult:match_regex": ("1", "True", "no", ""),
        },
        keeps={
            "adult": ("true",), "imdb_id": ("",), "release_date": _DATES, "genres": ("[]", " []", "[1\n] "),
            "runtime": (*_NUMBERS, "162.0", "8e0", "9.9e+08"), "keywords": _OBJECTS, "credits": _OBJECTS,
        },
    ),
    "bronze.tmdb_5000_movies": Planted(
        row={
            "id": "278", "title": "The Shawshank Redemption", "release_date": "1994-09-23", "runtime": "142.0",
            "genres": "[]", "keywords": '[{"id": 378, "name": "prison"}]', "popularity": "136.7",
            "vote_average": "8.5", "vote_count": "8205",
        },
        breaks={
            "id:not_be_null": _NULL,
            "id:match_regex": _NOT_AN_ID,
            "title:not_be_null": _NULL,
            "release_date:match_regex": _NO_DATE,
            "runtime:match_regex": _NOT_WHOLE,
            "genres:match_regex": _NOT_A_LIST,
            "keywords:match_regex": _NOT_A_LIST,
            "popularity:match_regex": _NOT_A_NUMBER,
            "vote_average:match_regex": _NOT_A_NUMBER,
            "vote_count:match_regex": _NOT_WHOLE,
        },
        keeps={"release_date": _DATES, "popularity": _NUMBERS},
    ),
    "bronze.tmdb_5000_credits": Planted(
        row={"movie_id": "278", "title": "The Shawshank Redemption", "cast": "[]", "crew": "[]"},
        breaks={
            "movie_id:not_be_null": _NULL,
            "movie_id:match_regex": _NOT_AN_ID,
            "cast:match_regex": _NOT_A_LIST,
            "crew:match_regex": _NOT_A_LIST,
        },
    ),
    "bronze.tmdb_movies_metadata": Planted(row=_DUMPED | {"genres": "[]"}, breaks=_NOT_DUMPED, keeps=_ALSO_DUMPED),
    "bronze.tmdb_keywords": Planted(
        row={"id": "278", "keywords": "[]"}, breaks={"id:not_be_null": _NULL, "id:match_regex": _NOT_AN_ID}
    ),
    "bronze.tmdb_credits": Planted(
        row={"id": "278", "cast": "[]", "crew": "[]"},
        breaks={"id:not_be_null": _NULL, "id:match_regex": _NOT_AN_ID},
    ),
    "bronze.tmdb_movie_dataset": Planted(row=_DUMPED, breaks=_NOT_DUMPED, keeps=_ALSO_DUMPED),
    "bronze.blocked_titles": Planted(
        row=_RULE, breaks=_NO_RULE, keeps={"title_id": ("tmdb:603", "movielens:1")}, tables=_NO_LISTS
    ),
    "bronze.boosted_titles": Planted(
        row=_RULE | {"boost": "0.5"},
        breaks=_NO_RULE
        | {"boost:not_be_null": _NULL, "boost:match_regex": ("3", "1.01", "-1.5", "much", "", ".", "0,5", "nan", "1e0")},
        keeps={"boost": ("1", "-1.0", "+0.25", ".5", "0")},
        tables=_NO_LISTS,
    ),
    "bronze.movielens_movies": Planted(
        row={"movieId": "318", "title": "Shawshank Redemption, The (1994)", "genres": "Crime|Drama"},
        breaks={"movieId:not_be_null": _NULL, "movieId:match_regex": _NOT_AN_ID, "title:not_be_null": _NULL},
        keeps={"movieId": ("0", "999999999")},
    ),
    "bronze.movielens_links": Planted(
        row={"movieId": "318", "imdbId": "0111161", "tmdbId": "278"},
        breaks={
            "movieId:not_be_null": _NULL,
            "movieId:match_regex": _NOT_AN_ID,
            "imdbId:match_regex": ("tt0111161", "12345678901", ""),
            "tmdbId:match_regex": _NOT_AN_ID,
        },
    ),
    "bronze.movietweetings_movies": Planted(
        row={"movie_id": "0111161", "title": "The Shawshank Redemption (1994)", "genres": "Crime|Drama"},
        breaks={
            "movie_id:not_be_null": _NULL,
            "movie_id:match_regex": ("tt0111161", "111161", "12345678901", ""),
            "title:not_be_null": _NULL,
        },
    ),
    "bronze.interactions": Planted(
        row={
            "event_id": "e1", "user_id": "u1", "title_id": "tt0111161", "event_type": "view", "value": "0.5",
            "occurred_at": "2026-03-01T20:15:00Z", "source": "player",
        },
        breaks={
            "user_id:not_be_null": _NULL,
            "event_id:match_regex": ("e\x00", "e\n", "e" * 257),
            "user_id:match_regex": ("", " ", " u1", "u1 ", "\u00a0u1", "u\t1", "u1\n", "u\x001", "u\u2028\u20291", "u" * 129),
            "title_id:not_be_null": _NULL,
            "title_id:match_regex": ("0111161", "TT0111161", "tmdb603", "tmdb:", "tmdb:x", "tt0111161\n", ""),
            "event_type:not_be_null": _NULL,
            "occurred_at:not_be_null": _NULL,
            "occurred_at:match_regex": (
                *("yesterday", "1772396100", "2026-3-1", "2026-03-01", "2026-03-01T25", ""),
                *("0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-03-01T10:00:00Z\n"),
            ),
            "value:match_regex": (*_NOT_A_NUMBER, "8\n", " 8", "NaN", "Infinity", "true"),
            "source:match_regex": ("s\x00", "s" * 129),
        },
        keeps={
            "event_id": ("", " e1 ", "e" * 256),
            "user_id": ("u", "u" * 128, "Zoë 2", "Zoe\u0308", "\U0001f600\u200d", "U"),
            "source": ("", "s" * 128),
            "title_id": ("tmdb:603", "movielens:1"),
            "occurred_at": (
                *("2026-03-01 20:15", "2026-03-01T20:15Z", "2026-03-01T20:15:00.123456789+01:00", "2026-03-01T23:59:60Z"),
            ),
            "value": _NUMBERS,
        },
    ),
}  # fmt: skip
