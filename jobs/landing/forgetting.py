"""Take a person's records out of delivered files: each is written anew without them, everything else byte for byte.

Of a text the lines stay, empty: an empty line is no record, and what is said of a line of the file stays true.

The new files lie beside the old ones until the lake knows their hashes; then they take their places. So a night finds the
delivery unchanged, and a run that is killed is finished by the next one, which makes the same files again.
"""

import csv
import gzip
import hashlib
import io
import shutil
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.lakehouse.person import USER_ID, Person
from jobs.landing.content import kind_of
from jobs.landing.deliveries import content_hash, deliveries, files_of
from jobs.landing.durable import sync_folder
from jobs.landing.hashes import Hashes
from jobs.tables.bronze import EVENTS, INTERACTIONS

_SUFFIX = ".forget"
_UNREADABLE = (OSError, EOFError, zlib.error, pa.ArrowException)
"""What reading a file raises that was cut short, or is not what its name says."""
_LONGEST_RECORD = 16 << 20
"""Bytes; what goes on for longer is no record, or has a quote that nobody closed."""


@dataclass(frozen=True)
class Rewritten:
    """A file with a person in it, and what it will be."""

    path: Path
    beside: Path | None
    """The file without the person; None if nothing is left of it."""
    records: int
    """Records that are left out."""

    def put(self) -> None:
        """Let the new file take its place."""
        if self.beside is None:
            self.path.unlink()
        else:
            self.beside.replace(self.path)
        sync_folder(self.path.parent)


def event_logs(landing: Path) -> list[Path]:
    """Every file of events, also of deliveries that are not whole yet, in order."""
    home = landing / EVENTS.folder
    found = home.rglob("*") if home.is_dir() else ()
    return sorted(
        path
        for path in found
        if path.is_file() and not path.is_symlink() and any(fnmatchcase(path.name, one) for one in INTERACTIONS.files)
    )


def prepare(files: Iterable[Path], person: Person) -> list[Rewritten]:
    """Write those files that hold a person anew, beside their places."""
    return [done for path in files if (done := rewrite(path, person))]


def contents(landing: Path, rewritten: Iterable[Rewritten], held: Mapping[str, str]) -> dict[str, str]:
    """Hashes of deliveries as they will be, where the lake holds them as they are now.

    Args:
        landing: Folder of the files as delivered.
        rewritten: What was prepared.
        held: Content hash of each delivery that the lake holds, by day.
    """
    new = {done.path: done.beside for done in rewritten}
    hashes, found = Hashes(landing / EVENTS.folder), {}
    for day, folder in deliveries(landing, EVENTS).items():
        files = files_of(INTERACTIONS, folder)
        if not any(file in new for file in files) or held.get(str(day)) != content_hash(map(hashes.of, files)):
            continue
        left = [
            _digest(beside) if file in new else hashes.of(file) for file in files if (beside := new.get(file, file))
        ]
        found[str(day)] = content_hash(left)
    return found


def remember(landing: Path) -> None:
    """Let the hashes that are remembered be those of the files that are there now."""
    hashes = Hashes(landing / EVENTS.folder)
    for folder in deliveries(landing, EVENTS).values():
        for file in files_of(INTERACTIONS, folder):
            hashes.of(file)
    hashes.save()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def rewrite(path: Path, person: Person, *, is_delivered: bool = True) -> Rewritten | None:
    """Write a file anew without a person's records, beside its place; None if it holds none.

    Args:
        path: The file.
        person: Who.
        is_delivered: Whether its lines keep their numbers, and it goes if nothing is left of it.
    """
    beside = path.with_name(f".{path.name}{_SUFFIX}")
    try:
        if path.suffix == ".parquet":
            gone, left = _write_parquet(path, beside, person)
        else:
            gone, left = _write_text(path, beside, person, is_delivered=is_delivered)
    except _UNREADABLE:
        if path in unreadable([path]):
            gone, left = 0, 0
        else:
            raise  # a full disk, not the file
    if not gone:
        beside.unlink(missing_ok=True)
        return None
    if not left and is_delivered:
        beside.unlink()
        return Rewritten(path, None, gone)
    shutil.copymode(path, beside)
    return Rewritten(path, beside, gone)


def _write_text(path: Path, beside: Path, person: Person, *, is_delivered: bool) -> tuple[int, int]:
    """Records left out, and records left; nothing is written of a file that cannot name the person."""
    with _opened(path) as file:
        if not any(_is_likely(line, person) for line in _lines(file)):
            return 0, 1
    is_csv = kind_of(path) == "csv"
    gone = left = 0
    with ExitStack() as opened:
        source, raw = opened.enter_context(_opened(path)), opened.enter_context(beside.open("wb"))
        target: IO[bytes] = raw
        if path.suffix == ".gz":
            # Without a name and a time in it the same content is the same file.
            packed = gzip.GzipFile("", "wb", fileobj=raw, mtime=0)
            opened.callback(packed.close)
            target = cast("IO[bytes]", packed)
        judged = _judged_csv if is_csv else _judged_lines
        for record, is_gone in judged(_lines(source), person):
            target.write(record if not is_gone else _blank(record) if is_delivered else b"")
            gone += is_gone
            left += not is_gone and bool(record.strip(b" \r\n"))
    # Of a CSV file the first line is no record.
    return gone, left - is_csv


