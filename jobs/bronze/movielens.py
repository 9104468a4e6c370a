"""Land the movielens deliveries in bronze."""

from datetime import date

from expectations.bronze.movielens import SUITES
from jobs.lakehouse.lake import Lake
from jobs.landing.ingest import ingest
from jobs.tables.bronze import MOVIELENS


def run(lake: Lake, night: date) -> None:
    """Publish the bronze tables of the source from what was delivered up to ``night``."""
    ingest(lake, MOVIELENS, SUITES, night)
