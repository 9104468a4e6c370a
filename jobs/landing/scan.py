"""The one pass over a delivered file before Spark sees it: its hash, and everything else that is to be known of it."""

import codecs
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.landing.records import CsvRecords, Lines
from jobs.landing.unpacking import Packed, TroubleError, passes
from jobs.settings import Gate

_PARQUET_END = 8
"""Bytes of the footer's length and of the mark that end a Parquet file."""
_PARQUET_MARK = b"PAR1"
_TYPE_SHOWN = 200
"""Characters of a type."""
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Content:
    """What is known of a file that can be read to its end."""

    first_line: str = ""
    """Of a file that has names in it."""
    columns: tuple[str, ...] | None = None
    """Of a Parquet file."""
    bytes: int = 0
    """As delivered."""
    unpacked_bytes: int = 0
    records: int = 0
    """Rows that a reader makes of it, good and broken: lines that are not blank, without the header."""
    longest_line: int = 0
    """Bytes of the longest line, or record of CSV."""
    types: tuple[str, ...] = ()
    """Types of a Parquet file's columns."""


@dataclass(frozen=True)
class Scan:
    """What one pass over a file found."""

    sha256: str
    """Hash of the bytes as delivered; empty of a file that cannot be read."""
    content: Content | None
    problem: str = ""
    """Why there is no content, in words that follow the file's path."""


def scan(path: Path, limits: Gate) -> Scan:
    """Read a file once, to its end or to what is wrong with it; of the rest only the hash is taken."""
    try:
        with Packed(path, limits) as packed:
            content, problem = None, ""
            try:
                read = _read_parquet if path.suffix == ".parquet" else _read_text
                content = replace(read(path, packed, limits), bytes=packed.status.st_size)
            except TroubleError as trouble:
                problem = str(trouble)
            return Scan(packed.sha256(), content, problem)
    except TroubleError as trouble:
        return Scan("", None, str(trouble))


def _read_text(path: Path, packed: Packed, limits: Gate) -> Content:
    """Read lines."""
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    separator = {"tsv": b"\t", "csv": b",", "dat": b"::"}.get(kind, b"")
    lines = CsvRecords(limits) if kind == "csv" else Lines(separator, limits, has_header=kind == "tsv")
    decoder = codecs.getincrementaldecoder("utf-8")()
    for piece in packed.pieces():
        _require_utf8(piece, decoder, lines)
        lines.feed(piece)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise TroubleError("is not UTF-8: it ends within a character") from None
    if not packed.unpacked:
        raise TroubleError("is empty")
    lines.finish()
    if lines.header is None:
        return Content("", None, 0, packed.unpacked, lines.records, lines.longest)
    first = lines.header.removeprefix(codecs.BOM_UTF8).rstrip(b"\r").decode()
    _require_names(first, separator.decode(), limits)
    return Content(first, None, 0, packed.unpacked, lines.records, lines.longest)


def _require_names(first: str, separator: str, limits: Gate) -> None:
    """Refuse a first line that ends elsewhere than it seems to, or names too much."""
    if "\0" in first:
        raise TroubleError("is no text: there is a NUL in its first line, as in UTF-16")
    if "\r" in first:
        raise TroubleError("has lines that end with CR alone: let them end with LF or CR LF")
    if separator == "," and first.count('"') % 2:
        raise TroubleError("has a line break within its header, or a quote that is not closed")
    if first.count(separator) >= limits.columns:
        raise TroubleError(f"names more than {limits.columns:,} columns (REELHOUSE_GATE__COLUMNS)")


def _require_utf8(piece: bytes, decoder: codecs.IncrementalDecoder, lines: Lines) -> None:
    """Refuse what is not UTF-8, with the line it is in."""
    pending = decoder.getstate()[0]
    if not pending and piece.isascii():
        return
    try:
        decoder.decode(piece)
    except UnicodeDecodeError as wrong:
        if not lines.lines and wrong.object.startswith(_UTF_16):
            raise TroubleError("is not UTF-8 but UTF-16") from None
        number = lines.line_of(piece, max(wrong.start - len(pending), 0))
        byte = f"byte {wrong.object[wrong.start]:#04x} in line {number:,}"
        raise TroubleError(f"is not UTF-8 ({byte})") from None


def _read_parquet(path: Path, packed: Packed, limits: Gate) -> Content:
    """Parquet keeps its own structure: what its footer says is believed only as far as the file can hold it."""
    end = b""
    for piece in packed.pieces():
        end = (end + piece)[-_PARQUET_END:]
    if end.endswith(_PARQUET_MARK) and int.from_bytes(end[:4], "little") > limits.footer:
        raise passes("has a footer of", limits.footer, "footer")
    try:
        footer = pq.read_metadata(path)
        if footer.num_columns > limits.columns:
            raise TroubleError(f"has more than {limits.columns:,} columns (REELHOUSE_GATE__COLUMNS)")
        schema = footer.schema.to_arrow_schema()
        types = tuple(str(column.type)[:_TYPE_SHOWN] for column in schema)
        unpacked = _unpacked_size(footer, packed.status.st_size - footer.serialized_size - _PARQUET_END)
    except (pa.ArrowException, OSError) as damage:
        said = str(damage).splitlines()[0][:100]
        raise TroubleError(f"is empty, truncated or no Parquet file ({said})") from None
    if unpacked > limits.unpacked:
        raise passes("unpacks to", limits.unpacked, "unpacked")
    return Content("", tuple(schema.names), 0, unpacked, footer.num_rows, 0, types)


def _unpacked_size(footer: pq.FileMetaData, held: int) -> int:
    """What a Parquet file unpacks to.

    Raises:
        TroubleError: Its footer tells of more than the file holds.
    """
    rows = unpacked = 0
    for number in range(footer.num_row_groups):
        group = footer.row_group(number)
        rows, unpacked = rows + group.num_rows, unpacked + group.total_byte_size
        for column in map(group.column, range(group.num_columns)):
            start = min(column.data_page_offset, column.dictionary_page_offset or column.data_page_offset)
            if start < 0 or column.total_compressed_size < 0 or start + column.total_compressed_size > held:
                raise TroubleError(f"tells of more data than the {held:,} bytes that it holds")
            if "." not in column.path_in_schema and column.num_values != group.num_rows:
                raise TroubleError("tells of other rows than it holds")
    if rows != footer.num_rows or unpacked < 0:
        raise TroubleError("tells of other rows than it holds")
    return unpacked
