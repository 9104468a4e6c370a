"""Where broken records stand in their files: found afterwards, by one pass over only those files that hold any.

Spark's readers of text do not know the numbers of lines; those of Parquet do, and told them already.
"""

import contextlib
import csv
import gzip
import io
import json
import zlib
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.lakehouse.audit.mark import LINE, RECORD
from jobs.lakehouse.staging import StagedFile
from jobs.tables import SOURCES, Table

_MOST_RECORDS = 10_000
"""Broken records of a delivery that are looked for: whoever mends a file does not need more, and all are held in memory."""
_MOST_BYTES = 64 << 20
"""Of their text."""
_CHUNK = 1 << 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Wanted = dict[tuple[str, str], list[str]]
"""Day of the delivery and name of the file → broken records, in the order in which they were written."""
Found = Mapping[tuple[str, str], Mapping[str, "deque[int]"]]
"""Day and file → record → numbers of the lines that it begins on."""


def number(files: list[StagedFile], table: Table, landing: Path) -> list[StagedFile]:
    """Write beside each broken record of a delivery the line that it was read from.

    A record that occurs several times gets its several lines. It has none beyond the first 10,000 of its delivery, or
    where the file is not what was read any more.

    Args:
        files: All files of a staged publication.
        table: Their table; of one that is not delivered nothing is looked for.
        landing: The folder of deliveries.

    Returns:
        The same files.
    """
    folder = next((source.folder for source in SOURCES if table in source.tables), None)
    broken = [file for file in files if not file.is_kept]
    if folder is None or not broken:
        return files
    found = {}
    for (day, name), records in _wanted(broken).items():
        # Whoever changed the file meanwhile changed its lines.
        with contextlib.suppress(OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error):
            found[day, name] = find(landing / folder / day / name, records)
    for file in broken if found else ():
        _note(file, found)
    return files


def find(path: Path, records: Collection[str]) -> Mapping[str, "deque[int]"]:
    """Find records in a text file, as the readers tell of them.

    Args:
        path: The file, packed or not.
        records: Raw lines; of CSV, JSON objects of the cells with a value, or raw text.

    Returns:
        The lines that each begins on, in order: no more of them than it was asked for.
    """
    return _find_csv(path, records) if ".csv" in path.suffixes else _find_lines(path, records)


def _wanted(broken: Collection[StagedFile]) -> Wanted:
    """The broken records whose lines are not known: of each delivery the first."""
    wanted, left = Wanted(), dict[str, list[int]]()
    for file in broken:
        budget = left.setdefault(file.part, [_MOST_RECORDS, _MOST_BYTES])
        for batch in file.batches(["file", RECORD, LINE]):
            if {"file", RECORD} - set(batch.schema.names):
                continue
            known = batch.column(LINE) if LINE in batch.schema.names else pa.nulls(batch.num_rows)
            for name, record, line in zip(batch.column("file"), batch.column(RECORD), known, strict=True):
                text = record.as_py()
                if line.is_valid or text is None or budget[0] < 1 or budget[1] < len(text):
                    continue
                budget[0], budget[1] = budget[0] - 1, budget[1] - len(text)
                wanted.setdefault((file.part, name.as_py()), []).append(text)
    return wanted


@dataclass
class _Search:
    """Records that are looked for, each as often as it was asked for."""

    left: dict[str, int] = field(default_factory=dict)
    found: dict[str, "deque[int]"] = field(default_factory=dict)

    @classmethod
    def of(cls, keys: Collection[str]) -> "_Search":
        search = cls()
        for key in keys:
            search.left[key] = search.left.get(key, 0) + 1
        return search

    def meet(self, key: str, line: int) -> bool:
        """A record begins on a line; returns whether all were found by now."""
        if key in self.left:
            self.found.setdefault(key, deque()).append(line)
            self.left[key] -= 1
            if not self.left[key]:
                del self.left[key]
        return not self.left


