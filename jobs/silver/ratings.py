"""Find each viewer's last explicit rating of a title: silver.ratings."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.silver.ratings import SUITE
from jobs.lakehouse.lake import Lake
from jobs.tables import silver


def run(lake: Lake, night: date) -> None:
    """Publish silver.ratings from all events up to ``night``."""
    lake.publish(find_last_ratings(lake.read(silver.INTERACTIONS, night)), SUITE, night)


def find_last_ratings(interactions: DataFrame) -> DataFrame:
    """Keep the last rating of each viewer and title; of two at the same time, the one with the larger event_id.

    Args:
        interactions: silver.interactions, one row per event.

    Returns:
        silver.ratings, one row per viewer and rated title.
    """
    last = F.max_by(F.struct("value", "occurred_at"), F.struct("occurred_at", "event_id"))
    return (
        interactions.where(F.col("event_type") == "rating")
        .groupBy("user_id", "title_id")
        .agg(last.alias("last"))
        .select(
            "user_id",
            "title_id",
            F.col("last.value").alias("rating"),
            F.col("last.occurred_at").alias("rated_at"),
        )
    )
