"""Name everybody whom the catalogues credit: silver.people."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.silver.people import SUITE
from jobs.catalogues import imdb, tmdb
from jobs.lakehouse.audit.mark import DUPLICATES, OF_SPINE, SUPERSEDED
from jobs.lakehouse.lake import Lake
from jobs.tables import bronze


def run(lake: Lake, night: date) -> None:
    """Publish silver.people from the newest catalogues up to ``night``."""
    names = lake.read(bronze.IMDB_NAME_BASICS, night)
    details = lake.read(bronze.TMDB_MOVIE_DETAILS, night)
    dump = lake.read(bronze.TMDB_5000_CREDITS, night)
    metadata = lake.read(bronze.TMDB_CREDITS, night)

    lake.publish(name_people(imdb.list_people(names), tmdb.list_credits(details, metadata, dump)), SUITE, night)


def name_people(listed: DataFrame, tmdb_credits: DataFrame) -> DataFrame:
    """List the people of IMDb and of TMDb's credits; nobody knows who of them is the same person.

    Args:
        listed: IMDb's people, one row per row of its dump.
        tmdb_credits: TMDb's credits, one row per movie, catalogue and mention.

    Returns:
        silver.people, one row per person. Of two rows about one person the last in the order of their values
        counts. With what stands behind a row: repetitions of it, or rows that say something else.
    """
    credited = tmdb_credits.select(
        "person_id",
        "name",
        F.lit(None).cast("int").alias("birth_year"),
        F.lit(None).cast("int").alias("death_year"),
        F.array().cast("array<string>").alias("professions"),
        F.lit(False).alias("is_listed"),  # noqa: FBT003
    )
    said = F.struct("name", "birth_year", "death_year", "professions")
    further = F.greatest(F.col("rows") - 1, F.lit(0))
    says_one_thing = F.col("first") == F.col("last")
    return (
        listed.withColumn("is_listed", F.lit(True))  # noqa: FBT003
        .unionByName(credited)
        .groupBy("person_id")
        .agg(F.min(said).alias("first"), F.max(said).alias("last"), F.count_if("is_listed").alias("rows"))
        .select(
            "person_id",
            "last.*",
            F.when(says_one_thing, further).otherwise(0).alias(DUPLICATES),
            F.when(says_one_thing, 0).otherwise(further).alias(SUPERSEDED),
            (F.col("rows") > 0).alias(OF_SPINE),
        )
    )
