"""silver.people: everybody whom the catalogues credit."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from pyspark.sql import SparkSession
from pyspark.testing import assertDataFrameEqual

from expectations.silver.people import SUITE
from jobs.lakehouse.audit import judge as audit
from jobs.silver.people import list_tmdb_credits, name_people
from jobs.tables import bronze, silver
from tests.rows import rows_of

Row = Mapping[str, Any]
TMDB_CREDIT = (
    "source_title_id string, is_dump boolean, person_id string, name string, category string, "
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
            ("tmdb:603", False, "tmdb:6384", "Keanu Reeves", "actor", 1, "Neo"),
            ("tmdb:604", True, "tmdb:6384", "Keanu Reeves", "actor", 1, "Neo"),
        ],
        TMDB_CREDIT,
    )

    assertDataFrameEqual(
        name_people(names, credited),
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


def test_puts_tmdb_cast_and_crew_under_imdb_categories(spark: SparkSession) -> None:
    cast = [
        {"id": 1, "name": "Ann", "gender": 1, "character": "Trinity", "order": 1},
        {"id": 2, "name": "Bob", "gender": 2, "character": "", "order": 0},
        {"id": 3, "name": "Kim", "character": "Voice"},
    ]
    crew = [
        {"id": 4, "name": "Gus", "job": "Gaffer"},
        {"id": 5, "name": "Dee", "job": "Director"},
        {"id": 5, "name": "Dee", "job": "Screenplay"},
        {"id": 6, "name": "Pat", "job": "Producer"},
    ]
    nobody = '{"cast": [], "crew": []}'
    details: list[Row] = [
        {"id": "603", "credits": nobody, "night": date(2026, 3, 1)},
        {"id": "603", "credits": json.dumps({"cast": cast, "crew": crew}), "night": date(2026, 3, 2)},
        *(
            {"id": "604", "credits": None},
            {"id": "605", "credits": "{broken"},
            {"id": "606", "credits": '{"crew": null}'},
        ),
    ]
    dump = [{"movie_id": "607", "cast": json.dumps(cast[:1]), "crew": ""}]

    listed = list_tmdb_credits(
        rows_of(spark, bronze.TMDB_MOVIE_DETAILS, details), rows_of(spark, bronze.TMDB_5000_CREDITS, dump)
    )

    expected = [
        ("tmdb:603", False, "tmdb:1", "Ann", "actress", 2, "Trinity"),
        ("tmdb:603", False, "tmdb:2", "Bob", "actor", 1, None),
        ("tmdb:603", False, "tmdb:3", "Kim", "actor", 3, "Voice"),
        ("tmdb:603", False, "tmdb:5", "Dee", "director", 1002, None),
        ("tmdb:603", False, "tmdb:5", "Dee", "writer", 1003, None),
        ("tmdb:603", False, "tmdb:6", "Pat", "producer", 1004, None),
        ("tmdb:607", True, "tmdb:1", "Ann", "actress", 2, "Trinity"),
    ]
    assertDataFrameEqual(listed, spark.createDataFrame(expected, TMDB_CREDIT))


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
