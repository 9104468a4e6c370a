"""Keep tonight's lists beside those of the nights before: gold.recommendation_history."""

from datetime import date

from pyspark.sql import functions as F

from expectations.gold.recommendation_history import SUITE
from jobs.lakehouse.lake import Lake
from jobs.tables import gold


def run(lake: Lake, night: date) -> None:
    """Publish the lists of ``night`` as its partition; the newest 30 nights stay."""
    served = lake.read(gold.RECOMMENDATIONS, night)

    lake.publish(served.where(F.col("night") == F.lit(night)), SUITE, night)
