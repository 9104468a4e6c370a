"""Land the interactions deliveries in bronze."""

from datetime import date

from expectations.bronze.interactions import SUITES
from jobs.bronze.ingest import ingest
from jobs.lake import Lake
from jobs.tables.bronze import EVENTS


def run(lake: Lake, night: date) -> None:
    """Publish the bronze tables of the source from what was delivered up to ``night``."""
    ingest(lake, EVENTS, SUITES, night)
