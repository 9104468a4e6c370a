"""Counting the records of a text file while it is read: as many as Spark's readers make rows of it.

A line that holds nothing but blanks is no record, nor is the header, nor a line that repeats it. Of CSV a line break
within quotes ends no record. A line ends with LF; a CR before it belongs to the line break.
"""

import codecs
import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from jobs.landing.unpacking import TroubleError, passes
from jobs.settings import Gate

_Positions = npt.NDArray[np.intp]
_BREAK, _RETURN, _QUOTE, _COMMA = b'\n\r",'
_FIELD = (
    rb'(?:"(?:[^"]++|"")*+"[\x00-\x09\x0b-\x20]*+(?:(?=[,\n])|[^,\n][^,\n]*+)'  # what follows a quoted value belongs to it
    rb'|[^",\n][^,\n]*+|(?=[,\n]))'
)
_CSV_RECORD = re.compile(rb"%b(?:,%b)*+\n" % (_FIELD, _FIELD))
"""A record as Spark's parser (univocity) reads one: a quote within a value that began without one is text like any
other, and what follows a closing quote makes the whole value one that has none."""


class Lines:
    """Records of a file with one record a line.

    Args:
        separator: What separates fields; none of lines that hold objects.
        has_header: Whether the first line names columns.
        limits: What a line may not pass.
    """

    _blanks = b" \r\n"
    """Bytes of a line that says nothing; a tab separates fields, if only empty ones."""

    def __init__(self, separator: bytes, limits: Gate, *, has_header: bool) -> None:
        self._separator, self._limits = separator, limits
        self._is_blank = np.zeros(256, np.bool_)
        self._is_blank[list(self._blanks)] = True
        self.records = 0
        self.longest = 0
        """Bytes of the longest record so far, without the line break that ends it."""
        self.lines = 0
        """Line breaks of what is counted."""
        self.header: bytes | None = None
        self._has_header = has_header
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        """Count the records that are complete by now.

        Raises:
            TroubleError: One is longer than it may be, or has more fields.
        """
        held = self._rest + chunk if self._rest else chunk
        start = self._take_header(held) if self._has_header and self.header is None else 0
        end = self._count(held, start) if self.header is not None or not self._has_header else 0
        self._rest = held[end:]
        self._check_length(len(self._rest), self.lines + 1)

    def finish(self) -> None:
        """Count a last record without a line break."""
        if self._has_header and self.header is None:
            self.header = self._rest
        elif self._rest and not self._count(self._rest + b"\n", 0):
            # A quote was opened and never closed.
            self._check_fields(self._rest, self.lines + 1)
            self.records += 1
            self.longest = max(self.longest, len(self._rest))
        self._rest = b""

    def line_of(self, chunk: bytes, position: int) -> int:
        """Number of the line that a byte of the next chunk is in."""
        return self.lines + self._rest.count(b"\n") + chunk.count(b"\n", 0, position) + 1

    def _take_header(self, held: bytes) -> int:
        """Take the first line for the header, if it is there by now; returns where the next begins."""
        end = held.find(b"\n")
        if (len(held) if end < 0 else end) > self._limits.header:
            raise passes("has a first line of", self._limits.header, "header")
        if end >= 0:
            self.header, self.longest, self.lines = held[:end], end, 1
        return end + 1

    def _count(self, held: bytes, start: int) -> int:
        """Count the records that end within ``held``, from where one begins; returns where the last of them ends."""
        breaks = _where(held, _BREAK, start)
        if not len(breaks):
            return start
        if not self.lines and held.startswith(codecs.BOM_UTF8):
            # Spark takes the mark away from what the first line says.
            start = len(codecs.BOM_UTF8)
        self._note(held, start, breaks)
        self.lines += len(breaks)
        self.records -= self._repeated(held[start : int(breaks[-1]) + 1])
        return int(breaks[-1]) + 1

    def _note(self, held: bytes, start: int, breaks: _Positions) -> None:
        """Count records by where they end, and look at long ones."""
        starts = np.concatenate(([start], breaks[:-1] + 1))
        lengths = breaks - starts
        self.longest = max(self.longest, int(lengths.max()))
        long = min(self._limits.fields, self._limits.line)
        if self.longest >= long:
            for one in np.flatnonzero(lengths >= long).tolist():
                number = self.lines + held.count(b"\n", start, int(starts[one])) + 1
                self._check_length(int(lengths[one]), number)
                self._check_fields(held[starts[one] : breaks[one]], number)
        self.records += len(breaks)
        content = np.frombuffer(held, np.uint8)
        if (begins_blank := self._is_blank[content[starts]]).any():
            says = ~self._is_blank[content[start : int(breaks[-1]) + 1]]
            self.records -= int((~np.logical_or.reduceat(says, starts - start))[begins_blank].sum())

    def _check_length(self, length: int, number: int) -> None:
        if length > self._limits.line:
            raise passes(f"has in line {number:,}", self._limits.line, "line")

    def _check_fields(self, record: bytes, number: int) -> None:
        """Refuse a record with more fields than any of ours; a shorter one than that cannot have so many."""
        if self._separator and self._fields_of(record) > self._limits.fields:
            raise TroubleError(
                f"has in line {number:,} more than {self._limits.fields:,} fields (REELHOUSE_GATE__FIELDS)"
            )

    def _fields_of(self, record: bytes) -> int:
        return record.count(self._separator) + 1

    def _repeated(self, lines: bytes) -> int:
        """How many lines say the header again, as the files of one table do that were put one after the other."""
        header = (self.header or b"").removeprefix(codecs.BOM_UTF8).rstrip(b"\r")
        if not header or header not in lines:
            return 0
        return len(re.findall(rb"(?m)^%b\r?$" % re.escape(header), lines))


