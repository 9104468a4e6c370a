"""How IMDb writes its principals and its crew."""

from pyspark.sql import SparkSession
from pyspark.testing import assertDataFrameEqual

from jobs.catalogues.imdb import list_credits
from jobs.tables import bronze
from tests.rows import rows_of

MENTION = (
    "title_id string, person_id string, category string, billing int, characters array<string>, is_principal boolean"
)


def test_lists_principals_and_behind_them_whom_the_crew_file_names(spark: SparkSession) -> None:
    principals = [
        {
            "tconst": "tt0000001",
            "ordering": "1",
            "nconst": "nm0000001",
            "category": "self",
            "characters": '["Self","X \\"Y\\""]',
        },
        {"tconst": "tt0000001", "ordering": "2", "nconst": "nm0000002", "category": "director", "characters": "\\N"},
    ]
    crew = [
        {"tconst": "tt0000001", "directors": "nm0000003,nm0000004", "writers": "nm0000003"},
        {"tconst": "tt0000002", "directors": "\\N", "writers": "\\N"},
    ]

    listed = list_credits(
        rows_of(spark, bronze.IMDB_TITLE_PRINCIPALS, principals), rows_of(spark, bronze.IMDB_TITLE_CREW, crew)
    )

    assertDataFrameEqual(
        listed,
        spark.createDataFrame(
            [
                ("tt0000001", "nm0000001", "self", 1, ["Self", 'X "Y"'], True),
                ("tt0000001", "nm0000002", "director", 2, [], True),
                ("tt0000001", "nm0000003", "director", 1001, [], False),
                ("tt0000001", "nm0000004", "director", 1002, [], False),
                ("tt0000001", "nm0000003", "writer", 1003, [], False),
            ],
            MENTION,
        ),
    )
