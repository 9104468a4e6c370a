"""Name everybody whom the catalogues credit: silver.people."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.silver.people import SUITE
from jobs.catalogues import imdb, tmdb
from jobs.lakehouse.lake import Lake
from jobs.tables import bronze


def run(lake: Lake, night: date) -> None:
    """Publish silver.people from the newest catalogues up to ``night``."""
    names = lake.read(bronze.IMDB_NAME_BASICS, night)
    details = lake.read(bronze.TMDB_MOVIE_DETAILS, night)
    dump = lake.read(bronze.TMDB_5000_CREDITS, night)

    lake.publish(name_people(imdb.list_people(names), tmdb.list_credits(details, dump)), SUITE, night)


def name_people(listed: DataFrame, tmdb_credits: DataFrame) -> DataFrame:
    """List the people of IMDb and of TMDb's credits; nobody knows who of them is the same person.

    Args:
        listed: IMDb's people, one row per row of its dump.
        tmdb_credits: TMDb's credits, one row per movie, catalogue and mention.

    Returns:
        silver.people, one row per person. Of two rows about one person the last in the order of their values counts.
    """
    credited = tmdb_credits.select(
        "person_id",
        "name",
        F.lit(None).cast("int").alias("birth_year"),
        F.lit(None).cast("int").alias("death_year"),
        F.array().cast("array<string>").alias("professions"),
    )
    return (
        listed.unionByName(credited)
        .groupBy("person_id")
        .agg(F.max(F.struct("name", "birth_year", "death_year", "professions")).alias("last"))
        .select("person_id", "last.*")
    )
