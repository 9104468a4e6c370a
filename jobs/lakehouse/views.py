"""The lake's tables as read-only DuckDB views: what the command line asks, without a Spark session."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import duckdb
from deltalake import DeltaTable
from deltalake.schema import PrimitiveType

from jobs.errors import JobError, nearest
from jobs.lakehouse import ledger, opening
from jobs.tables import TABLES, Column, Table, job_of

if TYPE_CHECKING:
    import pyarrow as pa

_MEMORY = "2GB"
"""Of one query; it fails with one line when it needs more, as nothing may be written to disk."""
_THREADS = 4
_CHUNK_ROWS = 1_000
_CATALOGUE = re.compile(r"\b(information_schema|duckdb_\w+|pg_catalog|show|sqlite_master)\b", re.IGNORECASE)
_ADDRESS = re.compile(r'"?\b(bronze|silver|gold|ops)\b"?\s*\.\s*"?(\w+)\b"?', re.IGNORECASE)
_MISSING = re.compile(r"Table with name (\S+) does not exist")
_READS = {"SELECT", "EXPLAIN", "MULTI"}
"""Statements that only read; DuckDB calls a PIVOT ``MULTI``."""
_PARTITION_TYPES = {"date": "DATE", "string": "VARCHAR", "integer": "INTEGER"}
_ARRAY, _MAP = re.compile(r"array<(\w+)>"), re.compile(r"map<(\w+),(\w+)>")
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Answer:
    """What a query found."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


