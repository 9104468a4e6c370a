"""Every promise of every suite is kept by a planted row and broken by another: take one away, and a test here fails."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import great_expectations as gx
import pytest
from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validation_graph import ValidationGraph
from pyspark.sql import SparkSession

from expectations.suite import Suite
from jobs.tables import gold, silver
from tests.expectations.frames import (
    SUITES,
    Offered,
    broken_together,
    by_description,
    found_by_spark,
    frame,
    offered,
    plain_queries_of,
    planted_together,
    reasons_of,
)

EACH_SUITE = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.of.name)
VALIDATED = [suite for suite in SUITES if suite.of in (silver.TITLES, gold.RECOMMENDATIONS)]
"""Suites with every kind of row promise between them."""

Said = Mapping[str, list[frozenset[str]]]


@pytest.fixture(scope="module")
def said(spark: SparkSession) -> Said:
    """What the mark of the audit says of every planted row, by table: one Spark job per suite."""
    return {suite.of.name: reasons_of(spark, suite, offered(suite.of)) for suite in SUITES}


def unkept(suite: Suite, rows: list[Offered], found: list[frozenset[str]]) -> list[str]:
    """Where a suite says something else of the planted rows than it must, in words."""
    wrong = [
        f"{dict(row.row)}: {sorted(reasons)} instead of {sorted(row.reasons)}"
        for row, reasons in zip(rows, found, strict=True)
        if reasons != row.reasons
    ]
    promised = {*suite.rows, *(reference.reason for reference in suite.references)}
    planted = {reason for row in rows for reason in row.reasons}
    return wrong + [f"nothing is planted for {reason}" for reason in sorted(promised - planted)]


def without(suite: Suite, reason: str) -> Suite:
    """A suite from which somebody took a promise."""
    rows = {code: promise for code, promise in suite.rows.items() if code != reason}
    references = tuple(reference for reference in suite.references if reference.reason != reason)
    return Suite(suite.of, rows, suite.table, references, suite.tolerates)


@EACH_SUITE
def test_every_planted_row_breaks_its_promise_and_no_other(said: Said, suite: Suite) -> None:
    assert unkept(suite, offered(suite.of), said[suite.of.name]) == []


@EACH_SUITE
def test_a_promise_taken_away_is_missed(said: Said, suite: Suite) -> None:
    for reason in [*suite.rows, *(reference.reason for reference in suite.references)]:
        found = [reasons - {reason} for reasons in said[suite.of.name]]

        assert unkept(without(suite, reason), offered(suite.of), found) != []


def test_what_is_planted_passes_where_its_promise_was_taken_away(spark: SparkSession) -> None:
    suite = next(suite for suite in SUITES if suite.of is silver.CREDITS)
    taken = [*suite.rows, *(reference.reason for reference in suite.references)]
    rows = {reason: [row for row in offered(suite.of) if row.reasons == {reason}] for reason in taken}

    found = {reason: reasons_of(spark, without(suite, reason), rows[reason]) for reason in taken if rows[reason]}

    assert {reason for said in found.values() for row in said for reason in row} == set()


def test_every_planted_table_breaks_its_promise_and_no_other(tmp_path: Path) -> None:
    planted = planted_together()

    assert broken_together(planted, tmp_path) == {key: {key[1]} for key in planted}


def test_spark_finds_in_planted_tables_what_the_door_finds(spark: SparkSession) -> None:
    asked = {(suite.of.name, name) for suite in SUITES for name in plain_queries_of(suite)}
    planted = {key: rows for key, rows in planted_together().items() if key in asked}

    assert found_by_spark(spark, planted) == {key: {key[1]} for key in planted}


def test_every_promise_about_a_whole_table_has_a_planted_table() -> None:
    of_columns = "expect_table_columns_to_match_ordered_list"
    promised = {
        (suite.of.name, name)
        for suite in SUITES
        for name, promise in by_description(suite).items()
        if promise.expectation_type != of_columns
    }

    assert promised == set(planted_together())


@EACH_SUITE
def test_great_expectations_counts_by_itself_what_is_set_aside(spark: SparkSession, suite: Suite) -> None:
    rows = offered(suite.of)
    ours = Counter(reason for row in rows for reason in row.reasons)
    engine = SparkDFExecutionEngine(persist=False)
    engine.load_batch_data("planted", frame(spark, suite.of, rows))
    graph = ValidationGraph(execution_engine=engine)
    metrics = {reason: unexpected_count(promise) for reason, promise in suite.rows.items()}
    for metric in metrics.values():
        graph.build_metric_dependency_graph(metric)

    resolved, aborted = graph.resolve(show_progress_bars=False)

    assert not aborted
    assert {code: resolved[metric.id] for code, metric in metrics.items()} == {code: ours[code] for code in suite.rows}


def unexpected_count(promise: Any) -> MetricConfiguration:
    """Great Expectations' own count of the rows that break a promise."""
    given = {k: v for k, v in promise.configuration.kwargs.items() if k not in {"batch_id", "mostly", "column"}}
    return MetricConfiguration(
        f"{promise.map_metric}.unexpected_count", {"column": promise.column, "batch_id": "planted"}, given
    )


@pytest.mark.parametrize("suite", VALIDATED, ids=lambda suite: suite.of.name)
def test_a_whole_validation_by_great_expectations_counts_the_same(spark: SparkSession, suite: Suite) -> None:
    rows = offered(suite.of)
    ours = Counter(reason for row in rows for reason in row.reasons)
    source = gx.get_context(mode="ephemeral").data_sources.add_or_update_spark(name="planted", persist=False)
    batch = source.add_dataframe_asset(name="planted").add_batch_definition_whole_dataframe("all")
    promises = [promise.copy(update={"meta": {"reason": code}}) for code, promise in suite.rows.items()]

    validated = batch.get_batch(batch_parameters={"dataframe": frame(spark, suite.of, rows)}).validate(
        gx.ExpectationSuite(name=suite.of.name, expectations=promises),
        result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
    )

    counted = {
        result.expectation_config.meta["reason"]: result.result["unexpected_count"]
        for result in validated.results
        if result.expectation_config
    }
    assert counted == {reason: ours[reason] for reason in suite.rows}
