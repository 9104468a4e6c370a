"""The gate: every delivered file is read once, streaming, before Spark sees it."""

import codecs
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.errors import JobError
from jobs.tables import SOURCES, Source, Table

_CHUNK = 1 << 20
_HEADER_LIMIT = 64 * 1024
"""Bytes. A file whose first line is longer is not one of ours."""
_LINE_LIMIT = 16 << 20
"""Bytes. Spark holds whole lines in memory."""
_UNPACKED_LIMIT = 64 << 30
"""Bytes. Five times IMDb's largest dump; more is a bomb."""
_WITH_HEADER = (".tsv", ".csv")
_DAY_FOLDER = "????-??-??"


@dataclass(frozen=True)
class Delivered:
    """One delivered file that can be read to its end."""

    path: Path
    sha256: str
    header: tuple[str, ...]
    """Column names of a file that has them in its first line; empty otherwise."""


def deliveries(landing: Path, source: Source) -> dict[date, Path]:
    """Delivery day → folder, oldest first; folders with other names are not deliveries."""
    found = {}
    for folder in sorted((landing / source.folder).glob(_DAY_FOLDER)):
        try:
            found[date.fromisoformat(folder.name)] = folder
        except ValueError:
            continue
    return found


def delivered_days(landing: Path) -> list[date]:
    """Every day for which any source delivered, oldest first."""
    return sorted({day for source in SOURCES for day in deliveries(landing, source)})


def require_delivery(landing: Path, night: date) -> None:
    """Refuse a night for which nothing was delivered.

    Raises:
        JobError: Names the newest delivery there is.
    """
    days = delivered_days(landing)
    if night not in days:
        newest = f"the newest delivery is {days[-1]}" if days else "there is none at all"
        raise JobError(
            f"night {night} did not run: nothing was delivered for it in {landing}/<source>/{night}/, {newest}; "
            "put the files there, or run `reelhouse world` for a sample"
        )


def files_of(table: Table, folder: Path) -> list[Path]:
    """Files of one delivery that belong to a table, by its patterns, in order of name."""
    return sorted({path for pattern in table.files for path in folder.glob(pattern) if not path.name.startswith(".")})


def content_hash(files: list[Delivered]) -> str:
    """One hash for all files of a table's delivery, whatever their names (some names carry the day)."""
    return hashlib.sha256("".join(sorted(file.sha256 for file in files)).encode()).hexdigest()[:32]


def check(table: Table, path: Path) -> tuple[Delivered | None, list[str]]:
    """Read a file to its end.

    Returns:
        What was learned, None if the file cannot be used; and every problem found, in words.
    """
    if path.suffix == ".parquet":
        return _check_parquet(table, path)
    digest = hashlib.sha256()
    try:
        header, size = _read_through(path, digest)
    except (EOFError, gzip.BadGzipFile, zlib.error) as damage:
        return None, [f"{path} is truncated or damaged ({damage})"]
    except UnicodeDecodeError as wrong:
        return None, [f"{path} is not UTF-8 (byte {wrong.object[wrong.start]:#04x})"]
    except _TooLargeError as wrong:
        return None, [f"{path} {wrong}"]
    if not size:
        return None, [f"{path} is empty"]
    if not any(suffix in path.suffixes for suffix in _WITH_HEADER):
        return Delivered(path, digest.hexdigest(), ()), []
    columns = _split_header(header, path)
    problems = _missing_columns(table, columns, path)
    return (None if problems else Delivered(path, digest.hexdigest(), columns)), problems


def require(table: Table, paths: list[Path]) -> list[Delivered]:
    """Check all files of one table's delivery.

    Raises:
        JobError: With every problem of every file.
    """
    checked = [check(table, path) for path in paths]
    problems = [problem for _, found in checked for problem in found]
    if problems:
        raise JobError(
            f"{table.name} was not ingested: {'; '.join(problems)}; deliver the file again; what was published before stays"
        )
    return [file for file, _ in checked if file]


class _TooLargeError(ValueError):
    """A file passes one of the limits above."""


def _read_through(path: Path, digest: "hashlib._Hash") -> tuple[str, int]:
    """First line and unpacked size of a text file; hashes the bytes as delivered."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    header, size, line, has_header = b"", 0, 0, False
    for chunk in _unpacked(path, digest):
        decoder.decode(chunk)
        size += len(chunk)
        if not has_header:
            header += chunk[: _HEADER_LIMIT - len(header)]
            has_header = b"\n" in header or len(header) >= _HEADER_LIMIT
        last_break = chunk.rfind(b"\n")
        line = line + len(chunk) if last_break < 0 else len(chunk) - last_break
        if line > _LINE_LIMIT:
            raise _TooLargeError(f"has a line of more than {_LINE_LIMIT >> 20} MiB")
        if size > _UNPACKED_LIMIT:
            raise _TooLargeError(f"unpacks to more than {_UNPACKED_LIMIT >> 30} GiB")
    decoder.decode(b"", final=True)
    return header.partition(b"\n")[0].decode("utf-8", errors="replace").rstrip("\r").removeprefix("\ufeff"), size


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
    separator = "\t" if ".tsv" in path.suffixes else ","
    return tuple(name.strip().strip('"') for name in header.split(separator))


def _missing_columns(table: Table, columns: tuple[str, ...], path: Path) -> list[str]:
    """Every column of the definition that the header does not have, with the nearest name it does have."""
    expected = [name for name in table.column_names if name not in {"extra", "file", "night"}]
    problems = []
    for name in expected:
        if name not in columns:
            near = get_close_matches(name, columns, n=1)
            problems.append(f"{path} has no column {name}" + (f" (it has {near[0]})" if near else ""))
    return problems


def _check_parquet(table: Table, path: Path) -> tuple[Delivered | None, list[str]]:
    """Parquet keeps its own structure: the footer is read, the bytes are hashed."""
    digest = hashlib.sha256()
    with path.open("rb") as delivered:
        while block := delivered.read(_CHUNK):
            digest.update(block)
    try:
        columns = tuple(pq.read_schema(path).names)
    except pa.ArrowInvalid as damage:
        return None, [f"{path} is empty, truncated or no Parquet file ({str(damage).splitlines()[0][:100]})"]
    problems = _missing_columns(table, columns, path)
    return (None if problems else Delivered(path, digest.hexdigest(), columns)), problems
