"""silver.credits: who did what in every title."""

from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.testing import assertDataFrameEqual

from expectations.silver.credits import SUITE
from jobs.lakehouse.audit import mark as audit
from jobs.silver.credits import choose_credits
from jobs.tables import silver
from tests.rows import columns_of, rows_of

Row = Mapping[str, Any]
MENTION = "title_id string, person_id string, category string, billing int, characters array<string>"
TMDB_CREDIT = (
    "source_title_id string, precedence int, person_id string, name string, category string, "
    "billing int, character string"
)


def mentions(spark: SparkSession, *rows: tuple[str, str, str, int, list[str]]) -> DataFrame:
    return spark.createDataFrame(list(rows), MENTION)


def principal(credited: DataFrame) -> DataFrame:
    return credited.withColumn("is_principal", F.lit(True))  # noqa: FBT003


def linked(spark: SparkSession, links: Mapping[str, str]) -> DataFrame:
    rows = [{"source_title_id": name, "title_id": title_id} for name, title_id in links.items()]
    return rows_of(spark, silver.TITLE_LINKS, rows)


def test_credits_a_person_once_a_category_with_the_best_billing_and_all_characters(spark: SparkSession) -> None:
    imdb = mentions(
        spark,
        ("tt0000001", "nm0000001", "actor", 7, ["The Twin", "A Guest"]),
        ("tt0000001", "nm0000001", "actor", 3, ["The Hero", "A Guest"]),
        ("tt0000001", "nm0000001", "director", 8, []),
        ("tt0000001", "nm0000001", "director", 1001, []),
    )
    nobody = spark.createDataFrame([], TMDB_CREDIT)

    assertDataFrameEqual(
        columns_of(choose_credits(principal(imdb), nobody, linked(spark, {})), silver.CREDITS),
        mentions(
            spark,
            ("tt0000001", "nm0000001", "actor", 3, ["The Hero", "A Guest", "The Twin"]),
            ("tt0000001", "nm0000001", "director", 8, []),
        ),
    )


def test_takes_the_credits_of_a_title_from_the_best_catalogue_that_has_any(spark: SparkSession) -> None:
    imdb = mentions(spark, ("tt0000001", "nm0000001", "director", 1, []))
    tmdb = spark.createDataFrame(
        [
            ("tmdb:1", 1, "tmdb:11", "Left out", "director", 1001, None),
            ("tmdb:2", 1, "tmdb:12", "Ann", "actress", 1, "Trinity"),
            ("tmdb:2", 3, "tmdb:13", "Left out", "actor", 1, "Neo"),
            ("tmdb:3", 3, "tmdb:13", "Bob", "actor", 1, None),
        ],
        TMDB_CREDIT,
    )
    links = linked(spark, {"tmdb:1": "tt0000001", "tmdb:2": "tt0000002", "tmdb:3": "tmdb:3"})

    assertDataFrameEqual(
        columns_of(choose_credits(principal(imdb), tmdb, links), silver.CREDITS),
        mentions(
            spark,
            ("tt0000001", "nm0000001", "director", 1, []),
            ("tt0000002", "tmdb:12", "actress", 1, ["Trinity"]),
            ("tmdb:3", "tmdb:13", "actor", 1, []),
        ),
    )


def test_each_promise_sets_aside_the_row_that_breaks_it_alone(spark: SparkSession) -> None:
    valid: Row = {"title_id": "tt0000001", "person_id": "nm0000001", "category": "actor", "billing": 1}
    broken: dict[str, Row] = {
        "category:not_be_null": {"category": None},
        "billing:not_be_null": {"billing": None},
        "characters:not_be_null": {"characters": None},
        "title_id:match_regex": {"title_id": "1"},
        "person_id:match_regex": {"person_id": "1"},
        "category:be_in_set": {"category": "gaffer"},
        "billing:be_between": {"billing": 0},
        "parked:title_id": {"title_id": "tt0000002"},
        "parked:person_id": {"person_id": "nm0000002"},
    }
    offered = rows_of(spark, silver.CREDITS, [valid, *({**valid, **change} for change in broken.values())])
    # What breaks the form of an identifier is found here, so that the form is all that it breaks.
    references = {
        "parked:title_id": spark.createDataFrame([("tt0000001",), ("1",)], "title_id string"),
        "parked:person_id": spark.createDataFrame([("nm0000001",), ("1",)], "person_id string"),
    }

    reasons = [row["_reasons"] for row in audit.mark(offered, SUITE, references).select("_reasons").collect()]

    assert sorted(reasons) == sorted([[], *([reason] for reason in broken)])
    # A missing identifier is a missing reference as well: it cannot break one promise alone.
    missing = {"title_id:not_be_null", "person_id:not_be_null"}
    assert {*broken, *missing} == {*SUITE.rows, *(reference.reason for reference in SUITE.references)}
