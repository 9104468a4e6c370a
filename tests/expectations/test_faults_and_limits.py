"""Limits and faults as they are found: planted lists break each limit by its own query, planted rows have each fault."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow.dataset import dataset
from pyspark.sql import DataFrame, SparkSession

from expectations.suite import Suite
from jobs.lakehouse.audit.ask import Matter, questions
from jobs.lakehouse.audit.judge import Bounds, judge_table
from jobs.lakehouse.audit.mark import FAULTS
from jobs.lakehouse.schema import arrow_schema
from jobs.landing.gate import Delivered
from jobs.landing.readers import read_files
from jobs.settings import Limits
from jobs.silver.title_rules import conform_rules
from jobs.tables import Table, bronze, silver
from tests.expectations.frames import SUITES
from tests.expectations.planted import PLANTED
from tests.expectations.planted.lists import LISTS
from tests.rows import filled, rows_of
from tests.silver.test_interactions import refine

BY_NAME = {suite.of.name: suite for suite in SUITES}


def broken_limits(suite: Suite, name: str, scratch: Path) -> set[str]:
    """The limits that planted lists break, at the bounds that the settings have of themselves."""
    planted, values = LISTS[name], PLANTED[suite.of.name].values
    beside = {table.name: held(table, planted.beside.get(table.name, ())) for table in suite.asks}
    bounds = Bounds(Limits().model_dump(), suite.of.name)
    limits_only = replace(suite, table=())
    matter = Matter([held(suite.of, planted.rows)], str(scratch), beside, values)
    with questions(matter, suite.once) as asked:
        judged = judge_table(asked, suite.of.column_names, len(planted.rows), limits_only, bounds)
    return {one.limit for one in judged if not one.holds}


def held(table: Table, rows: Any) -> Any:
    return dataset(pa.Table.from_pylist([filled(table, row) for row in rows], arrow_schema(table)))


def test_every_limit_is_broken_by_planted_lists_which_break_no_other(tmp_path: Path) -> None:
    (suite,) = (suite for suite in SUITES if suite.limits)

    assert {name: broken_limits(suite, name, tmp_path) for name in LISTS} == {name: {name} for name in LISTS}
    assert {limit.name for limit in suite.limits} == set(LISTS) == set(Limits.model_fields)


def faulty_events(spark: SparkSession, _: Path) -> DataFrame:
    """Events with every fault, of a viewer each."""
    events: list[dict[str, Any]] = [
        *({"value": "1.0"}, {"value": "2.0"}),
        {"event_id": "future", "user_id": "a", "occurred_at": "2027-01-01T00:00:00Z"},
        {"event_id": "late", "user_id": "b", "occurred_at": "2000-01-01T00:00:00Z"},
        {"event_id": "no value", "user_id": "c", "value": None},
        *({"event_id": f"bot {n}", "user_id": "bot", "value": str(n)} for n in range(4)),
    ]
    return refine(spark, *events, per_day=3)


def faulty_rules(spark: SparkSession, _: Path) -> DataFrame:
    """A title that stands on a list by two names."""
    names = [{"title_id": name, "from": None, "until": None} for name in ("tt0000001", "tmdb:7")]
    links = [{"source_title_id": name, "title_id": "tt0000001"} for name in ("tt0000001", "tmdb:7")]
    return conform_rules(
        rows_of(spark, bronze.BLOCKED_TITLES, names),
        rows_of(spark, bronze.BOOSTED_TITLES, []),
        rows_of(spark, silver.TITLE_LINKS, links),
    )


def no_literals(table: Table, spark: SparkSession, folder: Path) -> DataFrame:
    """A delivery of which each column of literals holds none in one record."""
    file = folder / "2026-03-01" / "dump.jsonl"
    file.parent.mkdir()
    file.write_text("".join(f'{{"{column.name}": "[1) "}}\n' for column in table.columns if column.literal))
    return read_files(spark, table, [Delivered(file, "", (), 1)])


FAULTY: Mapping[str, Callable[[SparkSession, Path], DataFrame]] = {
    "silver.interactions": faulty_events,
    "silver.title_rules": faulty_rules,
    **{
        table.name: partial(no_literals, table)
        for table in (bronze.TMDB_MOVIES_METADATA, bronze.TMDB_KEYWORDS, bronze.TMDB_CREDITS)
    },
}
"""Table → what its job or reader makes of planted rows with each of its faults."""


def test_every_suite_that_names_faults_has_rows_planted_with_them() -> None:
    assert {suite.of.name for suite in SUITES if suite.faults} == set(FAULTY)


@pytest.mark.parametrize("name", FAULTY)
def test_jobs_and_readers_find_every_fault_that_a_suite_promises_and_no_other(
    name: str, spark: SparkSession, tmp_path: Path
) -> None:
    suite = BY_NAME[name]

    found = {fault for row in FAULTY[name](spark, tmp_path).select(FAULTS).collect() for fault in row[FAULTS]}

    assert found == set(suite.faults)
