"""A table's columns as Spark takes them, and whether offered rows have them."""

from pyspark.sql import DataFrame

from jobs.errors import JobError
from jobs.lakehouse.audit import mark
from jobs.tables import Table


def spark_schema(table: Table) -> str:
    """The table's columns as a Spark schema string."""
    return ", ".join(f"`{column.name}` {column.type}" for column in table.columns)


def require_schema(rows: DataFrame, table: Table) -> None:
    """Refuse rows whose columns differ from the definition.

    Raises:
        JobError: Every difference, in one message.
    """
    own = {mark.RECORD, mark.FAULTS, *mark.BEHIND}
    offered = {name: kind for name, kind in rows.dtypes if name not in own}
    defined = {column.name: column.type for column in table.columns}
    problems = [f"{name} is missing" for name in defined if name not in offered]
    problems += [f"{name} is not in the definition" for name in offered if name not in defined]
    problems += [f"{n} is {offered[n]}, not {t}" for n, t in defined.items() if n in offered and offered[n] != t]
    if problems:
        raise JobError(f"{table.name} was not published: {'; '.join(problems)}; mend its job or its definition")
