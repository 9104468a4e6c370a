"""Judging rows by their suite: mark what is broken, let Great Expectations judge, leave a Data Docs page."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from threading import Lock

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # must be set before the import

import great_expectations as gx
from great_expectations.core import ExpectationSuiteValidationResult, RunIdentifier
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation, Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.render.renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validation_graph import ValidationGraph
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.suite import Suite
from jobs.errors import JobError

REASONS = "_reasons"
"""Column of a marked row: the reason codes of the promises it breaks; empty for a row to keep."""
RECORD = "_record"
"""Optional column of offered rows: the record as delivered, for quarantine."""
FAULTS = "_faults"
"""Optional column of offered rows: what the reader found wrong before any column could be read."""
READER_FAULTS = ("line:field_count", "line:not_json")

_PAGES_KEPT = 30
_EXAMPLES = 5
_PARKED = "parked:"
_ONE_AT_A_TIME = Lock()
"""GX puts each query's rows under one name, tmp_view: two validations at once would see each other's."""


@dataclass(frozen=True)
class Counts:
    """What became of the rows offered."""

    offered: int
    broken: int
    """Rows with at least one reason that is not parking."""
    parked: int
    by_reason: dict[str, int]
    """Rows by reason code, those with none left out; a row counts under each of its reasons."""

    @property
    def kept(self) -> int:
        """Rows to publish."""
        return self.offered - self.broken - self.parked


def mark(rows: DataFrame, suite: Suite, references: Mapping[str, DataFrame]) -> DataFrame:
    """Add the reasons for which each row is broken or parked.

    Args:
        rows: Rows offered: the table's columns, and optionally ``_record`` and ``_faults``.
        suite: The promises.
        references: For each reference's reason code, the distinct keys of the table it names.

    Returns:
        The rows with ``_reasons`` added, nothing dropped.
    """
    reasons = [_said(broken, reason) for reason, broken in _conditions(suite, rows.sparkSession).items()]
    for number, reference in enumerate(suite.references):
        found = f"_found_{number}"
        keys = references[reference.reason].withColumn(found, F.lit(True))  # noqa: FBT003
        rows = rows.join(keys, on=list(reference.columns), how="left")
        breaks = F.col(found).isNull() if reference.exists else F.col(found).isNotNull()
        reasons.append(_said(breaks, reference.reason))
    # Removing blanks is compiled by Spark; dropping nulls (array_compact) is interpreted, and three times as slow.
    marked = F.array_remove(F.array(*reasons), "") if reasons else F.array().cast("array<string>")
    if FAULTS in rows.columns:
        # A record that could not be read has no columns to judge: its fault is its only reason.
        marked = F.when(F.size(FAULTS) > 0, F.col(FAULTS)).otherwise(marked)
    # Only a row that is set aside needs its record: the others would double what is held in memory.
    record = [F.when(F.size(REASONS) > 0, F.col(RECORD)).alias(RECORD)] if RECORD in rows.columns else []
    return rows.withColumn(REASONS, marked).select(*suite.of.column_names, *record, REASONS)


def _said(condition: Column, reason: str) -> Column:
    """The reason where the condition is true, else blank."""
    return F.when(condition, F.lit(reason)).otherwise(F.lit(""))


def count(marked: DataFrame, suite: Suite) -> Counts:
    """Count the rows by what became of them, in one pass."""
    reasons = [*READER_FAULTS, *suite.rows, *(reference.reason for reference in suite.references)]
    parking = [reference.reason for reference in suite.references if reference.parks]
    is_broken = F.size(F.array_except(REASONS, F.array(*map(F.lit, parking)).cast("array<string>"))) > 0
    tallies = [F.count_if(F.array_contains(REASONS, reason)).alias(f"reason_{n}") for n, reason in enumerate(reasons)]
    row = marked.agg(
        F.count("*").alias("offered"),
        F.count_if(is_broken).alias("broken"),
        F.count_if((F.size(REASONS) > 0) & ~is_broken).alias("parked"),
        *tallies,
    ).first()
    if row is None:
        raise RuntimeError("an aggregation without groups returned no row")
    by_reason = {reason: row[f"reason_{n}"] for n, reason in enumerate(reasons) if row[f"reason_{n}"]}
    return Counts(row["offered"], row["broken"], row["parked"], by_reason)


def judge(marked: DataFrame, counts: Counts, suite: Suite, night: date, docs: Path) -> None:
    """Let Great Expectations judge the rows, and write its page.

    Row promises are judged on everything offered that could be read, table promises on the rows kept.

    Args:
        marked: What :func:`mark` returned, persisted.
        counts: What :func:`count` returned.
        suite: The promises.
        night: Names the run on the page.
        docs: Folder of the Data Docs pages.

    Raises:
        JobError: A promise is broken beyond the suite's tolerance: nothing may be published.
        RuntimeError: GX counts other broken rows than we set aside.
    """
    columns = suite.of.column_names
    readable = (
        marked
        if not any(fault in counts.by_reason for fault in READER_FAULTS)
        else marked.where(~F.arrays_overlap(REASONS, F.array(*map(F.lit, READER_FAULTS))))
    )
    rows = list(suite.rows.values())
    if counts.kept == counts.offered:
        results = _validate(marked.select(*columns), [*rows, *suite.table], suite, counts)
        of_rows, of_table = results[: len(rows)], results[len(rows) :]
    else:
        of_rows = _validate(readable.select(*columns), rows, suite, counts)
        of_table = _validate(kept(marked, suite), list(suite.table), suite, counts)
    page = _write_page([*of_table, *of_rows], suite, night, docs)
    _require_equal_counts(dict(zip(suite.rows, of_rows, strict=True)), counts, suite)
    _require_promises(of_rows, of_table, counts, suite, page)


def kept(marked: DataFrame, suite: Suite) -> DataFrame:
    """The rows without a reason, in the table's columns."""
    return marked.where(F.size(REASONS) == 0).select(*suite.of.column_names)


