"""Builders of valid rows: name what the test is about, the rest is filled in."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from jobs.tables import Table

_FILLER: dict[str, Any] = {
    "string": "x",
    "int": 1,
    "double": 1.0,
    "boolean": False,
    "date": date(2026, 3, 1),
    "timestamp": datetime(2026, 3, 1, 12, 0),
    "array<string>": [],
    "array<int>": [],
    "array<double>": [],
    "map<string,string>": None,
}

_BY_NAME: dict[str, Any] = {"title_type": "movie"}
"""Fillers of columns that only certain values are valid in."""


def rows_of(spark: SparkSession, table: Table, rows: Iterable[Mapping[str, Any]]) -> DataFrame:
    """Rows of a table: columns that a row leaves out are null if they may be, else a valid filler."""
    schema = ", ".join(f"`{column.name}` {column.type}" for column in table.columns)
    return spark.createDataFrame([tuple(filled(table, row).values()) for row in rows], schema)


def filled(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """One row in the order of the columns, with what it leaves out."""
    filler = {c.name: None if c.nullable else _BY_NAME.get(c.name, _FILLER[c.type]) for c in table.columns}
    unknown = set(row) - set(filler)
    if unknown:
        raise KeyError(f"{table.name} has no {sorted(unknown)}")
    return filler | dict(row)


def columns_of(rows: DataFrame, table: Table) -> DataFrame:
    """The table's own columns, without what its job tells the door."""
    return rows.select(*table.column_names)
