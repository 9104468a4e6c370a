"""The data model: every table, source and model, and the graph that their inputs make.

Plain Python without Spark, so that DAGs, suites, the command line and the documentation use the same objects.
"""

from graphlib import TopologicalSorter

from jobs.tables import bronze, gold, ops, silver
from jobs.tables.table import Column, Model, Source, Table

TABLES: tuple[Table, ...] = tuple(
    value for module in (bronze, silver, gold, ops) for value in vars(module).values() if isinstance(value, Table)
)
SOURCES: tuple[Source, ...] = tuple(value for value in vars(bronze).values() if isinstance(value, Source))
CHAMPION: Model = gold.CHAMPION

_SOURCE_OF = {table.name: source.name for source in SOURCES for table in source.tables}


def job_of(node: Table | Model) -> str:
    """Name of the job that makes ``node``: its own, except that one job ingests all tables of a source."""
    return _SOURCE_OF.get(node.name, node.name)


def job_inputs() -> dict[str, tuple[str, ...]]:
    """Every job of a night with the jobs it waits for, in an order that runs inputs first.

    Returns:
        Job name → names of the jobs that make its inputs; iteration order is a valid, repeatable order of the night.
    """
    nodes: tuple[Table | Model, ...] = (*(table for table in TABLES if table.layer in {"silver", "gold"}), CHAMPION)
    waits: dict[str, tuple[str, ...]] = {source.name: () for source in SOURCES}
    waits |= {node.name: tuple(sorted({job_of(upstream) for upstream in node.inputs})) for node in nodes}
    return {job: waits[job] for job in TopologicalSorter(waits).static_order()}


def tables_of(job: str) -> tuple[Table, ...]:
    """The tables that a job publishes; empty for the model.

    Raises:
        KeyError: No job has this name.
    """
    tables = tuple(table for table in TABLES if job in (job_of(table), table.name) and table.layer != "ops")
    if not tables and job != CHAMPION.name:
        raise KeyError(job)
    return tables


__all__ = ["CHAMPION", "SOURCES", "TABLES", "Column", "Model", "Source", "Table", "job_inputs", "job_of", "tables_of"]
