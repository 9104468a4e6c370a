"""Read the ratings of a public set, strictly and in bounded memory."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from jobs.errors import JobError
from jobs.landing.imports.set_files import EXAMPLES, RATINGS_LIMIT_BYTES, SetFile, bad_lines, refused

# The oldest public rating is of January 1995 (MovieLens); a number cut short, or in milliseconds, falls outside.
FIRST_SECOND = 788_918_400  # 1995-01-01T00:00:00Z
LAST_SECOND = 4_102_444_799  # 2099-12-31T23:59:59Z
LARGEST_ID = 2**31 - 1

BLOCK_BYTES = 16 << 20
LINE_LIMIT_BYTES = 1000


@dataclass(frozen=True)
class RatingsLayout:
    """How a set writes its ratings: viewer, title, rating, Unix time.

    Attributes:
        columns: Names of the four columns.
        separator: What stands between two fields, one character or one character twice.
        has_header: Whether the first line names the columns.
        lowest: Smallest rating.
        highest: Largest rating.
    """

    columns: tuple[str, str, str, str]
    separator: str
    has_header: bool
    lowest: float
    highest: float

    def problem_of(self, line: str) -> str | None:
        """Say what is wrong with a line; None if nothing is."""
        fields = line.split(self.separator)
        if len(fields) != len(self.columns):
            return f"has {len(fields)} fields, expected 4 ({self.separator.join(self.columns)})"
        viewer, title, rating, second = fields
        if not _is_number_in(viewer, 1, LARGEST_ID) or not _is_number_in(title, 1, LARGEST_ID):
            return "has an id that is not a positive number"
        try:
            is_rating = self.lowest <= float(rating) <= self.highest
        except ValueError:
            is_rating = False
        if not is_rating:
            return f"has a rating that is not between {self.lowest:g} and {self.highest:g}"
        if not _is_number_in(second, FIRST_SECOND, LAST_SECOND):
            return "has a time that is not in Unix seconds from 1995 on"
        return None


@dataclass(frozen=True)
class Ratings:
    """Ratings of a set as parallel arrays, ordered by time, viewer and title: 16 bytes per rating.

    Attributes:
        viewers: The set's viewer numbers.
        titles: The set's title numbers.
        values: Ratings on the set's own scale.
        seconds: Unix times.
    """

    viewers: npt.NDArray[np.int32]
    titles: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]
    seconds: npt.NDArray[np.uint32]


def read_ratings(file: SetFile, layout: RatingsLayout) -> Ratings:
    """Read all ratings of a set. No line that does not parse is tolerated.

    Raises:
        JobError: The file is damaged, empty, or has lines that do not parse: how many, and the first few.
    """
    try:
        with file.reading() as stream:
            _check_header(file, layout, stream)
            batches = list(_batches(stream, layout))
    except pa.ArrowInvalid as error:
        raise _why_not_parsed(file, layout, str(error)) from None
    if not batches:
        raise refused(file.set_name, f"{file.label} holds no ratings")
    viewers, titles, values, seconds = (_joined(batches, column) for column in range(4))
    order = np.lexsort((titles, viewers, seconds))
    return Ratings(viewers[order], titles[order], values[order], seconds[order])


def _joined(batches: list[list[npt.NDArray[Any]]], column: int) -> npt.NDArray[Any]:
    """Join one column of the batches, and let go of its pieces."""
    joined = np.concatenate([batch[column] for batch in batches])
    for batch in batches:
        batch[column] = joined[:0]
    return joined


def _check_header(file: SetFile, layout: RatingsLayout, stream: IO[bytes]) -> None:
    if not layout.has_header:
        return
    expected = layout.separator.join(layout.columns)
    header = stream.readline(LINE_LIMIT_BYTES).rstrip(b"\r\n")
    if header != expected.encode():
        raise refused(
            file.set_name,
            f"{file.label} begins with {header[:80]!r}, expected {expected!r}",
        )


def _batches(stream: IO[bytes], layout: RatingsLayout) -> Iterator[list[npt.NDArray[Any]]]:
    """Parse block by block into viewers, titles, values and seconds.

    Raises:
        pa.ArrowInvalid: A line does not parse.
    """
    types = [pa.int32(), pa.int32(), pa.float32(), pa.uint32()]
    names = list(layout.columns)
    if len(layout.separator) == 2:  # "::" is ":" with an empty column between
        names = [name for column in layout.columns for name in (column, f"after {column}")][:-1]
    kinds = {name: pa.string() for name in names} | dict(zip(layout.columns, types, strict=True))
    reader = pyarrow.csv.open_csv(
        _Bounded(stream),
        pyarrow.csv.ReadOptions(column_names=names, block_size=BLOCK_BYTES),
        pyarrow.csv.ParseOptions(delimiter=layout.separator[0], quote_char=False),
        pyarrow.csv.ConvertOptions(column_types=kinds, null_values=[], strings_can_be_null=False),
    )
    for batch in reader:
        for name in set(names) - set(layout.columns):
            if pc.max(pc.binary_length(batch[name])).as_py():
                raise pa.ArrowInvalid(f"something stands inside a {layout.separator}")
        viewers, titles, values, seconds = (batch[name].to_numpy(zero_copy_only=False) for name in layout.columns)
        is_sound = (
            (viewers > 0)
            & (titles > 0)
            & (values >= layout.lowest)
            & (values <= layout.highest)
            & (seconds >= FIRST_SECOND)
            & (seconds <= LAST_SECOND)
        )
        if not is_sound.all():
            raise pa.ArrowInvalid("a number is out of range")
        yield [viewers.copy(), titles.copy(), values.copy(), seconds.copy()]


def _why_not_parsed(file: SetFile, layout: RatingsLayout, first_problem: str) -> JobError:
    """Read the file again, line by line, and say how many lines are bad and which."""
    count, examples, lines = 0, list[str](), 0
    with file.reading() as raw, io.BufferedReader(_Bounded(raw)) as stream:
        while line := stream.readline(LINE_LIMIT_BYTES):
            lines += 1
            if (lines == 1 and layout.has_header) or not line.strip():
                continue
            text = line.decode("utf-8", "backslashreplace").rstrip("\r\n")
            problem = layout.problem_of(text)
            if problem:
                count += 1
                if len(examples) < EXAMPLES:
                    examples.append(f"line {lines} {problem}: {text[:60]!r}")
    if lines <= int(layout.has_header):
        return refused(file.set_name, f"{file.label} holds no ratings")
    if not count:
        return refused(file.set_name, f"{file.label} does not parse ({first_problem})")
    return bad_lines(file, count, examples)


def _is_number_in(text: str, low: int, high: int) -> bool:
    return text.isascii() and text.isdecimal() and low <= int(text) <= high


class _Bounded(io.RawIOBase):
    """A stream that ends with an error when it is longer than any ratings are (a gzip bomb)."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = RATINGS_LIMIT_BYTES

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise OSError(f"more than {RATINGS_LIMIT_BYTES:,} bytes")
        return block

    def readinto(self, buffer: Any) -> int:
        block = self.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)
