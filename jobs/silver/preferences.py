"""Weigh what each viewer did with a title: silver.preferences."""

from datetime import date

from pyspark.sql import functions as F

from expectations.silver.preferences import SUITE
from jobs.lakehouse.audit.mark import SUPERSEDED
from jobs.lakehouse.lake import Lake
from jobs.scoring.weighing import end_of, weigh
from jobs.tables import silver


def run(lake: Lake, night: date) -> None:
    """Publish silver.preferences from all events up to ``night``, as of its end."""
    interactions = lake.read(silver.INTERACTIONS, night)

    weights = weigh(interactions, end_of(night), lake.settings.weighing)
    lake.publish(weights.withColumn(SUPERSEDED, F.col("event_count").cast("bigint") - 1), SUITE, night)
