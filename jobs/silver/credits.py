"""Say who did what in every title: silver.credits."""

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from expectations.silver.credits import SUITE
from jobs.lakehouse.lake import Lake
from jobs.silver.people import CREW_BILLING, list_tmdb_credits
from jobs.silver.title_links import stated
from jobs.tables import bronze, silver

_NO_CHARACTERS = "array<string>"


def run(lake: Lake, night: date) -> None:
    """Publish silver.credits from the newest catalogues up to ``night``."""
    principals = lake.read(bronze.IMDB_TITLE_PRINCIPALS, night)
    crew = lake.read(bronze.IMDB_TITLE_CREW, night)
    details = lake.read(bronze.TMDB_MOVIE_DETAILS, night)
    dump = lake.read(bronze.TMDB_5000_CREDITS, night)
    links = lake.read(silver.TITLE_LINKS, night)

    imdb = list_imdb_credits(principals, crew)
    lake.publish(choose_credits(imdb, list_tmdb_credits(details, dump), links), SUITE, night)


def list_imdb_credits(principals: DataFrame, crew: DataFrame) -> DataFrame:
    """List IMDb's principals, and the directors and writers that its crew file names.

    Args:
        principals: bronze.imdb_title_principals.
        crew: bronze.imdb_title_crew.

    Returns:
        ``title_id``, ``person_id``, ``category``, ``billing`` and ``characters``; one row per mention.
    """
    listed = principals.select(
        F.col("tconst").alias("title_id"),
        F.col("nconst").alias("person_id"),
        "category",
        F.col("ordering").try_cast("int").alias("billing"),
        F.coalesce(F.from_json(stated("characters"), "array<string>"), _nobody()).alias("characters"),
    )
    named = F.concat(_mentions("directors", "director"), _mentions("writers", "writer"))
    by_name_only = crew.select(F.col("tconst").alias("title_id"), F.posexplode(named).alias("place", "mention")).select(
        "title_id",
        "mention.*",
        (F.col("place") + CREW_BILLING + 1).alias("billing"),
        _nobody().alias("characters"),
    )
    return listed.unionByName(by_name_only)


def choose_credits(imdb: DataFrame, tmdb: DataFrame, links: DataFrame) -> DataFrame:
    """Take each title's credits from one catalogue: IMDb's, else TMDb's details, else its dump of old.

    Args:
        imdb: What :func:`list_imdb_credits` returned.
        tmdb: TMDb's credits, one row per movie, catalogue and mention.
        links: silver.title_links.

    Returns:
        silver.credits, one row per title, person and category: the best billing and all characters.
    """
    linked = tmdb.join(links.select("source_title_id", "title_id"), on="source_title_id", how="inner").select(
        F.when(F.col("is_dump"), 2).otherwise(1).alias("place"),
        "title_id",
        "person_id",
        "category",
        "billing",
        F.array_compact(F.array("character")).alias("characters"),
    )
    best = F.min("place").over(Window.partitionBy("title_id"))
    roles = F.array_sort(F.collect_list(F.struct("billing", "characters")))
    return (
        imdb.select(F.lit(0).alias("place"), "*")
        .unionByName(linked)
        .withColumn("best", best)
        .where(F.col("place") == F.col("best"))
        .groupBy("title_id", "person_id", "category")
        .agg(F.min("billing").alias("billing"), roles.alias("roles"))
        .select(
            "title_id",
            "person_id",
            "category",
            "billing",
            F.array_distinct(F.flatten("roles.characters")).alias("characters"),
        )
    )


def _mentions(people: str, category: str) -> Column:
    """A list of people as credits."""
    nconsts = F.coalesce(F.split(stated(people), ","), _nobody())
    return F.transform(nconsts, lambda nconst: F.struct(nconst.alias("person_id"), F.lit(category).alias("category")))


def _nobody() -> Column:
    """No characters, or no people."""
    return F.array().cast(_NO_CHARACTERS)
