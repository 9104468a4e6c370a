"""The planted rows of a table as rows that can be offered, and what must be said of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
from great_expectations.expectations.expectation import Expectation
from pyarrow.dataset import dataset
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.suite import Suite
from expectations.suites import suite_of
from jobs.lakehouse.audit.ask import Matter, questions
from jobs.lakehouse.audit.mark import REASONS, RECORD, mark
from jobs.lakehouse.schema import arrow_schema
from jobs.tables import TABLES, Table
from tests.expectations.planted import PLANTED
from tests.expectations.planted.planted import Row
from tests.rows import filled, rows_of

SUITES: list[Suite] = [suite for table in TABLES if (suite := suite_of(table))]


@dataclass(frozen=True)
class Offered:
    """A row to offer, and the reasons for which it must be set aside; none for a row to keep."""

    row: Mapping[str, Any]
    reasons: frozenset[str] = frozenset()


def offered(table: Table) -> list[Offered]:
    """Every planted row of a table: those that keep all promises first."""
    planted = PLANTED[table.name]
    return [
        Offered(planted.row),
        Offered({**planted.row, **{c.name: None for c in table.columns if _may_be_null(table, c.name)}}),
        *(Offered({**planted.row, column: value}) for column, values in planted.keeps.items() for value in values),
        *(
            Offered({**planted.row, _column(reason): value}, frozenset({reason}))
            for reason, values in planted.breaks.items()
            for value in values
        ),
        *_nulls(table),
        *(Offered({**planted.row, **differs}, frozenset({reason})) for reason, differs in planted.refers.items()),
    ]


def _may_be_null(table: Table, name: str) -> bool:
    column = next(c for c in table.columns if c.name == name)
    return column.nullable and f"{name}:not_be_null" not in PLANTED[table.name].breaks


def _nulls(table: Table) -> Iterator[Offered]:
    """A null in every column that the definition forbids it; such a row is also not found in another table."""
    suite = suite_of(table)
    for column in table.columns:
        if not column.nullable:
            references = suite.references if suite else ()
            lost = {r.reason for r in references if r.exists and column.name in r.columns}
            yield Offered(
                {**PLANTED[table.name].row, column.name: None}, frozenset({f"{column.name}:not_be_null", *lost})
            )


def _column(reason: str) -> str:
    return reason.partition(":")[0]


def frame(spark: SparkSession, table: Table, rows: Sequence[Offered]) -> DataFrame:
    """The rows with their numbers as records."""
    schema = ", ".join(f"`{column.name}` {column.type}" for column in table.columns)
    numbered = [(*filled(table, row.row).values(), str(number)) for number, row in enumerate(rows)]
    return spark.createDataFrame(numbered, f"{schema}, {RECORD} string")


def keys(spark: SparkSession, suite: Suite, rows: Sequence[Offered]) -> dict[str, DataFrame]:
    """For every reference the keys of the table it names, such that the planted row, and no other, breaks it."""
    types = {column.name: column.type for column in suite.of.columns}
    found = {}
    for reference in suite.references:
        breaking = reference.reason
        held = {
            tuple(row.row[name] for name in reference.columns)
            for row in rows
            if (breaking in row.reasons) is not reference.exists
        }
        schema = ", ".join(f"{name} {types[name]}" for name in reference.columns)
        found[breaking] = spark.createDataFrame(sorted(key for key in held if None not in key), schema)
    return found


def reasons_of(spark: SparkSession, suite: Suite, rows: Sequence[Offered]) -> list[frozenset[str]]:
    """What the mark of the audit says of each row, by one Spark job."""
    marked = mark(frame(spark, suite.of, rows), suite, keys(spark, suite, rows))
    found = {int(row[RECORD]): row[REASONS] for row in marked.where(F.size(REASONS) > 0).collect()}
    return [frozenset(found.get(number, ())) for number in range(len(rows))]


def by_description(suite: Suite) -> dict[str, Expectation]:
    """The promises about a whole table by their words."""
    return {str(promise.description or promise.expectation_type): promise for promise in suite.table}


def planted_together() -> dict[tuple[str, str], list[Row]]:
    """Table and promise about the whole of it → rows that break it only; the key of two rows is the definition's."""
    found: dict[tuple[str, str], list[Row]] = {}
    for suite in SUITES:
        planted = PLANTED[suite.of.name]
        if suite.of.key:
            found[suite.of.name, f"{', '.join(suite.of.key)} is unique"] = [planted.row, planted.row]
        for promise, rows in planted.tables.items():
            found[suite.of.name, promise] = [{**planted.row, **row} for row in rows]
    return found


def queries_of(suite: Suite) -> dict[str, str]:
    """The promises about a whole table that are queries for broken rows, by their words."""
    given = {name: promise.configuration.kwargs for name, promise in by_description(suite).items()}
    return {name: told["unexpected_rows_query"] for name, told in given.items() if "unexpected_rows_query" in told}


def broken_together(planted: Mapping[tuple[str, str], Sequence[Row]], scratch: Path) -> dict[tuple[str, str], set[str]]:
    """The promises about whole tables that planted tables break: counts of rows, and queries as the door asks them."""
    broken: dict[tuple[str, str], set[str]] = {}
    for key, rows in planted.items():
        suite = next(suite for suite in SUITES if suite.of.name == key[0])
        beside = {table.name: dataset(_held(table, _rows_beside(suite, table))) for table in suite.asks}
        matter = Matter([dataset(_held(suite.of, rows))], str(scratch), beside, PLANTED[suite.of.name].values)
        with questions(matter, suite.once) as asked:
            found = {name for name, query in queries_of(suite).items() if asked.rows(query).rows}
        broken[key] = found | {
            name
            for name, promise in by_description(suite).items()
            if len(rows) < promise.configuration.kwargs.get("min_value", 0)
        }
    return broken


def _rows_beside(suite: Suite, table: Table) -> Sequence[Row]:
    """The rows of a table that promises name."""
    return PLANTED[suite.of.name].beside.get(table.name, ())


def _held(table: Table, rows: Sequence[Row]) -> pa.Table:
    return pa.Table.from_pylist([filled(table, row) for row in rows], arrow_schema(table))


def found_by_spark(
    spark: SparkSession, planted: Mapping[tuple[str, str], Sequence[Row]]
) -> dict[tuple[str, str], set[str]]:
    """The query of each planted table, if it finds broken rows when Spark asks it, as Great Expectations would: one job."""
    found: dict[tuple[str, str], set[str]] = {key: set() for key in planted}
    queries = []
    for number, ((table, name), rows) in enumerate(planted.items()):
        suite = next(suite for suite in SUITES if suite.of.name == table)
        rows_of(spark, suite.of, rows).createOrReplaceTempView(f"planted_{number}")
        broken = spark.sql(plain_queries_of(suite)[name].replace("{batch}", f"planted_{number}")).limit(1)
        queries.append(broken.select(F.lit(number).alias("number")))
    for row in reduce(DataFrame.unionAll, queries).collect():
        table, name = list(planted)[row["number"]]
        found[table, name].add(name)
    return found


def plain_queries_of(suite: Suite) -> dict[str, str]:
    """Those that ask nothing but the table itself."""
    asked = ["{" + name for name in suite.once] + [table.name for table in suite.asks]
    return {name: query for name, query in queries_of(suite).items() if not any(other in query for other in asked)}
