"""Land the movielens deliveries in bronze."""

from datetime import date

from expectations.bronze.movielens import SUITES
from jobs.bronze.ingest import ingest
from jobs.lake import Lake
from jobs.tables.bronze import MOVIELENS


def run(lake: Lake, night: date) -> None:
    """Publish the bronze tables of the source from what was delivered up to ``night``."""
    ingest(lake, MOVIELENS, SUITES, night)
