"""The gate: every delivered file is read once, streaming, before Spark sees it."""

import codecs
import csv
import gzip
import hashlib
import io
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.landing.records import CsvRecords, Lines
from jobs.tables import Table

_CHUNK = 1 << 20
_WITH_HEADER = (".tsv", ".csv")
_OWN = ("extra", "file", "night")
"""Columns of every bronze row that are not delivered; neither is any that begins with an underscore."""
_LINE_SHOWN = 100
"""Characters of a first line that has none of the columns."""


@dataclass(frozen=True)
class Limits:
    """What a file may not pass, in bytes."""

    header: int = 64 << 10
    """A file whose first line is longer is not one of ours."""
    line: int = 16 << 20
    """Spark holds whole lines in memory."""
    unpacked: int = 64 << 30
    """Five times IMDb's largest dump; more is a bomb."""


LIMITS = Limits()


@dataclass(frozen=True)
class Delivered:
    """One delivered file that can be read to its end."""

    path: Path
    sha256: str
    header: tuple[str, ...]
    """Column names of a file that has them in its first line; empty otherwise."""
    records: int
    """Rows that a reader makes of it, good and broken: lines that are not blank, without the header."""


def check(table: Table, path: Path, limits: Limits = LIMITS) -> tuple[Delivered | None, list[str]]:
    """Read a file to its end.

    Args:
        table: What it is delivered for.
        path: The file.
        limits: What it may not pass.

    Returns:
        What was learned, None if the file cannot be used; and every problem found, in words.
    """
    if path.suffix == ".parquet":
        return _check_parquet(table, path)
    digest, has_header = hashlib.sha256(), any(suffix in path.suffixes for suffix in _WITH_HEADER)
    try:
        lines = CsvRecords() if ".csv" in path.suffixes else Lines(has_header=has_header)
        header, size = _read_through(path, digest, lines, limits)
    except (EOFError, gzip.BadGzipFile, zlib.error) as damage:
        return None, [f"{path} is truncated or damaged ({damage})"]
    except UnicodeDecodeError as wrong:
        return None, [f"{path} is not UTF-8 (byte {wrong.object[wrong.start]:#04x})"]
    except _TooLargeError as wrong:
        return None, [f"{path} {wrong}"]
    if not size:
        return None, [f"{path} is empty"]
    if not has_header:
        return Delivered(path, digest.hexdigest(), (), lines.records), []
    if len(header) > limits.header:
        return None, [f"{path} has a first line of more than {_size(limits.header)}"]
    columns = _split_header(header.decode().rstrip("\r\n").removeprefix("\ufeff"), path)
    problems = _wrong_columns(table, columns, path)
    return (None if problems else Delivered(path, digest.hexdigest(), columns, lines.records)), problems


class _TooLargeError(ValueError):
    """A file passes one of the limits above."""


