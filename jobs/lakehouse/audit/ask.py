"""Queries about a table as a whole, asked of the files just written: only the columns they name are read.

A query may name other tables by their addresses. DuckDB asks them. Spark would plan and compile a job for each, which is
most of what it costs in a small table, and takes several times as long in a large one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

import duckdb
import pyarrow.parquet as pq
from pyarrow.dataset import Dataset, FileSystemDataset
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

from expectations.suite import fill_in

_MEMORY = "2GB"
"""Of all queries about one table; what needs more is written to the scratch folder."""
_BATCH = "batch"
_PATTERN = re.compile(r"[*?\[]")
"""What DuckDB would take for a pattern of names."""


@dataclass(frozen=True)
class Matter:
    """What queries are about.

    Args:
        batch: The rows of the table, in parts.
        scratch: A folder for what does not fit into memory; it need not be there.
        others: Rows of the other tables that are named, by address.
        values: What the names in braces stand for, beside ``{batch}``: the night, and settings.
    """

    batch: Sequence[Dataset]
    scratch: str
    others: Mapping[str, Dataset] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """What a query found."""

    rows: int
    examples: tuple[str, ...] = ()
    """The first and the last row, as JSON."""


class Questions:
    """Answers queries about one matter.

    Args:
        connection: Holds the rows.
        words: What the names in braces stand for, as SQL.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, words: Mapping[str, str]) -> None:
        self._connection, self._words = connection, words

    def rows(self, query: str) -> Found:
        """Count the rows of a query; the first and the last of them as examples."""
        text = fill_in(query, self._words)
        asked = f"SELECT count(*), min(to_json(found)::VARCHAR), max(to_json(found)::VARCHAR) FROM ({text}) found"  # noqa: S608
        rows, first, last = self._connection.execute(asked).fetchall()[0]
        return Found(rows, tuple(dict.fromkeys(example for example in (first, last) if example)))

    def number(self, query: str) -> float | None:
        """The one number that a query finds; None for a null."""
        ((number,),) = self._connection.execute(fill_in(query, self._words)).fetchall()
        return None if number is None else float(number)


@contextmanager
def questions(matter: Matter, once: Mapping[str, str]) -> Iterator[Questions]:
    """Make rows ready to be asked about.

    Args:
        matter: The rows.
        once: Queries that others ask, by the name they call them by in braces: each is asked once, and its rows held.
    """
    with duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": matter.scratch}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("CREATE MACRO size(list) AS len(list)")  # Spark's word
        for schema in sorted({name.partition(".")[0] for name in matter.others}):
            connection.execute(f"CREATE SCHEMA {schema}")
        for n, (name, rows) in enumerate(matter.others.items()):
            _hold(connection, f"other_{n}", rows)
            connection.execute(f"CREATE VIEW {name} AS FROM other_{n}")
        for n, rows in enumerate(matter.batch):
            _hold(connection, f"part_{n}", rows)
        parts = " UNION ALL BY NAME ".join(f"FROM part_{n}" for n in range(len(matter.batch)))
        connection.execute(f"CREATE TEMP VIEW {_BATCH} AS {parts}")
        words = {"batch": _BATCH, **{name: _literal(value) for name, value in matter.values.items()}}
        for name, query in once.items():
            connection.execute(f"CREATE TEMP TABLE {name} AS {fill_in(query, words)}")
            words[name] = name
        yield Questions(connection, words)


def _hold(connection: duckdb.DuckDBPyConnection, name: str, rows: Dataset) -> None:
    """Let queries read rows under a name: by DuckDB's own Parquet reader where it can, which costs half of Arrow's."""
    if files := _plain_files(rows):
        told = "union_by_name = true, hive_partitioning = false"
        connection.execute(f"CREATE TEMP VIEW {name} AS FROM read_parquet([{', '.join(map(_literal, files))}], {told})")
    else:
        connection.register(name, rows)


def _plain_files(rows: Dataset) -> list[str]:
    """Paths of files on this machine that hold all of the rows' columns; none where only Arrow knows them all."""
    if not isinstance(rows, FileSystemDataset):
        return []
    filesystem, folder = rows.filesystem, ""
    if isinstance(filesystem, SubTreeFileSystem):
        filesystem, folder = filesystem.base_fs, filesystem.base_path
    files = [f"{folder}{file}" for file in rows.files]
    if not isinstance(filesystem, LocalFileSystem) or any(_PATTERN.search(file) for file in files):
        return []
    # A partition's value is in the name of a folder; a column that was added since is in no file.
    held = {name for file in files for name in pq.read_schema(file).names}
    return files if held >= set(rows.schema.names) else []


def _literal(value: object) -> str:
    """A value as SQL writes it."""
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, date):
        return f"DATE '{value}'"
    if isinstance(value, list | tuple):
        return f"({', '.join(map(_literal, value)) or 'NULL'})"
    return "'" + str(value).replace("'", "''") + "'"
