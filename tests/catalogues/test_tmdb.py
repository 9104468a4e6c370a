"""How TMDb writes casts and crews."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from pyspark.sql import SparkSession
from pyspark.testing import assertDataFrameEqual

from jobs.catalogues.tmdb import list_credits
from jobs.tables import bronze
from tests.rows import rows_of

Row = Mapping[str, Any]
TMDB_CREDIT = (
    "source_title_id string, precedence int, person_id string, name string, category string, "
    "billing int, character string"
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

    listed = list_credits(
        rows_of(spark, bronze.TMDB_MOVIE_DETAILS, details),
        rows_of(spark, bronze.TMDB_CREDITS, [{"id": "608", "cast": repr(cast[:1]), "crew": "[]"}]),
        rows_of(spark, bronze.TMDB_5000_CREDITS, dump),
    )

    expected = [
        ("tmdb:603", 1, "tmdb:1", "Ann", "actress", 2, "Trinity"),
        ("tmdb:603", 1, "tmdb:2", "Bob", "actor", 1, None),
        ("tmdb:603", 1, "tmdb:3", "Kim", "actor", 3, "Voice"),
        ("tmdb:603", 1, "tmdb:5", "Dee", "director", 1002, None),
        ("tmdb:603", 1, "tmdb:5", "Dee", "writer", 1003, None),
        ("tmdb:603", 1, "tmdb:6", "Pat", "producer", 1004, None),
        ("tmdb:607", 3, "tmdb:1", "Ann", "actress", 2, "Trinity"),
        ("tmdb:608", 2, "tmdb:1", "Ann", "actress", 2, "Trinity"),
    ]
    assertDataFrameEqual(listed, spark.createDataFrame(expected, TMDB_CREDIT))