class CsvRecords(Lines):
    """Records of a CSV file, whose cells may hold line breaks."""

    _blanks = b"\r\n"
    """A blank is a cell."""

    def __init__(self, limits: Gate) -> None:
        super().__init__(b",", limits, has_header=True)

    def _check_length(self, length: int, number: int) -> None:
        if length > self._limits.line:
            raise passes(f"has a record that begins in line {number:,} and has", self._limits.line, "line")

    def _fields_of(self, record: bytes) -> int:
        return re.sub(rb'"[^"]*"?', b"", record).count(b",") + 1

    def _count(self, held: bytes, start: int) -> int:
        breaks, quotes = _where(held, _BREAK, start), _where(held, _QUOTE, start)
        if len(quotes):
            if not _is_sound(held, start, quotes):
                breaks = np.fromiter(_ends(held, start), np.intp)
            else:
                breaks = breaks[np.searchsorted(quotes, breaks) % 2 == 0]
        if not len(breaks):
            return start
        self._note(held, start, breaks)
        end = int(breaks[-1]) + 1
        self.lines += len(breaks) if not len(quotes) else held.count(b"\n", start, end)
        return end


def _where(held: bytes, byte: int, start: int) -> _Positions:
    """Positions of a byte, from ``start`` on."""
    return np.flatnonzero(np.frombuffer(held, np.uint8)[start:] == byte) + start


def _is_sound(held: bytes, start: int, quotes: _Positions) -> bool:
    """Whether every quote begins or ends a cell, or is one of a doubled pair; then every second one ends a cell."""
    content = np.frombuffer(held, np.uint8)
    opening, closing = quotes[::2], quotes[1::2]
    before = content[np.maximum(opening - 1, 0)]
    begins = (before == _COMMA) | (before == _BREAK) | (before == _QUOTE) | (opening == start)
    # A quote that ends what was read so far is looked at again with what follows.
    closing = closing[closing + 1 < len(held)]
    after = content[closing + 1]
    ends = (after == _COMMA) | (after == _BREAK) | (after == _QUOTE)
    returns = closing[after == _RETURN] + 2
    ends[after == _RETURN] = content[np.minimum(returns, len(held) - 1)] == _BREAK
    return bool(begins.all() and ends.all())


def _ends(held: bytes, start: int) -> Iterator[int]:
    """Where records end, one after the other."""
    while record := _CSV_RECORD.match(held, start):
        start = record.end()
        yield start - 1
