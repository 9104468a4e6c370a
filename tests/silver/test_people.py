"""silver.people: everybody whom the catalogues credit."""

from collections.abc import Mapping
from typing import Any

from pyspark.sql import SparkSession
from pyspark.testing import assertDataFrameEqual

from expectations.silver.people import SUITE
from jobs.catalogues.imdb import list_people
from jobs.lakehouse.audit import mark as audit
from jobs.silver.people import name_people
from jobs.tables import bronze, silver
from tests.rows import columns_of, rows_of

Row = Mapping[str, Any]
TMDB_CREDIT = (
    "source_title_id string, precedence int, person_id string, name string, category string, "
    "billing int, character string"
)


def test_names_people_once_and_reads_backslash_n_as_null(spark: SparkSession) -> None:
    unknown = {"birthYear": "\\N", "deathYear": "\\N", "primaryProfession": "\\N"}
    names = rows_of(
        spark,
        bronze.IMDB_NAME_BASICS,
        [
            {"nconst": "nm0000001", "primaryName": "Fred Astaire"} | unknown,
            {
                "nconst": "nm0000001",
                "primaryName": "Fred Astaire",
                "birthYear": "1899",
                "deathYear": "1987",
                "primaryProfession": "actor,miscellaneous",
            },
            {"nconst": "nm0000002", "primaryName": "Nobody Much"} | unknown,
        ],
    )
    credited = spark.createDataFrame(
        [
            ("tmdb:603", 1, "tmdb:6384", "Keanu Reeves", "actor", 1, "Neo"),
            ("tmdb:604", 3, "tmdb:6384", "Keanu Reeves", "actor", 1, "Neo"),
        ],
        TMDB_CREDIT,
    )

    assertDataFrameEqual(
        columns_of(name_people(list_people(names), credited), silver.PEOPLE),
        rows_of(
            spark,
            silver.PEOPLE,
            [
                {
                    "person_id": "nm0000001",
                    "name": "Fred Astaire",
                    "birth_year": 1899,
                    "death_year": 1987,
                    "professions": ["actor", "miscellaneous"],
                },
                {"person_id": "nm0000002", "name": "Nobody Much"},
                {"person_id": "tmdb:6384", "name": "Keanu Reeves"},
            ],
        ),
    )


def test_each_promise_sets_aside_the_row_that_breaks_it_alone(spark: SparkSession) -> None:
    valid: Row = {"person_id": "nm0000001", "name": "Fred Astaire"}
    broken: dict[str, Row] = {
        "person_id:not_be_null": {"person_id": None},
        "name:not_be_null": {"name": None},
        "professions:not_be_null": {"professions": None},
        "person_id:match_regex": {"person_id": "6384"},
        "name:match_regex": {"name": ""},
        "birth_year:be_between": {"birth_year": 0},
        "death_year:be_between": {"death_year": 2036},
    }
    offered = rows_of(spark, silver.PEOPLE, [valid, *({**valid, **change} for change in broken.values())])

    reasons = [row["_reasons"] for row in audit.mark(offered, SUITE, {}).select("_reasons").collect()]

    assert reasons == [[], *([reason] for reason in broken)]
    assert set(broken) == set(SUITE.rows)
