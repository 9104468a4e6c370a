"""What one process takes of what catalogues say of titles."""

from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.errors import JobError
from jobs.scoring import catalogue
from jobs.scoring.catalogue import catalogue_of
from jobs.scoring.parts import named_parts
from jobs.scoring.rules import Allowed
from jobs.tables import silver
from tests.recommenders.planted import training_set
from tests.rows import rows_of

NIGHT = date(2026, 3, 1)
WATCHED = pa.array(["adult and watched", "watched"])
SAID: dict[str, dict[str, Any]] = {
    "watched": {},
    "adult and watched": {"genres": ["War"]},
    "keywords": {"keywords": ["ship", "sea"]},
    "an overview": {"overview": "At sea."},
    "genres only": {"genres": ["Drama", "War"]},
    "a name only": {},
    "adult": {"keywords": ["ship"]},
    "not released": {"keywords": ["ship"]},
    "not in silver.titles": {"keywords": ["ship"]},
}
KINDS: dict[str, dict[str, Any]] = {
    "adult": {"is_adult": True},
    "adult and watched": {"is_adult": True},
    "not released": {"release_year": 2027},
}


def tables(spark: SparkSession) -> tuple[Any, Any]:
    """silver.title_profiles and silver.titles."""
    profiles = rows_of(spark, silver.TITLE_PROFILES, [{"title_id": title, **said} for title, said in SAID.items()])
    known = [{"title_id": title, **KINDS.get(title, {})} for title in SAID if title != "not in silver.titles"]
    return profiles, rows_of(spark, silver.TITLES, known)


def test_holds_what_was_watched_and_what_may_be_listed_and_has_more_than_genres(spark: SparkSession) -> None:
    read = catalogue_of(*tables(spark), WATCHED, NIGHT, Allowed())

    assert read()["title_id"].to_pylist() == ["adult and watched", "an overview", "keywords", "watched"]
    assert read().schema.names == list(silver.TITLE_PROFILES.column_names)
    assert read() is read()


def test_is_not_read_before_it_is_asked_for(spark: SparkSession) -> None:
    profiles, titles = tables(spark)
    unreadable = profiles.withColumn("title_id", F.raise_error(F.lit("read")))

    catalogue_of(unreadable, titles, WATCHED, NIGHT, Allowed())


def test_of_many_titles_that_nobody_watched_those_are_taken_of_which_most_is_said(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "MOST_UNWATCHED", 1)

    assert catalogue_of(*tables(spark), pa.array(["watched"]), NIGHT, Allowed())()["title_id"].to_pylist() == [
        "keywords",
        "watched",
    ]


def test_more_titles_than_one_process_holds_are_refused_in_a_line(spark: SparkSession) -> None:
    assert catalogue_of(*tables(spark), WATCHED, NIGHT, Allowed(), most=4)().num_rows == 4

    with pytest.raises(JobError, match="the catalogue was not read: viewers had to do with 2 titles.* than the 3 that"):
        catalogue_of(*tables(spark), WATCHED, NIGHT, Allowed(), most=3)()


@pytest.mark.parametrize(("nobodys", "is_part"), [("keywords", True), ("an overview", True), ("genres only", False)])
def test_a_hybrid_has_content_among_its_parts_where_the_catalogue_says_more_than_genres(
    spark: SparkSession, nobodys: str, *, is_part: bool
) -> None:
    profiles, titles = tables(spark)
    read = catalogue_of(profiles.where(F.col("title_id") == nobodys), titles, WATCHED, NIGHT, Allowed())

    training = training_set(spark, [(0, 0, 1.0)], ["watched"])
    parts = named_parts("two_stage", None, replace(training, catalogue=read))

    assert ("content_word2vec" in parts) == is_part
