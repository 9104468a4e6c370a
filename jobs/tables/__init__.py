"""The data model: every table, source and model, and the graph that their inputs make.

Plain Python without Spark, so that DAGs, suites, the command line and the documentation use the same objects.
"""

from graphlib import TopologicalSorter

from jobs.tables import bronze, gold, model, ops, silver
from jobs.tables.table import Column, Model, Node, Source, Table

NODES: tuple[Node, ...] = tuple(
    value
    for module in (bronze, silver, model, gold, ops)
    for value in vars(module).values()
    if isinstance(value, Table | Model)
)
"""Every table and model, layer by layer."""
TABLES: tuple[Table, ...] = tuple(node for node in NODES if isinstance(node, Table))
SOURCES: tuple[Source, ...] = tuple(value for value in vars(bronze).values() if isinstance(value, Source))

_SOURCE_OF = {table.name: source.name for source in SOURCES for table in source.tables}


def job_of(node: Node) -> str:
    """Name of the job that makes ``node``: its own, except that one job ingests all tables of a source."""
    return _SOURCE_OF.get(node.name, node.name)


def job_inputs() -> dict[str, tuple[str, ...]]:
    """Every job of a night with the jobs it waits for, in an order that runs inputs first.

    Returns:
        Job name → names of the jobs that make its inputs; iteration order is a valid, repeatable order of the night.
    """
    waits: dict[str, tuple[str, ...]] = {source.name: () for source in SOURCES}
    waits |= {
        node.name: tuple(sorted({job_of(upstream) for upstream in node.inputs}))
        for node in NODES
        if node.layer not in {"bronze", "ops"}
    }
    return {job: waits[job] for job in TopologicalSorter(waits).static_order()}


def nodes_of(job: str) -> tuple[Node, ...]:
    """What a job makes: its own table or model, or all tables of a source.

    Raises:
        KeyError: No job has this name.
    """
    made = tuple(node for node in NODES if job in (job_of(node), node.name) and node.layer != "ops")
    if not made:
        raise KeyError(job)
    return made


def tables_of(job: str) -> tuple[Table, ...]:
    """The tables that a job publishes; empty for a model's.

    Raises:
        KeyError: No job has this name.
    """
    return tuple(node for node in nodes_of(job) if isinstance(node, Table))


__all__ = [
    "NODES",
    "SOURCES",
    "TABLES",
    "Column",
    "Model",
    "Node",
    "Source",
    "Table",
    "job_inputs",
    "job_of",
    "nodes_of",
    "tables_of",
]
