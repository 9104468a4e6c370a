"""silver.titles: every attribute from the best catalogue that states it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.testing import assertDataFrameEqual

from expectations.silver.titles import SUITE
from jobs.catalogues import imdb, movielens, movietweetings, tmdb
from jobs.lakehouse.audit import mark as audit
from jobs.silver.titles import describe_titles
from jobs.tables import bronze, silver
from tests.rows import columns_of, rows_of

Row = Mapping[str, Any]


def described(
    spark: SparkSession,
    linked: Mapping[str, str],
    *,
    basics: tuple[Row, ...] = (),
    ratings: tuple[Row, ...] = (),
    exported: tuple[Row, ...] = (),
    details: tuple[Row, ...] = (),
    dataset: tuple[Row, ...] = (),
    metadata: tuple[Row, ...] = (),
    dump: tuple[Row, ...] = (),
    movies: tuple[Row, ...] = (),
    tweeted: tuple[Row, ...] = (),
) -> DataFrame:
    links = [{"source_title_id": name, "title_id": title_id} for name, title_id in linked.items()]
    titles = describe_titles(
        rows_of(spark, silver.TITLE_LINKS, links),
        [
            imdb.describe_titles(rows_of(spark, bronze.IMDB_TITLE_BASICS, basics)),
            tmdb.describe_details(rows_of(spark, bronze.TMDB_MOVIE_DETAILS, details)),
            tmdb.describe_dataset(rows_of(spark, bronze.TMDB_MOVIE_DATASET, dataset)),
            tmdb.describe_metadata(rows_of(spark, bronze.TMDB_MOVIES_METADATA, metadata)),
            tmdb.describe_dump(rows_of(spark, bronze.TMDB_5000_MOVIES, dump)),
            movielens.describe_movies(rows_of(spark, bronze.MOVIELENS_MOVIES, movies)),
            movietweetings.describe_movies(rows_of(spark, bronze.MOVIETWEETINGS_MOVIES, tweeted)),
            tmdb.describe_export(rows_of(spark, bronze.TMDB_MOVIE_IDS, exported)),
        ],
        imdb.rate_titles(rows_of(spark, bronze.IMDB_TITLE_RATINGS, ratings)),
    )
    return columns_of(titles, silver.TITLES)


def expected(spark: SparkSession, *rows: Row) -> DataFrame:
    return rows_of(spark, silver.TITLES, [{"title_type": "movie"} | dict(row) for row in rows])


def test_types_the_imdb_dump_and_reads_backslash_n_as_null(spark: SparkSession) -> None:
    series = {"titleType": "tvSeries", "primaryTitle": "The Wire", "originalTitle": "The Wire", "isAdult": "0"}
    unknown = dict.fromkeys(("startYear", "endYear", "runtimeMinutes", "genres"), "\\N")
    told = described(
        spark,
        {"tt0306414": "tt0306414", "tt0000002": "tt0000002"},
        basics=(
            *(
                {
                    "tconst": "tt0306414",
                    "startYear": "2002",
                    "endYear": "2008",
                    "runtimeMinutes": "59",
                    "genres": "Drama,Crime",
                }
                | series,
            )
            * 2,
            {"tconst": "tt0000002", "titleType": "short", "primaryTitle": "A", "originalTitle": "B", "isAdult": "1"}
            | unknown,
        ),
        ratings=(
            {"tconst": "tt0306414", "averageRating": "9.3", "numVotes": "300000"},
            {"tconst": "tt9999999", "averageRating": "5.0", "numVotes": "10"},
        ),
    )

    assertDataFrameEqual(
        told,
        expected(
            spark,
            {
                "title_id": "tt0306414",
                "title": "The Wire",
                "original_title": "The Wire",
                "title_type": "tvSeries",
                "release_year": 2002,
                "end_year": 2008,
                "runtime_minutes": 59,
                "genres": ["Crime", "Drama"],
                "average_rating": 9.3,
                "vote_count": 300000,
            },
            {"title_id": "tt0000002", "title": "A", "original_title": "B", "title_type": "short", "is_adult": True},
        ),
    )


def test_takes_each_attribute_from_the_best_catalogue_that_states_it(spark: SparkSession) -> None:
    told = described(
        spark,
        dict.fromkeys(("tt0133093", "tmdb:603", "movielens:2571"), "tt0133093"),
        basics=(
            {
                "tconst": "tt0133093",
                "titleType": "movie",
                "primaryTitle": "The Matrix",
                "startYear": "\\N",
                "genres": "\\N",
            },
        ),
        exported=({"id": "603", "original_title": "Matrix (export)", "popularity": "90.5", "adult": "false"},),
        details=(
            {"id": "603", "title": "Older", "overview": "Older.", "popularity": "1.0", "night": date(2026, 3, 1)},
            {
                "id": "603",
                "title": "The Matrix (TMDb)",
                "original_language": "en",
                "popularity": "80.0",
                "runtime": "0",
                "genres": "[]",
                "vote_average": "0",
                "vote_count": "0",
                "night": date(2026, 3, 2),
            },
        ),
        dump=(
            {
                "id": "603",
                "title": "The Matrix (dump)",
                "original_title": "The Matrix",
                "overview": "Set in the 22nd century.",
                "release_date": "1999-03-30",
                "status": "Released",
                "runtime": "136.0",
                "genres": '[{"id": 878, "name": "Science Fiction"}, {"id": 28, "name": "Action"}]',
                "vote_average": "7.9",
                "vote_count": "8907",
            },
        ),
        movies=({"movieId": "2571", "title": "Matrix, The (1998)", "genres": "Thriller"},),
    )

    assertDataFrameEqual(
        told,
        expected(
            spark,
            {
                "title_id": "tt0133093",
                "title": "The Matrix",
                "original_title": "The Matrix",
                "release_year": 1999,
                "release_date": date(1999, 3, 30),
                "release_status": "Released",
                "runtime_minutes": 136,
                "genres": ["Action", "Sci-Fi"],
                "average_rating": 7.9,
                "vote_count": 8907,
                "popularity": 90.5,
                "language": "en",
                "overview": "Set in the 22nd century.",
            },
        ),
    )


def test_knows_titles_that_one_catalogue_alone_names(spark: SparkSession) -> None:
    told = described(
        spark,
        {name: name for name in ("tmdb:3924", "tmdb:5", "tt0002844")} | {"movielens:1": "tt0114709"},
        exported=({"id": "3924", "original_title": "Blondie", "popularity": "1.723", "adult": "true"},),
        dump=({"id": "5", "title": "No date", "release_date": "", "genres": "[]"},),
        movies=({"movieId": "1", "title": "Toy Story (1995)", "genres": "Children|Comedy|IMAX"},),
        tweeted=({"movie_id": "0002844", "title": "Fantômas (1913)", "genres": "Crime|Drama"},),
        ratings=({"tconst": "tt0114709", "averageRating": "8.3", "numVotes": "900"},),
    )

    assertDataFrameEqual(
        told,
        expected(
            spark,
            {
                "title_id": "tmdb:3924",
                "title": "Blondie",
                "original_title": "Blondie",
                "popularity": 1.723,
                "is_adult": True,
            },
            {"title_id": "tmdb:5", "title": "No date"},
            {
                "title_id": "tt0114709",
                "title": "Toy Story",
                "release_year": 1995,
                "genres": ["Comedy", "Family"],
                "average_rating": 8.3,
                "vote_count": 900,
            },
            {"title_id": "tt0002844", "title": "Fantômas", "release_year": 1913, "genres": ["Crime", "Drama"]},
        ),
    )


def test_one_catalogue_is_enough_to_know_an_adult_title(spark: SparkSession) -> None:
    told = described(
        spark,
        {"tt0000001": "tt0000001", "tmdb:1": "tt0000001", "tt0000002": "tt0000002", "tmdb:2": "tt0000002"}
        | {name: name for name in ("tt0000003", "tt0000004")},
        basics=tuple(
            {"tconst": f"tt000000{n}", "primaryTitle": "A", "isAdult": flag}
            for n, flag in ((1, "\\N"), (2, "0"), (3, "\\N"), (4, "1"))
        ),
        details=({"id": "1", "title": "A", "adult": "true"},),
        exported=({"id": "1", "original_title": "A", "adult": "false"}, {"id": "2", "adult": "true"}),
    )

    assert {row["title_id"]: row["is_adult"] for row in told.collect()} == {
        "tt0000001": True,
        "tt0000002": True,
        "tt0000003": False,
        "tt0000004": True,
    }


def test_says_when_a_title_is_released_and_what_tmdb_last_said_of_it(spark: SparkSession) -> None:
    told = described(
        spark,
        {"tmdb:1": "tt0000001", "tmdb:2": "tmdb:2"},
        details=(
            {"id": "1", "title": "A", "status": "Planned", "release_date": "", "night": date(2026, 3, 1)},
            {"id": "1", "title": "A", "status": "Released", "release_date": "2026-03-01", "night": date(2026, 3, 2)},
            {"id": "2", "title": "B", "status": "", "release_date": "2026-13-01"},
        ),
        dump=({"id": "1", "title": "A", "status": "Rumored", "release_date": "2025-01-01"},),
    )

    found = {row["title_id"]: (row["release_date"], row["release_status"]) for row in told.collect()}
    assert found == {"tt0000001": (date(2026, 3, 1), "Released"), "tmdb:2": (None, None)}


POSTER = "/rhIRbceoE9lR4veEXuwCC2wARtG.jpg"
NO_POSTERS = (
    *(
        "",
        " ",
        "null",
        "//evil.example/a.jpg",
        "/../a.jpg",
        "/a/b.jpg",
        "a.jpg",
        "/.jpg",
        "/a.gif",
        "/a.jpg?b",
        "/a b.jpg",
    ),
    *(
        "https://evil.example/a.jpg",
        "javascript:alert(1)",
        '/"><script>.jpg',
        f"/{'a' * 101}.jpg",
        "/ä.jpg",
        "/a.jpg\n",
    ),
)


def test_takes_the_path_of_a_poster_from_the_best_of_tmdb_s_deliveries_that_has_one(spark: SparkSession) -> None:
    details = tuple(
        {"id": one, "title": one, "night": date(2026, 3, day), "extra": {"poster_path": path, "video": "false"}}
        for one, day, path in (
            ("1", 1, "/older.jpg"),
            ("1", 2, POSTER),
            ("2", 2, None),
            ("3", 2, "//evil.example/a.jpg"),
        )
    )
    told = described(
        spark,
        {f"tmdb:{one}": f"tmdb:{one}" for one in range(1, 7)},
        details=(*details, {"id": "5", "title": "5"}),
        dataset=(
            {"id": "1", "title": "1", "poster_path": "/a.jpg"},
            {"id": "2", "title": "2", "poster_path": "/b.png"},
        ),
        metadata=(
            {"id": "2", "title": "2", "poster_path": "/c.jpg"},
            {"id": "3", "title": "3", "poster_path": " /d-_1.svg "},
            {"id": "4", "title": "4", "poster_path": "/e.jpg"},
        ),
        dump=({"id": "6", "title": "6"},),
    )

    assertDataFrameEqual(
        told,
        expected(
            spark,
            *(
                {"title_id": f"tmdb:{one}", "title": str(one), "poster_path": path}
                for one, path in enumerate((POSTER, "/b.png", "/d-_1.svg", "/e.jpg", None, None), start=1)
            ),
        ),
    )


def test_a_title_whose_poster_s_path_is_none_keeps_its_row_without_it(spark: SparkSession) -> None:
    rows = [{"id": str(one), "title": "A", "poster_path": path} for one, path in enumerate(NO_POSTERS)]

    found = tmdb.describe_metadata(rows_of(spark, bronze.TMDB_MOVIES_METADATA, rows)).select("title", "poster_path")

    assert [tuple(row) for row in found.collect()] == [("A", None)] * len(NO_POSTERS)


VALID: Row = {"title_id": "tt0133093", "title": "The Matrix", "title_type": "movie"}
BROKEN: dict[str, Row] = {
    "title_id:not_be_null": {"title_id": None},
    "title:not_be_null": {"title": None},
    "title_type:not_be_null": {"title_type": None},
    "genres:not_be_null": {"genres": None},
    "is_adult:not_be_null": {"is_adult": None},
    "title_id:match_regex": {"title_id": "133093"},
    "title:match_regex": {"title": " "},
    "title_type:match_regex": {"title_type": "1999"},
    "release_year:be_between": {"release_year": 1873},
    "release_date:be_between": {"release_date": date(2036, 1, 1)},
    "release_status:match_regex": {"release_status": "1999"},
    "end_year:be_between": {"end_year": 2036},
    "runtime_minutes:be_between": {"runtime_minutes": 60_001},
    "average_rating:be_between": {"average_rating": 10.1, "vote_count": 1},
    "vote_count:be_between": {"vote_count": 0},
    "popularity:be_between": {"popularity": -0.1},
    "language:match_regex": {"language": "English"},
    "poster_path:match_regex": {"poster_path": "//evil.example/a.jpg"},
}


def test_each_promise_sets_aside_the_row_that_breaks_it_alone(spark: SparkSession) -> None:
    offered = rows_of(spark, silver.TITLES, [VALID, *({**VALID, **change} for change in BROKEN.values())])

    reasons = [row["_reasons"] for row in audit.mark(offered, SUITE, {}).select("_reasons").collect()]

    assert reasons == [[], *([reason] for reason in BROKEN)]
    assert set(BROKEN) == set(SUITE.rows)


@pytest.mark.parametrize(("column", "bounds"), [("release_year", (1874, 2035)), ("runtime_minutes", (1, 60_000))])
def test_keeps_what_lies_on_a_bound(spark: SparkSession, column: str, bounds: tuple[int, int]) -> None:
    offered = rows_of(spark, silver.TITLES, [{**VALID, column: bound} for bound in bounds])

    assert [row[audit.REASONS] for row in audit.mark(offered, SUITE, {}).collect()] == [[]] * len(bounds)


def test_dumps_of_literals_and_of_lists_with_commas_describe_a_movie_and_one_that_is_there_twice_by_its_most_votes(
    spark: SparkSession,
) -> None:
    literal = "[{'id': 878, 'name': 'Science Fiction'}, {'id': 18, 'name': 'Drama'}]"
    twice = {"id": "1", "title": "One", "genres": literal, "adult": "False", "vote_average": "7.5"}
    told = described(
        spark,
        {"tmdb:1": "tt0000001", "tmdb:2": "tmdb:2"},
        dataset=({"id": "2", "title": "Two", "genres": "Science Fiction, Action", "adult": "True", "runtime": "90"},),
        metadata=(
            twice | {"vote_count": "9", "release_date": "1999-01-01"},
            twice | {"vote_count": "10", "release_date": "1999-03-31"},
            {"id": "2", "title": "Older", "overview": "Old."},
        ),
    )

    assertDataFrameEqual(
        told,
        expected(
            spark,
            {
                "title_id": "tt0000001", "title": "One", "genres": ["Drama", "Sci-Fi"], "is_adult": False,
                "average_rating": 7.5, "vote_count": 10, "release_year": 1999, "release_date": date(1999, 3, 31),
            },
            {
                "title_id": "tmdb:2", "title": "Two", "genres": ["Action", "Sci-Fi"], "is_adult": True,
                "runtime_minutes": 90, "overview": "Old.",
            },
        ),
    )  # fmt: skip
