"""Queries about a table as a whole, asked of the files just written: only the columns they name are read.

DuckDB asks them. Spark would plan and compile a job for each, which is most of what it costs in a small table, and takes
several times as long in a large one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
from pyarrow.dataset import Dataset

from expectations.suite import Coverage

_MEMORY = "2GB"
"""Of all queries about one table; what needs more is written to the scratch folder."""
_BATCH = "batch"


@dataclass(frozen=True)
class Found:
    """What a query found."""

    rows: int
    examples: tuple[str, ...] = ()
    """The first and the last row, as JSON."""


def ask(
    batch: Sequence[Dataset],
    queries: Mapping[str, str],
    covers: Sequence[Coverage],
    others: Mapping[str, Dataset],
    scratch: str,
) -> dict[str, Found]:
    """Rows that queries find.

    Args:
        batch: The rows of the table, in parts.
        queries: Queries of ``{batch}`` by name, in SQL that Spark and DuckDB both understand.
        covers: Coverage promises: number n asks ``of n``, all keys of the other table, and ``missing n``.
        others: Rows of the tables that are to be covered, by name.
        scratch: A folder for what does not fit into memory; it need not be there.

    Returns:
        What was found, by name of the query.
    """
    if not queries and not covers:
        return {}
    texts = {name: query.replace("{batch}", _BATCH) for name, query in queries.items()}
    for n, coverage in enumerate(covers):
        keys = ", ".join(f'"{column}"' for column in coverage.columns)
        wanted = f'(SELECT DISTINCT {keys} FROM "{coverage.of.name}")'  # noqa: S608 - names of a definition
        texts[f"of {n}"] = f"SELECT * FROM {wanted}"  # noqa: S608
        texts[f"missing {n}"] = f"SELECT * FROM {wanted} ANTI JOIN {_BATCH} USING ({keys})"  # noqa: S608
    with duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": scratch}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE MACRO size(list) AS len(list)")  # Spark's word
        for name, rows in others.items():
            connection.register(name, rows)
        for n, rows in enumerate(batch):
            connection.register(f"part_{n}", rows)
        parts = " UNION ALL BY NAME ".join(f"FROM part_{n}" for n in range(len(batch)))
        connection.execute(f"CREATE TEMP VIEW {_BATCH} AS {parts}")
        return {name: _found(connection, text) for name, text in texts.items()}


def _found(connection: duckdb.DuckDBPyConnection, query: str) -> Found:
    """Count the rows of a query; the first and the last of them as examples."""
    asked = f"SELECT count(*), min(to_json(found)::VARCHAR), max(to_json(found)::VARCHAR) FROM ({query}) found"  # noqa: S608
    rows, first, last = connection.execute(asked).fetchall()[0]
    return Found(rows, tuple(dict.fromkeys(example for example in (first, last) if example)))
