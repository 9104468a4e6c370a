"""silver.title_profiles: what content-based models read."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.dataset import dataset
from pyspark.sql import SparkSession
from pyspark.testing import assertDataFrameEqual

from expectations.silver.title_profiles import SUITE
from jobs.catalogues.tmdb import list_keywords
from jobs.lakehouse.audit import mark as audit
from jobs.lakehouse.audit.ask import Matter, questions
from jobs.lakehouse.audit.judge import judge_table
from jobs.lakehouse.schema import arrow_schema
from jobs.silver.title_profiles import find_keywords, name_makers, profile_titles
from jobs.tables import bronze, silver
from tests.rows import columns_of, rows_of

Row = Mapping[str, Any]
NIGHT = date(2026, 3, 1)
MAKERS = "title_id string, directors array<string>, writers array<string>, leading_cast array<string>"
KEYWORDS = "title_id string, keywords array<string>"


def test_profiles_every_title_even_one_that_nothing_is_known_of(spark: SparkSession) -> None:
    titles: list[Row] = [
        {"title_id": "tt0133093", "genres": ["Action"], "release_year": 1999, "overview": "Set in the 22nd century."},
        {"title_id": "tt0000002", "release_year": 2000},
        {"title_id": "tt0000003"},
    ]
    makers = spark.createDataFrame([("tt0133093", ["Lana", "Lilly"], [], ["Keanu"])], MAKERS)
    keywords = spark.createDataFrame([("tt0133093", ["hacker"])], KEYWORDS)

    assertDataFrameEqual(
        columns_of(profile_titles(rows_of(spark, silver.TITLES, titles), makers, keywords), silver.TITLE_PROFILES),
        rows_of(
            spark,
            silver.TITLE_PROFILES,
            [
                {
                    "title_id": "tt0133093",
                    "genres": ["Action"],
                    "directors": ["Lana", "Lilly"],
                    "leading_cast": ["Keanu"],
                    "keywords": ["hacker"],
                    "overview": "Set in the 22nd century.",
                    "decade": 1990,
                },
                {"title_id": "tt0000002", "decade": 2000},
                {"title_id": "tt0000003"},
            ],
        ),
    )


def test_names_makers_in_order_of_billing_and_five_of_the_cast(spark: SparkSession) -> None:
    people = [{"person_id": f"nm000000{n}", "name": f"P{n}"} for n in range(9)]
    billed = [
        *((0, "director", 1002), (1, "director", 4), (2, "writer", 1003), (3, "producer", 9)),
        *((8, "actor", 1), (7, "actress", 2), (6, "self", 3), (8, "self", 5), (5, "actor", 6), (4, "actor", 7)),
        (0, "actor", 8),
    ]
    credited = [
        {"title_id": "tt0000001", "person_id": f"nm000000{n}", "category": category, "billing": billing}
        for n, category, billing in billed
    ]

    named = name_makers(rows_of(spark, silver.CREDITS, credited), rows_of(spark, silver.PEOPLE, people))

    expected = [("tt0000001", ["P1", "P0"], ["P2"], ["P8", "P7", "P6", "P5", "P4"])]
    assertDataFrameEqual(named, spark.createDataFrame(expected, MAKERS))


def test_finds_keywords_in_the_newest_details_else_in_the_dump(spark: SparkSession) -> None:
    words = '{"keywords": [{"id": 2, "name": "simulated reality"}, {"id": 1, "name": "hacker"}]}'
    details: list[Row] = [
        {"id": "603", "keywords": '{"keywords": [{"id": 3, "name": "old"}]}', "night": date(2026, 3, 1)},
        {"id": "603", "keywords": words, "night": date(2026, 3, 2)},
        {"id": "604", "keywords": '{"keywords": []}'},
    ]
    dump = [
        {"id": "603", "keywords": '[{"id": 4, "name": "older"}]'},
        {"id": "604", "keywords": '[{"id": 5, "name": "sequel"}]'},
        {"id": "605", "keywords": "[]"},
    ]
    dataset = [{"id": "603", "keywords": "newer"}, {"id": "606", "keywords": "sea, island,, sea"}]
    literals = [{"id": number, "keywords": "[{'id': 1, 'name': \"it's\"}]"} for number in ("606", "607")]
    links = [{"source_title_id": f"tmdb:{n}", "title_id": f"tt0000{n}"} for n in range(603, 608)]

    listed = list_keywords(
        rows_of(spark, bronze.TMDB_MOVIE_DETAILS, details),
        rows_of(spark, bronze.TMDB_MOVIE_DATASET, dataset),
        rows_of(spark, bronze.TMDB_KEYWORDS, literals),
        rows_of(spark, bronze.TMDB_5000_MOVIES, dump),
    )

    found = find_keywords(
        listed,
        rows_of(spark, silver.TITLE_LINKS, links),
    )

    expected = [
        ("tt0000603", ["hacker", "simulated reality"]),
        ("tt0000604", ["sequel"]),
        ("tt0000606", ["island", "sea"]),
        ("tt0000607", ["it's"]),
    ]
    assertDataFrameEqual(found, spark.createDataFrame(expected, KEYWORDS))


def test_each_promise_sets_aside_the_row_that_breaks_it_alone(spark: SparkSession) -> None:
    valid: Row = {"title_id": "tt0000001", "overview": "A film.", "decade": 1990}
    broken: dict[str, Row] = {
        "genres:not_be_null": {"genres": None},
        "directors:not_be_null": {"directors": None},
        "writers:not_be_null": {"writers": None},
        "leading_cast:not_be_null": {"leading_cast": None},
        "keywords:not_be_null": {"keywords": None},
        "title_id:match_regex": {"title_id": "1"},
        "overview:match_regex": {"overview": " "},
        "decade:be_in_set": {"decade": 1995},
        "title_id:not_in_silver.titles": {"title_id": "tt0000002"},
    }
    offered = rows_of(spark, silver.TITLE_PROFILES, [valid, *({**valid, **change} for change in broken.values())])
    titles = spark.createDataFrame([("tt0000001",), ("1",)], "title_id string")

    marked = audit.mark(offered, SUITE, {"title_id:not_in_silver.titles": titles})

    reasons = [row["_reasons"] for row in marked.select("_reasons").collect()]
    assert sorted(reasons) == sorted([[], *([reason] for reason in broken)])
    # A missing identifier is a missing reference as well: it cannot break one promise alone.
    assert {*broken, "title_id:not_be_null"} == {*SUITE.rows, *(reference.reason for reference in SUITE.references)}


def test_refuses_profiles_with_more_than_five_of_the_cast(tmp_path: Path) -> None:
    crowded = {"title_id": "tt0000001", "leading_cast": [f"P{n}" for n in range(6)]}
    rows = dataset(pa.Table.from_pylist([crowded], arrow_schema(silver.TITLE_PROFILES)))

    with questions(Matter([rows], str(tmp_path)), SUITE.once) as asked:
        judged = judge_table(asked, silver.TITLE_PROFILES.column_names, 1, SUITE)

    assert [one.promise for one in judged if not one.holds] == ["leading_cast has at most 5 names"]
