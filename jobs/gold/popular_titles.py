"""Rank titles by how many viewers interacted with them lately, all of them and by genre and decade: gold.popular_titles."""

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from expectations.gold.popular_titles import SUITE
from jobs.lakehouse.lake import Lake
from jobs.scoring.weighing import end_of
from jobs.tables import silver

WINDOWS_DAYS = (7, 30, 0)
"""0: all time."""
LISTED = 100
"""Titles of all."""
LISTED_OF_KIND = 50
"""Titles of one genre or decade."""


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
        gold.popular_titles, one row per category, value, window and rank; titles of equal count in order of title_id.
    """
    end = end_of(night)
    # A logger's clock may run ahead: what it says of the next day counts on the next day.
    happened = interactions.where(F.col("occurred_at") < F.lit(end))
    last = happened.groupBy("user_id", "title_id").agg(F.max("occurred_at").alias("last_at"))
    counts = [
        F.count_if(F.col("last_at") >= F.lit(end - timedelta(days=days)) if days else F.lit(True))  # noqa: FBT003
        .cast("int")
        .alias(f"viewers_{days}")
        for days in WINDOWS_DAYS
    ]
    windows = F.array(*(_pair(days, F.col(f"viewers_{days}")) for days in WINDOWS_DAYS))
    listed = F.when(F.col("category") == "overall", LISTED).otherwise(LISTED_OF_KIND)
    by_viewers = Window.partitionBy("category", "value", "window_days").orderBy(F.desc("viewer_count"), "title_id")
    return (
        last.groupBy("title_id")
        .agg(*counts)
        # Before ranking: a title that its catalogue has withdrawn since leaves no gap.
        .join(titles.select("title_id", "title", "release_year", "genres"), on="title_id", how="inner")
        .select("title_id", "title", "release_year", "genres", F.inline(windows).alias("window_days", "viewer_count"))
        .where(F.col("viewer_count") > 0)
        .select("*", F.inline(_kinds()).alias("category", "value"))
        .withColumn("rank", F.row_number().over(by_viewers))
        .where(F.col("rank") <= listed)
        .select(
            *("category", "value", "window_days", "rank", "title_id", "title", "release_year", "viewer_count"),
            F.lit(night).alias("night"),
        )
    )


def _kinds() -> Column:
    """Category and value of each list that a title may stand on: that of all titles, and those of its kinds."""
    decade = F.concat((F.floor(F.col("release_year") / 10) * 10).cast("string"), F.lit("s"))
    decades = F.when(F.col("release_year").isNotNull(), F.array(_pair("decade", decade)))
    genres = F.transform("genres", lambda genre: _pair("genre", genre))
    return F.concat(F.array(_pair("overall", F.lit("all"))), genres, F.coalesce(decades, F.array()))


def _pair(of: str | int, value: Column) -> Column:
    return F.struct(F.lit(of).alias("of"), value.alias("value"))
