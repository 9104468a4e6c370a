"""Land block and boost lists in bronze."""

from datetime import date

from expectations.bronze.rules import SUITES
from jobs.lakehouse.lake import Lake
from jobs.landing.ingest import ingest
from jobs.tables.bronze import RULES


def run(lake: Lake, night: date) -> None:
    """Publish the bronze tables of the source from what was delivered up to ``night``."""
    ingest(lake, RULES, SUITES, night)
