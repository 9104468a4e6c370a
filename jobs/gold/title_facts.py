"""Gather everything known about a title into one row: gold.title_facts."""

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from expectations.gold.title_facts import SUITE
from jobs.lakehouse.lake import Lake
from jobs.scoring.rules import is_released
from jobs.scoring.weighing import end_of, mean_of
from jobs.tables import gold, silver

_LATELY_DAYS = {"monthly_viewer_count": 30, "weekly_viewer_count": 7}


def run(lake: Lake, night: date) -> None:
    """Publish gold.title_facts from the catalogue, all histories and the lists that are served."""
    titles = lake.read(silver.TITLES, night)
    profiles = lake.read(silver.TITLE_PROFILES, night)
    preferences = lake.read(silver.PREFERENCES, night)
    lists = lake.read(gold.RECOMMENDATIONS, night)

    lake.publish(gather_facts(titles, profiles, preferences, lists, night), SUITE, night)


def gather_facts(
    titles: DataFrame, profiles: DataFrame, preferences: DataFrame, lists: DataFrame, night: date
) -> DataFrame:
    """Join what the catalogue says with how viewers took it and where it is listed.

    Only titles and profiles are as long as the catalogue; counts have a row for each title that somebody watched or that
    is listed.

    Args:
        titles: silver.titles, one row per title.
        profiles: silver.title_profiles, one row per title.
        preferences: silver.preferences, one row per viewer and title.
        lists: gold.recommendations, one row per viewer and rank.
        night: From when the last days are counted.

    Returns:
        gold.title_facts, one row per title.
    """
    described = profiles.select("title_id", "directors", "writers", "leading_cast", "keywords", "decade")
    none = F.array().cast("array<string>")
    empty = {name: F.coalesce(name, none) for name in ("directors", "writers", "leading_cast", "keywords")}
    counts = ("viewer_count", *_LATELY_DAYS, "like_count", "rating_count", "list_count")
    return (
        titles.join(described, on="title_id", how="left")
        .join(_count_viewers(preferences, night), on="title_id", how="left")
        .join(_count_lists(lists), on="title_id", how="left")
        .withColumns(empty)
        .withColumns({name: F.coalesce(name, F.lit(0)) for name in counts})
        .withColumns({"is_released": is_released(night), "night": F.lit(night)})
        .select(*gold.TITLE_FACTS.column_names)
    )


def _count_viewers(preferences: DataFrame, night: date) -> DataFrame:
    """One row per title that somebody had to do with."""

    def since(days: int) -> Column:
        return F.count_if(F.col("last_at") >= F.lit(end_of(night) - timedelta(days=days)))

    return preferences.groupBy("title_id").agg(
        F.count("*").cast("int").alias("viewer_count"),
        *(since(days).cast("int").alias(name) for name, days in _LATELY_DAYS.items()),
        F.count_if(F.col("weight") > 0).cast("int").alias("like_count"),
        F.count("rating").cast("int").alias("rating_count"),
        mean_of("rating").alias("mean_rating"),
    )


def _count_lists(lists: DataFrame) -> DataFrame:
    """One row per title that is listed."""
    return (
        lists.where(F.col("user_id") != gold.EVERYBODY_ELSE)
        .groupBy("title_id")
        .agg(
            F.count("*").cast("int").alias("list_count"),
            F.min("rank").alias("best_rank"),
            F.median("rank").alias("median_rank"),
        )
    )
