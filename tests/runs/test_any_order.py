"""Any order of nights, retries, replays, resets and late deliveries ends with the same tables."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from pyspark.sql import SparkSession

from jobs.errors import JobError
from jobs.runs.job import Sessions, run_job
from jobs.settings import Settings
from tests.runs.any_order import FEW, IN_ORDER, LATENESS_DAYS, Step, content, do, histories, replay

JOBS = ("bronze.movielens", "bronze.interactions", "silver.title_links", "silver.titles", "silver.interactions")
"""From a catalogue and a log to a table made of both; tests/trials/test_any_order.py has all jobs."""


def after(history: Sequence[Step], spark: SparkSession) -> dict[str, Any]:
    """What the tables hold when a history has happened."""
    with TemporaryDirectory(prefix="reelhouse-order-") as folder:
        home = Settings(home=Path(folder), lateness_days=LATENESS_DAYS)
        sessions = Sessions(home, spark=spark)

        def run(night: date) -> bool:
            try:
                for job in JOBS:
                    run_job(home, job, night, "test", sessions)
            except JobError:
                return False
            return True

        replay(history, home.landing, run, partial(do, home, sessions=sessions))
        return content(home)


@pytest.fixture(scope="module")
def in_order(spark: SparkSession) -> dict[str, Any]:
    return after(IN_ORDER, spark)


@settings(FEW, max_examples=2)
@given(histories())
def test_any_order_ends_with_the_same_tables(
    spark: SparkSession, in_order: dict[str, Any], history: list[Step]
) -> None:
    assert all(in_order[job] for job in JOBS if job.startswith("silver"))
    assert after(history, spark) == in_order
