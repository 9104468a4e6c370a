"""silver.title_links: which names mean the same title."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.testing import assertDataFrameEqual

from expectations.silver.title_links import SUITE
from jobs.catalogues import imdb, movielens, movietweetings, tmdb
from jobs.lakehouse.audit import mark as audit
from jobs.silver.title_links import link_imdb, link_movies
from jobs.tables import bronze, silver
from tests.rows import columns_of, rows_of

Row = Mapping[str, Any]


def links(spark: SparkSession, *rows: tuple[str, str, str, str]) -> DataFrame:
    return rows_of(
        spark, silver.TITLE_LINKS, [dict(zip(silver.TITLE_LINKS.column_names, row, strict=True)) for row in rows]
    )


def linked(
    spark: SparkSession,
    *,
    exported: tuple[str, ...] = (),
    details: tuple[Row, ...] = (),
    dataset: tuple[Row, ...] = (),
    metadata: tuple[Row, ...] = (),
    dump: tuple[Row, ...] = (),
    numbers: tuple[tuple[str, str | None, str | None], ...] = (),
    basics: tuple[Row, ...] = (),
) -> DataFrame:
    of_tmdb = tmdb.name_movies(
        rows_of(spark, bronze.TMDB_MOVIE_IDS, [{"id": identifier} for identifier in exported]),
        rows_of(spark, bronze.TMDB_MOVIE_DETAILS, details),
        rows_of(spark, bronze.TMDB_MOVIE_DATASET, dataset),
        rows_of(spark, bronze.TMDB_MOVIES_METADATA, metadata),
        rows_of(spark, bronze.TMDB_5000_MOVIES, dump),
    )
    links = [{"movieId": movie, "imdbId": imdb, "tmdbId": tmdb} for movie, imdb, tmdb in numbers if imdb or tmdb]
    of_movielens = movielens.name_movies(
        rows_of(spark, bronze.MOVIELENS_MOVIES, [{"movieId": movie} for movie, _, _ in numbers]),
        rows_of(spark, bronze.MOVIELENS_LINKS, links),
    )
    films = imdb.find_unique_films(rows_of(spark, bronze.IMDB_TITLE_BASICS, basics))
    return columns_of(link_movies([*of_tmdb, of_movielens], films), silver.TITLE_LINKS)


def film(tconst: str, title: str, year: str = "1999", kind: str = "movie") -> Row:
    return {"tconst": tconst, "titleType": kind, "primaryTitle": title, "startYear": year}


def test_names_a_tconst_once_and_prefers_imdb_to_movietweetings(spark: SparkSession) -> None:
    basics = rows_of(spark, bronze.IMDB_TITLE_BASICS, [{"tconst": "tt0000001"}, {"tconst": "tt0000001"}])
    tweeted = rows_of(spark, bronze.MOVIETWEETINGS_MOVIES, [{"movie_id": "0000001"}, {"movie_id": "10872600"}])

    assertDataFrameEqual(
        columns_of(link_imdb(basics, movietweetings.name_titles(tweeted)), silver.TITLE_LINKS),
        links(
            spark,
            ("tt0000001", "imdb", "tt0000001", "same"),
            ("tt10872600", "movietweetings", "tt10872600", "same"),
        ),
    )


def test_links_movies_by_what_the_catalogues_say(spark: SparkSession) -> None:
    told = linked(
        spark,
        exported=("603", "603", "604", "605"),
        details=(
            {"id": "603", "imdb_id": "tt0000009", "night": date(2026, 3, 1)},
            {"id": "603", "imdb_id": "tt0133093", "night": date(2026, 3, 2)},
            {"id": "604", "imdb_id": ""},
            *({"id": "701", "imdb_id": "tt0000700"}, {"id": "702", "imdb_id": "tt0000700"}),
        ),
        numbers=(
            *(("1", "0000007", "603"), ("2", "234215", "604"), ("2", "234215", "604")),
            *(("3", "", "701"), ("4", None, "999"), ("5", None, None), ("6", "10872600", "")),
            *(("7", "0000008", "605"), ("8", "0000006", "605")),
        ),
    )

    assertDataFrameEqual(
        told,
        links(
            spark,
            # TMDb's newest word on its own movie goes before MovieLens's; MovieLens keeps its own.
            *(("tmdb:603", "tmdb", "tt0133093", "link"), ("movielens:1", "movielens", "tt0000007", "link")),
            *(("tmdb:604", "tmdb", "tt0234215", "link"), ("movielens:2", "movielens", "tt0234215", "link")),
            # Two of TMDb's movies are one title, which MovieLens reaches through one of them.
            *(("tmdb:701", "tmdb", "tt0000700", "link"), ("tmdb:702", "tmdb", "tt0000700", "link")),
            ("movielens:3", "movielens", "tt0000700", "link"),
            # Nobody knows a tconst.
            *(("movielens:4", "movielens", "tmdb:999", "link"), ("movielens:5", "movielens", "movielens:5", "same")),
            ("movielens:6", "movielens", "tt10872600", "link"),
            # Two of MovieLens's movies have one TMDb id.
            *(("movielens:7", "movielens", "tt0000008", "link"), ("movielens:8", "movielens", "tt0000006", "link")),
            ("tmdb:605", "tmdb", "tt0000006", "link"),
        ),
    )


def test_matches_title_and_year_where_only_one_of_each_has_them(spark: SparkSession) -> None:
    told = linked(
        spark,
        dump=tuple(
            {"id": identifier, "title": title, "release_date": released}
            for identifier, title, released in (
                ("1", "AMELIE & Co.", "1999-04-01"),
                ("2", "Spider-Man: Home", "1999-04-01"),
                ("3", "Œuvre", ""),
                ("4", "Twice at IMDb", "1999-04-01"),
                ("5", "Twice at TMDb", "1999-04-01"),
                ("6", "Twice at TMDb!", "1999-05-01"),
                ("7", "A series", "1999-05-01"),
                ("8", "Another year", "2000-05-01"),
                ("9", "…", "1999-05-01"),
            )
        ),
        details=({"id": "2", "title": "Another name", "release_date": "1999-04-01", "imdb_id": "tt0000099"},),
        numbers=(("11", "", "1"),),
        basics=(
            *(film("tt0000001", "Amélie and Co"), film("tt0000001", "Amélie and Co")),
            *(film("tt0000002", "Spider Man Home"), film("tt0000003", "Œuvre")),
            *(
                film("tt0000004", "Twice at IMDb"),
                film("tt0000005", "Twice at IMDb"),
                film("tt0000006", "Twice at TMDb"),
            ),
            *(
                film("tt0000007", "A series", kind="tvSeries"),
                film("tt0000008", "Another year"),
                film("tt0000009", "?"),
            ),
        ),
    )

    assertDataFrameEqual(
        told,
        links(
            spark,
            # Case, accents and punctuation are nothing.
            *(("tmdb:1", "tmdb", "tt0000001", "title_year"), ("movielens:11", "movielens", "tt0000001", "title_year")),
            ("tmdb:2", "tmdb", "tt0000099", "link"),
            *((f"tmdb:{n}", "tmdb", f"tmdb:{n}", "same") for n in (3, 4, 5, 6, 7, 8, 9)),
        ),
    )


def test_a_match_never_takes_what_another_movie_is_linked_to(spark: SparkSession) -> None:
    known = [
        {"id": str(n), "title": title, "release_date": "1999-04-01"}
        for n, title in ((1, "Solaris"), (2, "Stalker"), (3, "Mirror"))
    ]

    told = linked(
        spark,
        dump=tuple(known),
        details=({"id": "9", "title": "Solyaris", "release_date": "1999-04-01", "imdb_id": "tt0000001"},),
        numbers=(("7", "0000002", ""),),
        basics=(film("tt0000001", "Solaris"), film("tt0000002", "Stalker"), film("tt0000003", "Mirror")),
    )

    assertDataFrameEqual(
        told,
        links(
            spark,
            *(("tmdb:9", "tmdb", "tt0000001", "link"), ("movielens:7", "movielens", "tt0000002", "link")),
            *(("tmdb:1", "tmdb", "tmdb:1", "same"), ("tmdb:2", "tmdb", "tmdb:2", "same")),
            ("tmdb:3", "tmdb", "tt0000003", "title_year"),
        ),
    )


def test_each_promise_sets_aside_the_row_that_breaks_it_alone(spark: SparkSession) -> None:
    valid: Row = {"source_title_id": "tmdb:603", "source": "tmdb", "title_id": "tt0133093", "matched_by": "link"}
    broken: dict[str, Row] = {
        "source_title_id:not_be_null": {"source_title_id": None},
        "source:not_be_null": {"source": None},
        "title_id:not_be_null": {"title_id": None},
        "matched_by:not_be_null": {"matched_by": None},
        "source_title_id:match_regex": {"source_title_id": "603"},
        "source:be_in_set": {"source": "netflix"},
        "title_id:match_regex": {"title_id": "tt133093"},
        "matched_by:be_in_set": {"matched_by": "luck"},
    }
    offered = rows_of(spark, silver.TITLE_LINKS, [valid, *({**valid, **change} for change in broken.values())])

    reasons = [row["_reasons"] for row in audit.mark(offered, SUITE, {}).select("_reasons").collect()]

    assert reasons == [[], *([reason] for reason in broken)]
    assert set(broken) == set(SUITE.rows)


def test_a_dump_links_a_movie_unless_a_better_catalogue_does(spark: SparkSession) -> None:
    found = linked(
        spark,
        details=({"id": "1", "imdb_id": "tt0000001", "title": "One"},),
        dataset=({"id": "1", "imdb_id": "tt0000009"}, {"id": "2", "imdb_id": "tt0000002", "vote_count": "5"}),
        metadata=({"id": "2", "imdb_id": "tt0000008"}, {"id": "3", "imdb_id": "tt0000003"}, {"id": "3", "imdb_id": "tt0000003"}),
        dump=({"id": "3", "title": "Three"}, {"id": "4", "title": "Four"}),
    )  # fmt: skip

    assert {row["source_title_id"]: (row["title_id"], row["matched_by"]) for row in found.collect()} == {
        "tmdb:1": ("tt0000001", "link"),
        "tmdb:2": ("tt0000002", "link"),
        "tmdb:3": ("tt0000003", "link"),
        "tmdb:4": ("tmdb:4", "same"),
    }
