"""silver.titles: every attribute from the best catalogue that states it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.testing import assertDataFrameEqual

from expectations.silver.titles import SUITE
from jobs.lakehouse.audit import judge as audit
from jobs.silver import titles
from jobs.tables import bronze, silver
from tests.rows import rows_of

Row = Mapping[str, Any]


def described(
    spark: SparkSession,
    linked: Mapping[str, str],
    *,
    basics: tuple[Row, ...] = (),
    ratings: tuple[Row, ...] = (),
    exported: tuple[Row, ...] = (),
    details: tuple[Row, ...] = (),
    dump: tuple[Row, ...] = (),
    movies: tuple[Row, ...] = (),
    tweeted: tuple[Row, ...] = (),
) -> DataFrame:
    links = [{"source_title_id": name, "title_id": title_id} for name, title_id in linked.items()]
    return titles.describe_titles(
        rows_of(spark, silver.TITLE_LINKS, links),
        [
            titles.read_imdb(rows_of(spark, bronze.IMDB_TITLE_BASICS, basics)),
            titles.read_tmdb_details(rows_of(spark, bronze.TMDB_MOVIE_DETAILS, details)),
            titles.read_tmdb_dump(rows_of(spark, bronze.TMDB_5000_MOVIES, dump)),
            titles.read_tmdb_export(rows_of(spark, bronze.TMDB_MOVIE_IDS, exported)),
            titles.read_movielens(rows_of(spark, bronze.MOVIELENS_MOVIES, movies)),
            titles.read_movietweetings(rows_of(spark, bronze.MOVIETWEETINGS_MOVIES, tweeted)),
        ],
        rows_of(spark, bronze.IMDB_TITLE_RATINGS, ratings),
    )


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


def test_reads_movielens_titles_as_people_write_them(spark: SparkSession) -> None:
    read = {
        "Matrix, The (1999)": ("The Matrix", 1999),
        "City of Lost Children, The (Cité des enfants perdus, La) (1995)": (
            "The City of Lost Children (La Cité des enfants perdus)",
            1995,
        ),
        "Avventura, L' (a.k.a. Adventure, The) (1960)": ("L'Avventura (a.k.a. The Adventure)", 1960),
        "Good, the Bad and the Ugly, The (Buono, il brutto, il cattivo, Il) (1966)": (
            "The Good, the Bad and the Ugly (Il Buono, il brutto, il cattivo)",
            1966,
        ),
        "(500) Days of Summer (2009)": ("(500) Days of Summer", 2009),
        "I, Robot (2004)": ("I, Robot", 2004),
        "Death Note: Desu nôto (2006\u20132007)": ("Death Note: Desu nôto", 2006),
        "Justice League: Doom (2012) ": ("Justice League: Doom", 2012),
        "Babylon 5": ("Babylon 5", None),
        "2001 (2001)": ("2001", 2001),
    }
    movies = [{"movieId": str(n), "title": title, "genres": "(no genres listed)"} for n, title in enumerate(read)]

    told = titles.read_movielens(rows_of(spark, bronze.MOVIELENS_MOVIES, movies)).orderBy("source_title_id").collect()

    assert [(row["title"], row["release_year"]) for row in told] == list(read.values())
    assert {row["genres"] for row in told} == {None}


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
    "end_year:be_between": {"end_year": 2036},
    "runtime_minutes:be_between": {"runtime_minutes": 60_001},
    "average_rating:be_between": {"average_rating": 10.1, "vote_count": 1},
    "vote_count:be_between": {"vote_count": 0},
    "popularity:be_between": {"popularity": -0.1},
    "language:match_regex": {"language": "English"},
}


def test_each_promise_sets_aside_the_row_that_breaks_it_alone(spark: SparkSession) -> None:
    offered = rows_of(spark, silver.TITLES, [VALID, *({**VALID, **change} for change in BROKEN.values())])

    reasons = [row["_reasons"] for row in audit.mark(offered, SUITE, {}).select("_reasons").collect()]

    assert reasons == [[], *([reason] for reason in BROKEN)]
    assert set(BROKEN) == set(SUITE.rows)


@pytest.mark.parametrize(("column", "bounds"), [("release_year", (1874, 2035)), ("runtime_minutes", (1, 60_000))])
def test_keeps_what_lies_on_a_bound(spark: SparkSession, column: str, bounds: tuple[int, int]) -> None:
    offered = rows_of(spark, silver.TITLES, [{**VALID, column: bound} for bound in bounds])

    assert audit.count(audit.mark(offered, SUITE, {}), SUITE).kept == len(bounds)
