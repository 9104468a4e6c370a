"""Sixty nights of small tables of every kind, maintained each night: nothing but what was delivered grows.

Nights go through the door, one after the other in one session; after each, everything is made a day older. Times that things
are kept are short here, so that there are sixty nights of a lake that has come of age.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import unquote

import great_expectations.expectations as gxe
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from expectations.suite import Suite, suite
from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.runs.maintaining import maintain
from jobs.settings import Keeps, Settings
from jobs.tables import TABLES, Table, bronze, gold, silver
from tests.lakehouse.aging import age
from tests.rows import rows_of

logger = logging.getLogger(__name__)
logging.getLogger("great_expectations").setLevel(logging.WARNING)  # a line for each promise of each night
NIGHTS = 60
FIRST = date(2026, 1, 1)
KEEPS = Keeps(files_days=5, ledger_days=10, refusals_days=5)


@dataclass(frozen=True)
class Figures:
    """What there is after a night, beside the rows that are in force."""

    seconds: float
    maintained: float
    files: int
    """Data files that only earlier versions name."""
    log: int
    """Files of logs."""
    bytes: int
    """Of both."""


def suite_of(table: Table, column: str) -> Suite:
    """A promise that one row of a night breaks; half may be broken."""
    return suite(table, rows=(gxe.ExpectColumnValuesToNotBeInSet(column=column, value_set=["broken"]),), tolerates=0.5)


SNAPSHOT = suite_of(bronze.MOVIELENS_MOVIES, "title")
LOG = suite_of(bronze.INTERACTIONS, "user_id")
BY_MONTH = suite_of(silver.INTERACTIONS, "user_id")
LISTS = suite_of(gold.RECOMMENDATIONS, "title_id")
HISTORY = suite_of(gold.RECOMMENDATION_HISTORY, "title_id")


def rows(lake: Lake, of: Suite, column: str, **given: Any) -> Any:
    """Three rows, one of them broken."""
    told = [{column: name, **given} for name in ("a", "b", "broken")]
    for number, row in enumerate(told):
        for key in set(of.of.key) - row.keys():
            row[key] = number + 1 if key == "rank" else f"{key}{number} of {given}"
    return rows_of(lake.spark, of.of, told)


def use(lake: Lake, table: Table) -> None:
    """Name the newest version of a table as what the next publication is made from."""
    lake.uses(table.name, ledger.version(lake.settings.lake, table) or 0)


def publish_night(spark: SparkSession, settings: Settings, night: date) -> None:
    """One table of each kind, and a delivery that is refused now and then."""
    lake, hashes = Lake(spark, settings, run="year"), {night: f"hash of {night}"}
    lake.publish(rows(lake, SNAPSHOT, "title", night=night), SNAPSHOT, night, deliveries=hashes)
    lake.publish(rows(lake, LOG, "user_id", night=night), LOG, night, deliveries=hashes)
    month = night.replace(day=1)
    lake.publish(rows(lake, BY_MONTH, "user_id", month=month), BY_MONTH, night, partitions=[month])
    use(lake, silver.INTERACTIONS)
    lake.publish(rows(lake, LISTS, "title_id"), LISTS, night)
    use(lake, gold.RECOMMENDATIONS)
    lake.publish(rows(lake, HISTORY, "title_id", night=night), HISTORY, night, partitions=None, deliveries=hashes)
    if night.day % 3 == 0:
        broken = rows(lake, LOG, "user_id", night=night).where("user_id = 'broken'")
        with pytest.raises(JobError, match="broken"):
            lake.publish(broken, LOG, night, deliveries={night: "refused"})


def measure(root: Path, seconds: float, maintained: float) -> Figures:
    """Count what is there."""
    in_force: set[str] = set()
    for table in TABLES:
        if ledger.open_table(str(root), table):
            in_force |= {unquote(uri).removeprefix("file://") for uri in DeltaTable(f"{root}/{table.path}").file_uris()}
    log = [path for path in root.rglob("_delta_log/*") if path.is_file()]
    files = [path for path in root.rglob("*.parquet") if path.parent.name != "_delta_log" and str(path) not in in_force]
    return Figures(seconds, maintained, len(files), len(log), sum(path.stat().st_size for path in (*files, *log)))


def nights(spark: SparkSession, home: Path) -> Iterator[Figures]:
    settings = Settings(home=home, keeps=KEEPS)
    for number in range(NIGHTS):
        began = time.monotonic()
        publish_night(spark, settings, FIRST + timedelta(days=number))
        published = time.monotonic()
        found = maintain(settings, datetime.now(UTC))
        assert found.problems == ()
        yield measure(home / "lake", published - began, time.monotonic() - published)
        age(home, 1)


def test_sixty_nights_are_as_long_and_as_large_as_fifty(spark: SparkSession, tmp_path: Path) -> None:
    figures = []
    for number, one in enumerate(nights(spark, tmp_path / "home"), 1):
        figures.append(one)
        if number % 10 == 0:
            logger.info(
                "night %d: %.1f s, maintained in %.2f s; files of earlier versions %d, of logs %d, together %.1f kB",
                *(number, one.seconds, one.maintained, one.files, one.log, one.bytes / 1e3),
            )

    # The lists of 30 nights are kept, and what they were made of: the lake has come of age with the fortieth.
    grown, old = figures[40:50], figures[50:]
    for name in ("files", "log", "bytes"):
        most_then, most_now = (max(getattr(one, name) for one in some) for some in (grown, old))
        # What each night adds to, and nothing is taken from, would be a fifth more.
        assert most_now <= 1.1 * most_then, f"{name}: {most_then}, then {most_now}"
    then, now = (median(one.seconds for one in some) for some in (figures[10:20], old))
    # Others use the machine; what grows with every night would be 3.6 times as long, its square 13 times.
    assert now <= 3 * then, f"seconds: {then:.2f}, then {now:.2f}"
    again = maintain(Settings(home=tmp_path / "home", keeps=KEEPS), datetime.now(UTC), dry_run=True)
    assert [one for one in again.done if one.what != "files"] == []