def _find_lines(path: Path, records: Collection[str]) -> Mapping[str, "deque[int]"]:
    """Of a format with one record a line; what ends a line says nothing."""
    by_line = {record.rstrip("\r").encode(): record for record in records}
    search, looked_for = _Search.of(records), {end for line in by_line for end in (line, line + b"\r")}
    for first, lines in _lines(path):
        # Nearly no line is broken: those of a chunk are compared at once.
        if looked_for.isdisjoint(lines):
            continue
        for number_, line in enumerate(lines, first):
            if line in looked_for and search.meet(by_line[line.rstrip(b"\r")], number_):
                return search.found
    return search.found


def _lines(path: Path) -> Iterator[tuple[int, list[bytes]]]:
    """The lines of a file some at a time, each time with the number of the first."""
    first, rest = 1, b""
    with _opened(path) as content:
        if (start := content.read(len(_BYTE_ORDER_MARK))) != _BYTE_ORDER_MARK:
            rest = start
        while chunk := content.read(_CHUNK):
            lines = (rest + chunk).split(b"\n")
            rest = lines.pop()
            yield first, lines
            first += len(lines)
    yield first, rest.split(b"\n")


def _opened(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _find_csv(path: Path, records: Collection[str]) -> Mapping[str, "deque[int]"]:
    """Of CSV, whose records may go over several lines: those with the same cells, or the same text."""
    cells = {record: told for record in records if (told := _cells_of(record)) is not None}
    by_text = {_plain(record): record for record in records if record not in cells}
    search = _Search.of(records)
    with _opened(path) as content, io.TextIOWrapper(content, "utf-8-sig", newline="") as text:
        read = list[str]()
        rows, begins = csv.reader(_remembering(text, read)), 1
        header = [name.strip() for name in next(rows, [])]
        by_cells = {tuple(told.get(name) or "" for name in header): record for record, told in cells.items()}
        begins += len(read)
        read.clear()
        for row in rows:
            record = by_cells.get(tuple(row)) or (by_text.get(_plain("".join(read))) if by_text else None)
            if record is not None and search.meet(record, begins):
                break
            begins += len(read)
            read.clear()
    return search.found


def _remembering(text: Iterable[str], read: list[str]) -> Iterator[str]:
    """Lines, each kept until the record is complete."""
    for line in text:
        read.append(line)
        yield line


def _cells_of(record: str) -> dict[str, str] | None:
    """Cells of a record of CSV, by name of the column; None for one that could not be read and is raw text."""
    with contextlib.suppress(ValueError):
        told = json.loads(record)
        return told if isinstance(told, dict) else None
    return None


def _plain(text: str) -> str:
    """Text of a record whatever ends its lines."""
    return text.replace("\r\n", "\n").rstrip("\n")


def _note(file: StagedFile, found: Found) -> None:
    """Write the lines that were found into a staged file."""
    filled = f"{file.path}.lines"
    with file.filesystem.open_input_file(file.path) as source:
        held = pq.ParquetFile(source)
        names = [name for name in held.schema_arrow.names if name != LINE]
        schema = pa.schema([*(held.schema_arrow.field(name) for name in names), pa.field(LINE, pa.int64())])
        with file.filesystem.open_output_stream(filled) as sink, pq.ParquetWriter(sink, schema) as writer:
            for batch in held.iter_batches():
                rows = pa.Table.from_batches([batch])
                lines = pa.array(list(_numbers(rows, file.part, found)), pa.int64())
                writer.write_table(rows.select(names).append_column(schema.field(LINE), lines).cast(schema))
    file.filesystem.move(filled, file.path)


def _numbers(rows: pa.Table, part: str, found: Found) -> Iterator[int | None]:
    """The line of each row."""
    known = rows.column(LINE) if LINE in rows.column_names else pa.nulls(rows.num_rows)
    for name, record, line in zip(rows.column("file"), rows.column(RECORD), known, strict=True):
        lines = found.get((part, name.as_py()), {}).get(record.as_py())
        yield line.as_py() if line.is_valid or not lines else lines.popleft()
