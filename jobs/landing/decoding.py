"""A Parquet file read to its end, in a process of its own: a hostile one can end the process that reads it, or fill it.

Run as a program by the gate, which hands it a path and three limits: columns, bytes of a value, bytes unpacked. It prints
what it found as JSON.
"""

import json
import resource
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

MEMORY = 4 << 30
"""Address space of the process: a page of each of a thousand columns, packed and unpacked."""
_ROWS = 1024
"""Rows that are held at once."""
_BUFFER = 64 << 10
_PARQUET_END = 8
"""Bytes of the footer's length and of the mark that end a file."""
_UNKNOWN = ("TIME", "FLOAT16", "UUID")
"""Kinds of values that Spark's reader of Parquet stops at, and so the night."""
_DIGITS = 38
"""Of a decimal number, in Spark."""
_TYPE_SHOWN = 200
"""Characters of a type."""


class RefusedError(ValueError):
    """What is wrong with a file, in words that follow its path.

    Args:
        problem: The words.
        limit: Name of the limit that they end with, if one is passed.
    """

    def __init__(self, problem: str, limit: str = "") -> None:
        super().__init__(problem)
        self.limit = limit


def read(path: str, columns: int, value: int, unpacked: int) -> dict[str, object]:
    """Read a file to its end.

    Args:
        path: The file.
        columns: The most columns it may have.
        value: The most bytes of one value.
        unpacked: The most bytes of all.

    Returns:
        Names and types of its columns, its rows, and the bytes that they unpack to.

    Raises:
        RefusedError: It cannot be read, is not what its footer says, holds text that is none, or passes a limit.
    """
    try:
        with pq.ParquetFile(path, buffer_size=_BUFFER) as parquet:
            footer, schema = parquet.metadata, parquet.schema_arrow
            if footer.num_columns > columns:
                raise RefusedError(f"has more than {columns:,} columns (REELHOUSE_GATE__COLUMNS)")
            _require_kept(path, footer)
            _require_known(parquet.schema)
            rows = size = 0
            for batch in parquet.iter_batches(_ROWS, use_threads=False):
                for name, cells in zip(schema.names, batch.columns, strict=True):
                    _require_text(name, cells, rows, value)
                # A column of nothing takes no room, however many rows it has.
                rows, size = rows + batch.num_rows, size + max(batch.nbytes, batch.num_rows)
                if size > unpacked:
                    raise RefusedError("unpacks to", "unpacked")
            if rows != footer.num_rows:
                raise RefusedError("tells of other rows than it holds")
            types = [str(column.type)[:_TYPE_SHOWN] for column in schema]
            return {"columns": schema.names, "types": types, "rows": rows, "unpacked": size}
    except MemoryError:
        raise RefusedError(f"takes more than {MEMORY >> 30} GiB of memory to read") from None
    except UnicodeDecodeError:
        raise RefusedError("names a column in bytes that are not UTF-8") from None
    except (pa.ArrowException, OSError) as damage:
        said = " ".join(str(damage).split())[:100]
        raise RefusedError(f"is empty, truncated or no Parquet file ({said})") from None


def _require_kept(path: str, footer: pq.FileMetaData) -> None:
    """Believe a footer only as far as the file can hold what it tells of: Spark makes room for that first."""
    with open(path, "rb") as file:  # noqa: PTH123
        held = file.seek(0, 2) - footer.serialized_size - _PARQUET_END
    for group in map(footer.row_group, range(footer.num_row_groups)):
        for column in map(group.column, range(group.num_columns)):
            start = min(column.data_page_offset, column.dictionary_page_offset or column.data_page_offset)
            if start < 0 or column.total_compressed_size < 0 or start + column.total_compressed_size > held:
                raise RefusedError(f"tells of more data than the {held:,} bytes that it holds")
            if "." not in column.path_in_schema and column.num_values != group.num_rows:
                raise RefusedError("tells of other rows than it holds")


def _require_known(schema: pq.ParquetSchema) -> None:
    """Refuse what Spark has no type for."""
    for column in map(schema.column, range(len(schema.names))):
        kind = column.logical_type.type
        if kind in _UNKNOWN or (kind == "DECIMAL" and column.precision > _DIGITS):
            said = str(column.logical_type)[:_TYPE_SHOWN]
            raise RefusedError(f"has in column {column.path!r} what Spark cannot read ({said}): write it as text")


def _require_text(name: str, cells: "pa.Array[Any]", before: int, limit: int) -> None:
    """Refuse text that is none: Spark would take any of it for the same, and other engines would not read the table.

    Of a time that Spark cannot hold it would end.
    """
    for leaf in _leaves(cells):
        if _longest(leaf) > limit:
            row = before + _first(cells, lambda one: _longest(one) > limit)
            raise RefusedError(f"has in row {row:,}, column {name!r}", "line")
        if not _is_text(leaf):
            row = before + _first(cells, lambda one: not _is_text(one))
            raise RefusedError(f"is not UTF-8 (in row {row:,}, column {name!r})")
        if not _is_time(leaf):
            row = before + _first(cells, lambda one: not _is_time(one))
            raise RefusedError(f"has in row {row:,}, column {name!r} a time some 290,000 years or more from now")


def _first(cells: "pa.Array[Any]", is_wrong: Callable[["pa.Array[Any]"], bool]) -> int:
    """Number of the first row, counted from 1, of which a plain value is wrong."""
    rows = (cells.slice(number, 1) for number in range(len(cells)))
    return next(number for number, row in enumerate(rows, start=1) if any(map(is_wrong, _leaves(row))))


def _longest(leaf: "pa.Array[Any]") -> int:
    """Bytes of the longest text in it; 0 of what is no text."""
    is_bytes = pa.types.is_string(leaf.type) or pa.types.is_binary(leaf.type)
    return (pc.max(pc.binary_length(leaf)).as_py() or 0) if is_bytes else 0


def _leaves(values: "pa.Array[Any]") -> Iterator["pa.Array[Any]"]:
    """Arrays of plain values within an array; bytes and text of every kind as bytes and text of one."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        yield from _leaves(values.dictionary_decode())
    elif pa.types.is_map(kind):
        yield from (leaf for part in (values.keys, values.items) for leaf in _leaves(part))
    elif pa.types.is_struct(kind):
        yield from (leaf for part in values.flatten() for leaf in _leaves(part))
    elif pa.types.is_nested(kind):
        yield from _leaves(values.flatten())
    elif pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        yield values.cast(pa.string())
    elif pa.types.is_fixed_size_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        yield values.cast(pa.binary())
    else:
        yield values


def _is_text(leaf: "pa.Array[Any]") -> bool:
    """Whether bytes are UTF-8; whatever is no text is."""
    try:
        if pa.types.is_binary(leaf.type):
            leaf.cast(pa.string())
        elif pa.types.is_string(leaf.type):
            leaf.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _is_time(leaf: "pa.Array[Any]") -> bool:
    """Whether times can be told in microseconds, as Spark does; whatever is no time can."""
    try:
        if pa.types.is_timestamp(leaf.type) and leaf.type.unit in ("s", "ms"):
            leaf.cast(pa.timestamp("us", leaf.type.tz))
    except pa.ArrowInvalid:
        return False
    return True


def main(path: str, *limits: str) -> None:
    """Print what a file holds, or the problem with it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Its own allocators set more address space aside than they use.
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        found = read(path, *map(int, limits))
    except RefusedError as refused:
        found = {"problem": str(refused), "limit": refused.limit}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