def set_aside(marked: DataFrame, suite: Suite, night: date) -> DataFrame:
    """The rows with a reason, as rows of ops.quarantine."""
    columns = suite.of.column_names
    own_night = F.col("night") if "night" in columns else F.lit(night)
    return marked.where(F.size(REASONS) > 0).select(
        F.lit(suite.of.name).alias("table_name"),
        F.coalesce(own_night, F.lit(night)).cast("date").alias("night"),
        F.col(REASONS).alias("reasons"),
        (F.col(RECORD) if RECORD in marked.columns else F.to_json(F.struct(*columns))).alias("record"),
        (F.col("file") if "file" in columns else F.lit(None).cast("string")).alias("file"),
    )


def _conditions(suite: Suite, spark: SparkSession) -> dict[str, Column]:
    """Reason code → the Spark condition, true for a broken row, exactly as Great Expectations evaluates it."""
    if not suite.rows:
        return {}
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
    return {reason: resolved[metric.id][0] for reason, metric in metrics.items()}


def _condition_metric(expectation: ColumnMapExpectation) -> MetricConfiguration:
    """The metric of a row expectation whose value is the condition of a broken row."""
    arguments = {k: v for k, v in expectation.configuration.kwargs.items() if k not in {"batch_id", "mostly"}}
    domain = {k: arguments.pop(k) for k in expectation.domain_keys if k in arguments}
    return MetricConfiguration(f"{expectation.map_metric}.condition", {**domain, "batch_id": "rows"}, arguments)


