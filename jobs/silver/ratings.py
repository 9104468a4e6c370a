"""Find each viewer's last explicit rating of a title: silver.ratings."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.silver.ratings import SUITE
from jobs.lakehouse.audit.mark import SUPERSEDED
from jobs.lakehouse.lake import Lake
from jobs.tables import silver


def run(lake: Lake, night: date) -> None:
    """Publish silver.ratings from all events up to ``night``."""
    interactions = lake.read(silver.INTERACTIONS, night)

    rated = lake.leave_out(interactions, other_event_types=F.col("event_type") != "rating")
    lake.publish(find_last_ratings(rated), SUITE, night)


def find_last_ratings(rated: DataFrame) -> DataFrame:
    """Keep the last rating of each viewer and title; of two at the same time, the better.

    Args:
        rated: The ratings among silver.interactions, one row per event.

    Returns:
        silver.ratings, one row per viewer and rated title, with ``_superseded``.
    """
    return (
        rated.groupBy("user_id", "title_id")
        .agg(F.max(F.struct("occurred_at", "value")).alias("last"), (F.count("*") - 1).alias(SUPERSEDED))
        .select(
            "user_id",
            "title_id",
            F.col("last.value").alias("rating"),
            F.col("last.occurred_at").alias("rated_at"),
            SUPERSEDED,
        )
    )