def _read_through(path: Path, digest: "hashlib._Hash", lines: Lines, limits: Limits) -> tuple[bytes, int]:
    """First line (or as much of it as passes the limit) and unpacked size of a text file.

    The bytes are hashed as delivered, and their records counted.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    header, size, line, has_header = b"", 0, 0, False
    for chunk in _unpacked(path, digest):
        decoder.decode(chunk)
        size += len(chunk)
        if not has_header:
            header += chunk[: limits.header + 1 - len(header)]
            has_header = b"\n" in header or len(header) > limits.header
        first_break, last_break = chunk.find(b"\n"), chunk.rfind(b"\n")
        longest = line + (len(chunk) if first_break < 0 else first_break)
        line = longest if last_break < 0 else len(chunk) - last_break - 1
        if longest > limits.line:
            raise _TooLargeError(f"has a line of more than {_size(limits.line)}")
        if size > limits.unpacked:
            raise _TooLargeError(f"unpacks to more than {_size(limits.unpacked)}")
        lines.feed(chunk)
        if lines.longest > limits.line:
            raise _TooLargeError(f"has a record of more than {_size(limits.line)}: a quote is not closed")
    decoder.decode(b"", final=True)
    lines.finish()
    return header.partition(b"\n")[0], size


def _size(limit: int) -> str:
    """A limit in the largest unit that it is a whole number of."""
    units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
    return next((f"{limit // unit} {name}" for unit, name in units if limit % unit == 0), f"{limit} bytes")


class _HashingReader(io.RawIOBase):
    """Hashes the bytes of a file while they are read."""

    def __init__(self, path: Path, digest: "hashlib._Hash") -> None:
        self._file = path.open("rb")
        self._digest = digest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        block = self._file.read(len(buffer))
        self._digest.update(block)
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._file.close()
        super().close()


def _unpacked(path: Path, digest: "hashlib._Hash") -> Iterator[bytes]:
    """The file's content in chunks, unpacked if its name ends with .gz."""
    with _HashingReader(path, digest) as delivered:
        buffered = io.BufferedReader(delivered, _CHUNK)
        content: io.BufferedIOBase | gzip.GzipFile = (
            gzip.GzipFile(fileobj=buffered) if path.suffix == ".gz" else buffered
        )
        while chunk := content.read(_CHUNK):
            yield chunk


def _split_header(header: str, path: Path) -> tuple[str, ...]:
    """Column names of a header line."""
    if ".tsv" in path.suffixes:
        return tuple(header.split("\t"))
    return tuple(name.strip() for name in next(csv.reader([header]), []))


def _wrong_columns(table: Table, columns: tuple[str, ...], path: Path) -> list[str]:
    """Everything that makes a header unusable, in words."""
    return [f"{path} {problem}" for problem in (*_missing_columns(table, columns), *_unusable_names(columns))]


def _missing_columns(table: Table, columns: tuple[str, ...]) -> Iterator[str]:
    """Every column of the definition that the header does not have, with the nearest name it does have."""
    expected = [name for name in table.column_names if name not in _OWN]
    if not set(expected) & set(columns):
        yield f"has none of the columns {', '.join(expected)}; its first line reads {','.join(columns)[:_LINE_SHOWN]!r}"
        return
    for name in expected:
        if name not in columns:
            near = get_close_matches(name, columns, n=1)
            yield f"has no column {name}" + (f" (it has {near[0]})" if near else "")


def _unusable_names(columns: tuple[str, ...]) -> Iterator[str]:
    """Names that would hide one another, or that a bronze row has a meaning of its own for."""
    empty = [str(number) for number, name in enumerate(columns, start=1) if not name]
    if empty:
        yield f"has no name for column {_quoted(empty, quote='')}"
    # Spark does not tell names apart by their case.
    times = Counter(name.casefold() for name in columns if name)
    twice = [name for name, count in times.items() if count > 1]
    if twice:
        yield f"has more than one column {_quoted(twice)}"
    reserved = [name for name in columns if name.startswith("_") or name.casefold() in _OWN]
    if reserved:
        yield f"has a column {_quoted(reserved)}, a name that is reserved: rename it"


def _quoted(names: Iterable[str], quote: str = "'") -> str:
    return ", ".join(f"{quote}{name}{quote}" for name in names)


def _check_parquet(table: Table, path: Path) -> tuple[Delivered | None, list[str]]:
    """Parquet keeps its own structure: the footer is read, the bytes are hashed."""
    digest = hashlib.sha256()
    with path.open("rb") as delivered:
        while block := delivered.read(_CHUNK):
            digest.update(block)
    try:
        footer = pq.read_metadata(path)
        columns = tuple(footer.schema.to_arrow_schema().names)
    except pa.ArrowInvalid as damage:
        return None, [f"{path} is empty, truncated or no Parquet file ({str(damage).splitlines()[0][:100]})"]
    problems = _wrong_columns(table, columns, path)
    return (None if problems else Delivered(path, digest.hexdigest(), columns, footer.num_rows)), problems
