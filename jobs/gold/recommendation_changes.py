"""Hold each viewer's list against the one it took the place of: gold.recommendation_changes."""

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from expectations.gold.recommendation_changes import SUITE
from jobs.evaluation.segments import SEGMENTS
from jobs.lakehouse.lake import Lake
from jobs.scoring.churn import compare_lists
from jobs.scoring.served import night_before
from jobs.tables import gold, silver

SOURCES = ("personal", "segment", "popular")


def run(lake: Lake, night: date) -> None:
    """Publish what changed in the lists of ``night``; of the first night nothing."""
    history = lake.read(gold.RECOMMENDATION_HISTORY, night)
    preferences = lake.read(silver.PREFERENCES, night)

    lake.publish(changes(history, preferences, night, night_before(lake.settings.lake, night)), SUITE, night)


def changes(history: DataFrame, preferences: DataFrame, night: date, before: date | None) -> DataFrame:
    """Compare the lists of two nights, viewer by viewer.

    Args:
        history: gold.recommendation_history.
        preferences: silver.preferences, for the segments of viewers.
        night: The night whose lists are held against others.
        before: The night of the others; None if there are none.

    Returns:
        gold.recommendation_changes, one row per viewer with a list in either night; none without a night before.
    """
    nights = [] if before is None else [night, before]
    is_tonight = F.col("night") == F.lit(night)
    lists = (
        history.where(F.col("night").isin(nights))
        .groupBy("user_id")
        .agg(
            _titles(~is_tonight).alias("before"),
            _titles(is_tonight).alias("after"),
            F.max(F.when(is_tonight, F.col("model_version"))).alias("model_version"),
            F.max(F.when(~is_tonight, F.col("model_version"))).alias("model_version_before"),
            *(
                F.count_if(is_tonight & (F.col("source") == source)).cast("int").alias(f"{source}_count")
                for source in SOURCES
            ),
        )
        .join(
            preferences.where(F.col("weight") > 0).groupBy("user_id").agg(F.count("*").alias("liked")),
            "user_id",
            "left",
        )
        .withColumns({"listed_count": F.size("after"), "listed_before_count": F.size("before")})
    )
    compared = compare_lists(lists)
    had, has = F.col("listed_before_count") > 0, F.col("listed_count") > 0
    return compared.select(
        F.lit(night).alias("night"),
        F.lit(before).cast("date").alias("night_before"),
        "user_id",
        F.when(had & has, "both").when(has, "new").otherwise("gone").alias("state"),
        _segment(F.coalesce("liked", F.lit(0))).alias("segment"),
        *("overlap", "rbo", "entering_title_ids", "leaving_title_ids", "listed_count", "listed_before_count"),
        *(f"{source}_count" for source in SOURCES),
        *("model_version", "model_version_before"),
    )


def _titles(condition: Column) -> Column:
    """The titles of the rows for which a condition is true, in order of rank."""
    return F.sort_array(F.collect_list(F.when(condition, F.struct("rank", "title_id")))).getField("title_id")


def _segment(liked: Column) -> Column:
    """Name of the segment of a viewer who is known to like so many titles."""
    return reduce(
        lambda name, segment: F.when(liked >= segment[1][0], segment[0]).otherwise(name), SEGMENTS.items(), F.lit("")
    )
