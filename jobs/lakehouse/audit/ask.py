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

    def measure(self, rows: Sequence[Dataset], columns: Sequence[str], aggregates: Sequence[str]) -> list[float]:
        """What aggregations find of some columns of rows, which are all that is read."""
        query = f"SELECT {', '.join(aggregates)} FROM ({self._rows(rows, columns)})"  # noqa: S608
        return [float(number) for number in self._connection.execute(query).fetchall()[0]]

    def new_keys(self, rows: Sequence[Dataset], before: Dataset, key: Sequence[str]) -> int:
        """Count the rows whose key another version of their table does not have."""
        _hold(self._connection, "before", before, key)
        # Of keys' hashes, which cost three fifths: of two million keys two have one in common once in ten million times.
        own = f"SELECT hash({', '.join(map(_name, key))}) AS key FROM"
        found = f"({own} ({self._rows(rows, key)})) ANTI JOIN ({own} before) USING (key)"
        return int(self._connection.execute(f"SELECT count(*) FROM {found}").fetchall()[0][0])  # noqa: S608

    def _rows(self, rows: Sequence[Dataset], columns: Sequence[str]) -> str:
        """A query for some columns of rows."""
        for n, some in enumerate(rows):
            _hold(self._connection, f"measured_{n}", some, columns)
        names = ", ".join(map(_name, columns))
        return " UNION ALL ".join(f"SELECT {names} FROM measured_{n}" for n in range(len(rows)))  # noqa: S608

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


def _hold(
    connection: duckdb.DuckDBPyConnection, name: str, rows: Dataset, columns: Sequence[str] | None = None
) -> None:
    """Let queries read rows under a name: by DuckDB's own Parquet reader where it can, which costs half of Arrow's.

    Args:
        connection: What asks.
        name: The name.
        rows: The rows.
        columns: All that queries name of them; any, unless given.
    """
    if files := _plain_files(rows, rows.schema.names if columns is None else columns):
        told = f"[{', '.join(map(_literal, files))}], union_by_name = true, hive_partitioning = false"
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS FROM read_parquet({told})")
    else:
        connection.register(name, rows)


def _plain_files(rows: Dataset, columns: Sequence[str]) -> list[str]:
    """Paths of files on this machine that hold these columns of the rows; none where only Arrow knows them all."""
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
    return files if held >= set(columns) else []


def _name(column: str) -> str:
    """A column as SQL names it, whatever it is called."""
    return f'"{column}"'


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