@cache
def _context() -> gx.data_context.AbstractDataContext:
    """GX's context: nothing of it is kept but the pages."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return context


def _validate(
    rows: DataFrame, expectations: Sequence[Expectation], suite: Suite, counts: Counts
) -> list[ExpectationValidationResult]:
    """Results in the order of ``expectations``."""
    if not expectations:
        return []
    with _ONE_AT_A_TIME:
        return _validate_alone(rows, expectations, suite, counts)


def _validate_alone(
    rows: DataFrame, expectations: Sequence[Expectation], suite: Suite, counts: Counts
) -> list[ExpectationValidationResult]:
    source = _context().data_sources.add_or_update_spark(name=suite.of.name, persist=False)
    batch = source.add_dataframe_asset(name=suite.of.name).add_batch_definition_whole_dataframe("offered")
    # Samples cost a query a promise: ask for them only where there is something to show.
    samples = _EXAMPLES if counts.kept < counts.offered else 0
    result = batch.get_batch(batch_parameters={"dataframe": rows}).validate(
        gx.ExpectationSuite(
            name=suite.of.name, expectations=[e.copy(update={"meta": {"place": n}}) for n, e in enumerate(expectations)]
        ),
        result_format={"result_format": "BASIC", "partial_unexpected_count": samples},
    )
    raised = [r for r in result.results if r.exception_info.get("raised_exception")]
    if raised:
        raise RuntimeError(f"{suite.of.name}: Great Expectations failed: {raised[0].exception_info}")
    return sorted(result.results, key=lambda judged: int(_promise(judged).meta["place"]))


def _promise(judged: ExpectationValidationResult) -> ExpectationConfiguration:
    """The expectation behind a result."""
    if judged.expectation_config is None:
        raise RuntimeError("Great Expectations returned a result without its expectation")
    return judged.expectation_config


def _require_equal_counts(results: dict[str, ExpectationValidationResult], counts: Counts, suite: Suite) -> None:
    """What is audited is what is set aside: both counts come from the same rows, so a difference is a bug."""
    ours = {reason: counts.by_reason.get(reason, 0) for reason in results}
    # Of no rows at all GX counts None.
    theirs = {reason: result.result.get("unexpected_count") or 0 for reason, result in results.items()}
    if ours != theirs:
        raise RuntimeError(f"{suite.of.name}: broken rows by our count {ours}, by Great Expectations' {theirs}")


def _require_promises(
    of_rows: list[ExpectationValidationResult],
    of_table: list[ExpectationValidationResult],
    counts: Counts,
    suite: Suite,
    page: Path,
) -> None:
    """Every promise that is broken beyond tolerance, in one line."""
    problems = []
    if counts.broken > suite.tolerates * counts.offered:
        examples = _examples(of_rows)
        problems += [
            f"{broken:,} of {counts.offered:,} rows break {reason}"
            + (f" (e.g. {examples[reason]})" if reason in examples else "")
            for reason, broken in counts.by_reason.items()
            if not reason.startswith(_PARKED)
        ]
    for result in of_table:
        if not result.success:
            promise = _promise(result)
            wanted = {k: v for k, v in promise.kwargs.items() if k not in {"batch_id", "unexpected_rows_query"}}
            found = result.result.get("observed_value")
            problems.append(f"{promise.description or promise.type} {wanted or ''} does not hold: found {found}")
    if problems:
        raise JobError(
            f"{suite.of.name} was not published (at most {suite.tolerates:.1%} of the rows may be broken): "
            f"{'; '.join(problems)}; what was published before stays; see {page}"
        )


def _examples(results: list[ExpectationValidationResult]) -> dict[str, str]:
    """A few offending values by ``column:kind``, as GX sampled them."""
    found: dict[str, str] = {}
    for result in results:
        values = [v for v in result.result.get("partial_unexpected_list", []) if v is not None]
        if values:
            kind = _promise(result).type.removeprefix("expect_column_values_to_")
            column = _promise(result).kwargs.get("column")
            found[f"{column}:{kind}"] = ", ".join(repr(v)[:80] for v in dict.fromkeys(map(str, values)))
    return found


def _write_page(results: list[ExpectationValidationResult], suite: Suite, night: date, docs: Path) -> Path:
    """Render GX's page of one table and night; the newest 30 nights of a table are kept."""
    success = all(result.success for result in results)
    validation = ExpectationSuiteValidationResult(
        success=success,
        results=results,
        suite_name=suite.of.name,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": sum(bool(r.success) for r in results),
            "unsuccessful_expectations": sum(not r.success for r in results),
            "success_percent": 100.0 * sum(bool(r.success) for r in results) / max(len(results), 1),
        },
        meta={
            "great_expectations_version": gx.__version__,
            "run_id": RunIdentifier(run_name=f"night {night}", run_time=str(night)),
            "active_batch_definition": {"data_asset_name": suite.of.name},
        },
    )
    html = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(validation))  # type: ignore[no-untyped-call]
    folder = docs / suite.of.name
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / f"{night}.html"
    unfinished = folder / f".{night}.html"
    unfinished.write_text(html, encoding="utf-8")
    shutil.move(unfinished, page)
    for old in sorted(folder.glob("*.html"))[:-_PAGES_KEPT]:
        old.unlink()
    return page
