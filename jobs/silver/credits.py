"""Say who did what in every title: silver.credits."""

from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from expectations.silver.credits import SUITE
from jobs.catalogues import imdb, tmdb
from jobs.lakehouse.audit.mark import OF_SPINE, SUPERSEDED
from jobs.lakehouse.lake import Lake
from jobs.tables import bronze, silver


def run(lake: Lake, night: date) -> None:
    """Publish silver.credits from the newest catalogues up to ``night``."""
    principals = lake.read(bronze.IMDB_TITLE_PRINCIPALS, night)
    crew = lake.read(bronze.IMDB_TITLE_CREW, night)
    details = lake.read(bronze.TMDB_MOVIE_DETAILS, night)
    dump = lake.read(bronze.TMDB_5000_CREDITS, night)
    metadata = lake.read(bronze.TMDB_CREDITS, night)
    links = lake.read(silver.TITLE_LINKS, night)

    listed = choose_credits(imdb.list_credits(principals, crew), tmdb.list_credits(details, metadata, dump), links)
    lake.publish(listed, SUITE, night)


def choose_credits(of_imdb: DataFrame, of_tmdb: DataFrame, links: DataFrame) -> DataFrame:
    """Take each title's credits from one catalogue: IMDb's, else TMDb's details, else its dumps.

    Args:
        of_imdb: IMDb's credits, one row per mention; ``is_principal`` for those of its list of principals.
        of_tmdb: TMDb's credits, one row per movie, catalogue and mention.
        links: silver.title_links.

    Returns:
        silver.credits, one row per title, person and category: the best billing and all characters; with what stands
        behind it in IMDb's list of principals.
    """
    linked = of_tmdb.join(links.select("source_title_id", "title_id"), on="source_title_id", how="inner").select(
        "precedence",
        "title_id",
        "person_id",
        "category",
        "billing",
        F.array_compact(F.array("character")).alias("characters"),
        F.lit(False).alias("is_principal"),  # noqa: FBT003
    )
    best = F.min("precedence").over(Window.partitionBy("title_id"))
    roles = F.array_sort(F.collect_list(F.struct("billing", "characters")))
    return (
        of_imdb.select(F.lit(0).alias("precedence"), "*")
        .unionByName(linked)
        .withColumn("best", best)
        .where(F.col("precedence") == F.col("best"))
        .groupBy("title_id", "person_id", "category")
        .agg(F.min("billing").alias("billing"), roles.alias("roles"), F.count_if("is_principal").alias("principals"))
        .select(
            "title_id",
            "person_id",
            "category",
            "billing",
            F.array_distinct(F.flatten("roles.characters")).alias("characters"),
            F.greatest(F.col("principals") - 1, F.lit(0)).alias(SUPERSEDED),
            (F.col("principals") > 0).alias(OF_SPINE),
        )
    )