def unreadable(files: Iterable[Path]) -> list[Path]:
    """Files that nobody can read to the end: whom they name is not known."""
    found = []
    for path in files:
        try:
            if path.suffix == ".parquet":
                pq.ParquetFile(path)
            elif path.suffix == ".gz":
                with _opened(path) as file:
                    while file.read(_LONGEST_RECORD):
                        pass
        except _UNREADABLE:
            found.append(path)
    return found


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Lines of a file; one that is longer than any record can be comes in pieces, so that it fits into memory."""
    return iter(lambda: file.readline(_LONGEST_RECORD), b"")


def _blank(record: bytes) -> bytes:
    """What stands for a record that is left out: its lines, empty."""
    return b"\n" * record.count(b"\n")


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _judged_lines(file: Iterable[bytes], person: Person) -> Iterator[tuple[bytes, bool]]:
    for line in file:
        yield line, _is_likely(line, person) and person.has_record(line.decode("utf-8", "replace"))


def _is_likely(record: bytes, person: Person) -> bool:
    """Whether a record may name a person; JSON may spell any letter as an escape."""
    return b"\\" in record or any(one in record for one in person.needles)


def _judged_csv(file: Iterable[bytes], person: Person) -> Iterator[tuple[bytes, bool]]:
    """Each record of a CSV file, as it is written, and whether it is the person's."""
    header: list[str] = []
    for record in _records(file):
        if not header:
            header = [name.strip() for name in _fields(record)]
            yield record, False
        elif not _is_likely(record, person):
            yield record, False
        elif len(fields := _fields(record)) == len(header):
            yield record, person.has_fields(dict(zip(header, fields, strict=True)))
        else:
            # Nobody knows where its records begin and end: lines that name the person go.
            for line in record.splitlines(keepends=True):
                own = _fields(line)
                is_whole = len(own) == len(header)
                named = person.has_fields(dict(zip(header, own, strict=True))) if is_whole else False
                yield line, named or (not is_whole and person.is_in(line.decode("utf-8", "replace")))


def _records(file: Iterable[bytes]) -> Iterator[bytes]:
    """Records of a CSV file: lines, put together while a quote is open."""
    lines: list[bytes] = []
    size = quotes = 0
    for line in file:
        lines.append(line)
        size, quotes = size + len(line), quotes + line.count(b'"')
        if quotes % 2 == 0 or size > _LONGEST_RECORD:
            yield b"".join(lines)
            lines, size, quotes = [], 0, 0
    if lines:
        yield b"".join(lines)


def _fields(record: bytes) -> list[str]:
    """Fields of one record; none of one that cannot be parsed."""
    text = record.decode("utf-8", "replace").removeprefix("\ufeff")
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error:
        return []
    return rows[0] if len(rows) == 1 else []


def _write_parquet(path: Path, beside: Path, person: Person) -> tuple[int, int]:
    """Rows left out, and rows left."""
    parquet = pq.ParquetFile(path)
    masks = [_of_person(parquet.read_row_group(number), person) for number in range(parquet.num_row_groups)]
    gone = sum(int(mask.sum()) for mask in masks)
    if gone:
        packed = parquet.metadata.row_group(0).column(0).compression
        with pq.ParquetWriter(beside, parquet.schema_arrow, compression=packed) as writer:
            for number, mask in enumerate(masks):
                writer.write_table(parquet.read_row_group(number).filter(pa.array(~mask)))
    return gone, parquet.metadata.num_rows - gone


def _of_person(rows: pa.Table, person: Person) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which rows of a Parquet file of any types are a person's."""
    found = np.zeros(rows.num_rows, dtype=np.bool_)
    for name, values in zip(rows.column_names, rows.columns, strict=True):
        # No number is a telling identifier.
        if name != USER_ID and (not person.is_telling or _is_number(values.type)):
            continue
        if _is_text(values.type):
            held = values.combine_chunks().dictionary_encode().dictionary.to_pylist()
            named = pa.array([one for one in held if one is not None and person.has_fields({name: one})], values.type)
            found |= np.asarray(pc.fill_null(pc.is_in(values, named), False), dtype=np.bool_)  # noqa: FBT003
        else:
            told = [one is not None and person.has_fields({name: one}) for one in values.to_pylist()]
            found |= np.array(told, dtype=np.bool_)
    return found


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_primitive(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