class Views:
    """Some tables of a lake, each a view named as its address, in a sandbox of its own.

    A query can read these tables at the version they had when this was made, or at an earlier one that is asked for, and
    nothing else: no file, no network, no extension, no setting. Threads may share it; one queries at a time. They do not
    share :meth:`batches` and :meth:`ask`, whose rows are fetched after the call: who uses these has views alone.

    Args:
        root: The lake's root.
        tables: The tables to show; those that were never published are left out, but that nothing was set aside or
            refused yet is an answer: those of ops are empty.
        versions: Table → the version to show; the newest, unless it is named here.
        memory: The most that one query may take.

    Raises:
        JobError: The lake was made by a newer version.
        GoneError: A version that is asked for is not kept any more.
    """

    def __init__(
        self, root: str, tables: Iterable[Table], versions: Mapping[Table, int] | None = None, memory: str = _MEMORY
    ) -> None:
        tables = tuple(tables)
        opened = {table: delta for table in tables if (delta := ledger.open_table(root, table)) is not None}
        opened |= {table: ledger.open_version(root, table, version) for table, version in (versions or {}).items()}
        for table in opened:
            ledger.latest(root, table)  # refuses a lake of a newer version
        self.root = root
        self._alone = Lock()
        self.editions = {table: opening.edition(delta) for table, delta in opened.items()}
        self.versions = {table: version for table, (_, version) in self.editions.items()}
        self.published = frozenset(table.name for table in opened)
        empty = [table for table in tables if table.layer == "ops" and table not in opened]
        with _readable():
            self._connection = _connect(opened, empty, memory)

    def require(self, *tables: Table) -> None:
        """Refuse to go on without these tables.

        Raises:
            JobError: One of them was never published.
        """
        for table in tables:
            if table.name not in self.published:
                raise JobError(_never_published(table))

    def rows(self, query: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        """All rows that a query of our own finds.

        Raises:
            JobError: Files cannot be read, or it takes more memory than a query may.
        """
        with self._alone, _readable():
            return self._connection.execute(query, parameters).fetchall()

    def arrow(self, query: str, parameters: Sequence[object] = ()) -> "pa.Table":
        """The same as columns, where rows are many.

        Raises:
            JobError: Files cannot be read, or it takes more memory than a query may.
        """
        with self._alone, _readable():
            return self._connection.sql(query, params=list(parameters)).to_arrow_table()

    def batches(self, query: str, rows: int) -> Iterator["pa.RecordBatch"]:
        """The same some rows at a time, as they are found."""
        with _readable():
            yield from self._connection.sql(query).to_arrow_reader(rows)

    def ask(self, query: str) -> Answer:
        """Run a query of an analyst.

        Raises:
            JobError: It is not one statement that reads, or DuckDB refuses it.
        """
        try:
            statements = self._connection.extract_statements(query)
            kinds = [statement.type.name for statement in statements]
            if len(kinds) != 1 or kinds[0] not in _READS:
                asked = " and ".join(kinds) or "nothing"
                raise JobError(
                    f"the query was not run: it asks for {asked}; give one statement that reads: SELECT, FROM, WITH, "
                    "DESCRIBE, SUMMARIZE, EXPLAIN"
                )
            found = self._connection.execute(query)
            return Answer(tuple(column[0] for column in found.description or ()), _chunks(found))
        except duckdb.CatalogException as error:
            raise JobError(f"the query was not run: {self._what_is_missing(query, error)}") from error
        except duckdb.Error as error:
            raise JobError(f"the query was not run: {_in_one_line(error)}") from error

    def _what_is_missing(self, query: str, error: duckdb.Error) -> str:
        """DuckDB's complaint about a table in the lake's own words."""
        missing = _MISSING.search(str(error))
        if not missing:
            return _in_one_line(error)
        known = {table.name: table for table in TABLES}
        addresses = list(dict.fromkeys(_addresses(query)))
        unpublished = [name for name in addresses if name in known and name not in self.published]
        if unpublished:
            return _never_published(known[unpublished[0]])
        name = next((name for name in addresses if name not in known), missing[1])
        near = nearest(name, known)
        return f"there is no table {name}" + (f"; did you mean {near}?" if near else "; `reelhouse tables` lists them")


def views_for(root: str, query: str) -> Views:
    """Views of the tables that a query names; of all, if it asks which there are."""
    named = set(_addresses(query))
    return Views(root, [table for table in TABLES if table.name in named or _CATALOGUE.search(query)])


def _connect(opened: dict[Table, DeltaTable], empty: Sequence[Table], memory: str) -> duckdb.DuckDBPyConnection:
    """A database in memory that holds the views and can reach nothing but their files."""
    connection = duckdb.connect(
        config={
            "memory_limit": memory,
            "threads": _THREADS,
            "temp_directory": "",
            # What a query frees goes back to the system: the site, which is never over, is 50 MB smaller so.
            "allocator_bulk_deallocation_flush_threshold": "1MB",
        }
    )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET python_enable_replacements = false")
    files = {table: _files(delta) for table, delta in opened.items()}
    empty = [*empty, *(table for table, own in files.items() if own == [])]
    connection.execute(f"SET allowed_paths = {_literal([file for own in files.values() for file in own or ()])}")
    connection.execute("CREATE MACRO explode(list) AS unnest(list)")  # Spark's word
    for schema in sorted({table.layer for table in (*opened, *empty)}):
        connection.execute(f"CREATE SCHEMA {schema}")
    for table, delta in opened.items():
        if table in empty:
            continue
        if own := files[table]:
            rows = _parquet(delta, own)
        else:
            rows = f'"{table.name}"'
            connection.register(table.name, delta.to_pyarrow_dataset())
        connection.execute(f"CREATE VIEW {table.name} AS SELECT {_columns(delta, table)} FROM {rows}")  # noqa: S608
    for table in empty:
        columns = ", ".join(f'"{column.name}" {_type(column)}' for column in table.columns)
        connection.execute(f"CREATE TABLE {table.name} ({columns})")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _needs_arrow(delta: DeltaTable) -> bool:
    """Whether DuckDB's Parquet reader cannot be given the files.

    An Arrow dataset takes over a second to import and scans slower, but reads from any storage, and refuses a table
    that needs more of a reader than Parquet.
    """
    return "://" in delta.table_uri.removeprefix("file://") or delta.protocol().min_reader_version > 1


def _files(delta: DeltaTable) -> list[str] | None:
    """Paths of the table's files; None where DuckDB cannot be given them, or would take one for a pattern."""
    files = [unquote(uri).removeprefix("file://") for uri in delta.file_uris()]
    return None if files and (_needs_arrow(delta) or any(_GLOB.search(file) for file in files)) else files


def _parquet(delta: DeltaTable, files: list[str]) -> str:
    """A scan of the files, with the partition columns from their folders."""
    types = {field.name: field.type for field in delta.schema().fields}
    partitions = {
        name: _PARTITION_TYPES[kind.type]
        for name in delta.metadata().partition_columns
        if isinstance(kind := types[name], PrimitiveType)
    }
    hive = ", ".join(f"{name}: {kind}" for name, kind in partitions.items())
    folders = f", hive_partitioning = true, hive_types = {{{hive}}}" if partitions else ", hive_partitioning = false"
    return f"read_parquet({_literal(files)}, union_by_name = true{folders})"


def _columns(delta: DeltaTable, table: Table) -> str:
    """The table's columns in order, times as UTC, however the files store them; null where it did not have one yet."""
    fields = delta.schema().fields
    held = [
        f'CAST("{field.name}" AS TIMESTAMPTZ) AS "{field.name}"'
        if isinstance(field.type, PrimitiveType) and field.type.type == "timestamp"
        else f'"{field.name}"'
        for field in fields
    ]
    added = table.optional_beside({field.name for field in fields})
    return ", ".join([*held, *(f'CAST(NULL AS {_type(column)}) AS "{column.name}"' for column in added)])


def _type(column: Column) -> str:
    """DuckDB's name of a column's type: most are called as in Spark."""
    if column.type == "timestamp":
        return "TIMESTAMPTZ"
    return _MAP.sub(r"MAP(\1, \2)", _ARRAY.sub(r"\1[]", column.type))


def _literal(texts: Iterable[str]) -> str:
    """A SQL list of strings."""
    quoted = ", ".join("'" + text.replace("'", "''") + "'" for text in texts)
    return f"[{quoted}]"


def _addresses(query: str) -> list[str]:
    """Everything in a query that looks like a table's address."""
    return [f"{layer}.{name}".lower() for layer, name in _ADDRESS.findall(query)]


def _chunks(found: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    """Rows, fetched some at a time."""
    try:
        while chunk := found.fetchmany(_CHUNK_ROWS):
            yield from chunk
    except duckdb.Error as error:
        raise JobError(f"the query was not finished: {_in_one_line(error)}") from error


@contextmanager
def _readable() -> Iterator[None]:
    """What an operator can mend of a query of our own."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise JobError(f"the tables were not read: {_in_one_line(error)}") from error
    except (duckdb.IOException, duckdb.InvalidInputException, duckdb.PermissionException) as error:
        # The message names the file, and its folder the table; one that is gone is asked for as a folder, which is not allowed.
        raise JobError(
            f"the tables were not read: {_in_one_line(error)}; `reelhouse restore TABLE --deep` shows what is whole"
        ) from error


def _in_one_line(error: duckdb.Error) -> str:
    """DuckDB's message without the quoted query."""
    return " ".join(str(error).partition("\n\n")[0].split())


def _never_published(table: Table) -> str:
    if table.layer == "ops":
        return f"{table.name} was never published: nothing was set aside or refused yet"
    return f"{table.name} was never published; run `reelhouse run {job_of(table)}`, or `reelhouse night` for all tables"
