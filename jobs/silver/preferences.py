"""Weigh what each viewer did with a title: silver.preferences."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.silver.preferences import SUITE
from jobs.lakehouse.audit.mark import SUPERSEDED
from jobs.lakehouse.lake import Lake
from jobs.scoring.weighing import end_of, weigh
from jobs.tables import silver

_RANGE_EVENTS = 1_000_000
"""Events of the viewers that one task weighs, and of one file."""


def run(lake: Lake, night: date) -> None:
    """Publish silver.preferences from all events up to ``night``, as of its end."""
    interactions = lake.read(silver.INTERACTIONS, night)

    weights = weigh(in_ranges(interactions, _RANGE_EVENTS), end_of(night), lake.settings.weighing)
    lake.publish(weights.withColumn(SUPERSEDED, F.col("event_count").cast("bigint") - 1), SUITE, night)


def in_ranges(interactions: DataFrame, events: int) -> DataFrame:
    """Events partitioned by ranges of viewers, each whole, if there are more than ``events``.

    Whoever reads some viewers then reads few files: everybody's lists are made so. Weighing needs no other shuffle, and
    what a task adds up stays small.

    Args:
        interactions: silver.interactions, one row per event.
        events: About so many in a range.
    """
    ranges = -(-interactions.count() // events)
    return interactions.repartitionByRange(ranges, "user_id") if ranges > 1 else interactions
