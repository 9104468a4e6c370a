"""The one pass over a delivered file before Spark sees it: its hash, and everything else that is to be known of it."""

import codecs
import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from jobs.landing import decoding
from jobs.landing.content import Content, Scan, kind_of
from jobs.landing.records import CsvRecords, Lines
from jobs.landing.unpacking import Packed, TroubleError, passes
from jobs.settings import Gate

_PARQUET_END = 8
"""Bytes of the footer's length and of the mark that end a Parquet file."""
_PARQUET_MARK = b"PAR1"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


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
    kind = kind_of(path)
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
    """Parquet keeps its own structure: a process of its own reads that, as a file may end whoever reads it."""
    end = b""
    for piece in packed.pieces():
        end = (end + piece)[-_PARQUET_END:]
    if end.endswith(_PARQUET_MARK) and int.from_bytes(end[:4], "little") > limits.footer:
        raise passes("has a footer of", limits.footer, "footer")
    asked = [path, *map(int, (limits.columns, limits.line, limits.unpacked))]
    done = subprocess.run(
        [sys.executable, "-P", decoding.__file__, *map(str, asked)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        ended = (
            signal.Signals(-done.returncode).name if done.returncode < 0 else done.stderr.strip().rpartition("\n")[2]
        )
        raise TroubleError(f"is damaged Parquet: what read it ended with {ended[:100]}")
    found = json.loads(done.stdout)
    if limit := found.get("limit"):
        raise passes(found["problem"], {"line": limits.line, "unpacked": limits.unpacked}[limit], limit)
    if "problem" in found:
        raise TroubleError(found["problem"])
    return Content("", tuple(found["columns"]), 0, found["unpacked"], found["rows"], 0, tuple(found["types"]))
