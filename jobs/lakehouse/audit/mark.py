"""Mark rows with the promises they break, by the very conditions with which Great Expectations would count them."""

import os
from collections.abc import Mapping
from functools import reduce
from operator import or_

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # must be set before the import

from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validation_graph import ValidationGraph
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.suite import Suite

REASONS = "_reasons"
"""Column of a marked row: the reason codes of the promises it breaks; empty for a row to keep."""
RECORD = "_record"
"""Optional column of offered rows: the record as delivered, for quarantine."""
FAULTS = "_faults"
"""Optional column of offered rows: what its job found wrong with it, whatever its columns say; null or empty for nothing."""
DUPLICATES = "_duplicates"
"""Optional column of offered rows: how many more rows of the spine say exactly the same."""
SUPERSEDED = "_superseded"
"""Optional column of offered rows: how many more rows of the spine it replaces or sums up."""
OF_SPINE = "_of_spine"
"""Optional column of offered rows: false for one that comes from another input than the spine."""
DELIVERED = "_delivered"
"""Optional column of offered rows: the night of the delivery of the spine that it comes from."""
LINE = "_line"
"""Optional column of offered rows: the number of the line that it was read from, where its reader knows it."""
BEHIND = (DUPLICATES, SUPERSEDED, OF_SPINE)

READER_FAULTS = ("line:field_count", "line:not_json")
"""Faults of a record that could not be read: it has no columns to judge."""


def mark(rows: DataFrame, suite: Suite, references: Mapping[str, DataFrame]) -> DataFrame:
    """Add the reasons for which each row is broken or parked.

    Args:
        rows: Rows offered: the table's columns, and optionally ``_record``, ``_faults`` and what stands behind a row.
        suite: The promises.
        references: For each reference's reason code, the distinct keys of the table it names.

    Returns:
        The table's columns, ``_reasons`` (empty for a row to keep), ``_record``, ``_delivered`` and ``_line`` (of the others
        only), and what stands behind a row where it was offered; no row dropped.
    """
    columns = suite.of.column_names
    broken = dict(_conditions(suite, rows.sparkSession))
    for number, reference in enumerate(suite.references):
        found = f"_found_{number}"
        keys = references[reference.reason].withColumn(found, F.lit(True))  # noqa: FBT003
        rows = rows.join(keys, on=list(reference.columns), how="left")
        broken[reference.reason] = F.col(found).isNull() if reference.exists else F.col(found).isNotNull()
    marked = _reasons(broken)
    if FAULTS in rows.columns:
        faults = F.coalesce(FAULTS, F.array().cast("array<string>"))
        unreadable = F.arrays_overlap(faults, F.array(*map(F.lit, READER_FAULTS)))
        # A record that could not be read has no columns to judge: its fault is its only reason.
        marked = F.when(unreadable, faults).otherwise(F.concat(faults, marked))
    record = F.col(RECORD) if RECORD in rows.columns else F.to_json(F.struct(*columns))
    told = {RECORD: record} | {name: F.col(name) for name in (DELIVERED, LINE) if name in rows.columns}
    behind = [name for name in BEHIND if name in rows.columns]
    return rows.withColumn(REASONS, marked).select(
        *columns,
        REASONS,
        # Only a row that is set aside needs its record: the others would be written twice.
        *(F.when(F.size(REASONS) > 0, value).alias(name) for name, value in told.items()),
        *behind,
    )


def _reasons(broken: Mapping[str, Column]) -> Column:
    """The reasons whose condition is true, in order.

    A list is put together only for a row that has any: hardly one, and it costs each of the others as much as its conditions.
    """
    none = F.array().cast("array<string>")
    if not broken:
        return none
    said = (F.when(condition, F.lit(reason)).otherwise(F.lit("")) for reason, condition in broken.items())
    # Removing blanks is compiled by Spark; dropping nulls (array_compact) is interpreted, and three times as slow.
    return F.when(reduce(or_, broken.values()), F.array_remove(F.array(*said), "")).otherwise(none)


def _conditions(suite: Suite, spark: SparkSession) -> dict[str, Column]:
    """Reason code → the Spark condition, true for a broken row, exactly as Great Expectations evaluates it."""
    if not suite.rows:
        return {}
    known: dict[str, Column] | None = suite.conditions.get(id(spark))
    if known is not None:
        return known
    schema = ", ".join(f"`{c.name}` {c.type}" for c in suite.of.columns)
    engine = SparkDFExecutionEngine(persist=False)
    engine.load_batch_data("rows", spark.createDataFrame([], schema))
    graph = ValidationGraph(execution_engine=engine)
    metrics = {reason: _condition_metric(expectation) for reason, expectation in suite.rows.items()}
    for metric in metrics.values():
        graph.build_metric_dependency_graph(metric)
    resolved, aborted = graph.resolve(show_progress_bars=False)
    if aborted:
        raise RuntimeError(f"{suite.of.name}: Great Expectations has no condition for {sorted(map(str, aborted))}")
    conditions: dict[str, Column] = {reason: resolved[metric.id][0] for reason, metric in metrics.items()}
    # Of one session only: a column of another cannot be used.
    suite.conditions.clear()
    suite.conditions[id(spark)] = conditions
    return conditions


def _condition_metric(expectation: ColumnMapExpectation) -> MetricConfiguration:
    """The metric of a row expectation whose value is the condition of a broken row."""
    arguments = {k: v for k, v in expectation.configuration.kwargs.items() if k not in {"batch_id", "mostly"}}
    domain = {k: arguments.pop(k) for k in expectation.domain_keys if k in arguments}
    return MetricConfiguration(f"{expectation.map_metric}.condition", {**domain, "batch_id": "rows"}, arguments)
