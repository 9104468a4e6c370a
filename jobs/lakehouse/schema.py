"""A table's columns as Spark, Delta and Arrow take them, and whether offered rows have them."""

import pyarrow as pa
from deltalake.schema import ArrayType, Field, MapType, PrimitiveType, Schema
from pyspark.sql import DataFrame

from jobs.lakehouse.audit import mark
from jobs.tables import Table

_PRIMITIVES = {"int": "integer", "bigint": "long"}


def spark_schema(table: Table) -> str:
    """The table's columns as a Spark schema string."""
    return ", ".join(f"`{column.name}` {column.type}" for column in table.columns)


def delta_schema(table: Table) -> Schema:
    """The table's columns as Delta keeps them, with their comments."""
    return Schema(
        [Field(c.name, delta_type(c.type), nullable=True, metadata={"comment": c.comment}) for c in table.columns]
    )


def delta_type(spark_type: str) -> PrimitiveType | ArrayType | MapType:
    """A column's type, from Spark SQL's way of writing it."""
    if spark_type.startswith("array<"):
        return ArrayType(delta_type(spark_type[6:-1]), contains_null=True)
    if spark_type.startswith("map<"):
        key, _, value = spark_type[4:-1].partition(",")
        return MapType(delta_type(key), delta_type(value), value_contains_null=True)
    return PrimitiveType(_PRIMITIVES.get(spark_type, spark_type))


def arrow_schema(table: Table) -> pa.Schema:
    """The table's columns as Arrow has them."""
    return pa.schema(delta_schema(table).to_arrow())


def differences(rows: DataFrame, table: Table) -> list[str]:
    """How the columns of rows differ from the definition; empty if they do not."""
    own = {mark.RECORD, mark.FAULTS, mark.DELIVERED, mark.LINE, *mark.BEHIND}
    offered = {name: kind for name, kind in rows.dtypes if name not in own}
    defined = {column.name: column.type for column in table.columns}
    problems = [f"{name} is missing" for name in defined if name not in offered]
    problems += [f"{name} is not in the definition" for name in offered if name not in defined]
    return problems + [f"{n} is {offered[n]}, not {t}" for n, t in defined.items() if n in offered and offered[n] != t]
