"""Weigh what each viewer did with a title: silver.preferences."""

from datetime import date

from expectations.silver.preferences import SUITE
from jobs.lakehouse.lake import Lake
from jobs.scoring.weighing import end_of, weigh
from jobs.tables import silver


def run(lake: Lake, night: date) -> None:
    """Publish silver.preferences from all events up to ``night``, as of its end."""
    interactions = lake.read(silver.INTERACTIONS, night)

    lake.publish(weigh(interactions, end_of(night), lake.settings.weighing), SUITE, night)
