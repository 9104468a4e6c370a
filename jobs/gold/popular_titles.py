"""Rank titles by how many viewers interacted with them lately: gold.popular_titles."""

from datetime import date, timedelta
from functools import reduce

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from expectations.gold.popular_titles import SUITE
from jobs.lakehouse.lake import Lake
from jobs.scoring.weighing import end_of
from jobs.tables import silver

WINDOWS_DAYS = (7, 30, 0)
"""0: all time."""
LISTED = 100


def run(lake: Lake, night: date) -> None:
    """Publish the most popular titles of each window up to ``night``."""
    interactions = lake.read(silver.INTERACTIONS, night)
    titles = lake.read(silver.TITLES, night)

    lake.publish(rank_titles(interactions, titles, night), SUITE, night)


def rank_titles(interactions: DataFrame, titles: DataFrame, night: date) -> DataFrame:
    """Count viewers by title in windows of days that end with the night.

    Args:
        interactions: silver.interactions, one row per event.
        titles: silver.titles, one row per title.
        night: The last day of every window.

    Returns:
        gold.popular_titles, one row per window and rank; titles of equal count in order of title_id.
    """
    end = end_of(night)
    # A logger's clock may run ahead: what it says of the next day counts on the next day.
    happened = interactions.where(F.col("occurred_at") < F.lit(end))
    last = happened.groupBy("user_id", "title_id").agg(F.max("occurred_at").alias("last_at"))
    counted = (
        last.groupBy("title_id")
        .agg(
            *(
                F.count_if(F.col("last_at") >= F.lit(end - timedelta(days=days)) if days else F.lit(True))  # noqa: FBT003
                .cast("int")
                .alias(f"viewers_{days}")
                for days in WINDOWS_DAYS
            )
        )
        # Before ranking: a title that its catalogue has withdrawn since leaves no gap.
        .join(titles.select("title_id", "title", "release_year"), on="title_id", how="inner")
    )
    windows = reduce(
        DataFrame.unionByName,
        (
            counted.select(
                F.lit(days).alias("window_days"),
                *("title_id", "title", "release_year"),
                F.col(f"viewers_{days}").alias("viewer_count"),
            )
            for days in WINDOWS_DAYS
        ),
    )
    by_viewers = Window.partitionBy("window_days").orderBy(F.desc("viewer_count"), "title_id")
    return (
        windows.where(F.col("viewer_count") > 0)
        .withColumn("rank", F.row_number().over(by_viewers))
        .where(F.col("rank") <= LISTED)
        .select("window_days", "rank", "title_id", "title", "release_year", "viewer_count", F.lit(night).alias("night"))
    )
