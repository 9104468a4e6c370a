"""The gate: what of a delivered file is known before Spark sees it, and whether a table can be read from it."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from jobs.lakehouse.columns import plain
from jobs.landing.content import Content, Scan, kind_of
from jobs.landing.scan import scan
from jobs.settings import Gate
from jobs.tables import Table

_NAMED = ("tsv", "csv", "parquet")
"""Kinds of files that name their columns."""
_OWN = ("extra", "file", "night")
"""Columns of every bronze row that are not delivered; neither is any that begins with an underscore."""
_LINE_SHOWN = 100
"""Characters of a first line that has none of the columns."""


@dataclass(frozen=True)
class Delivered:
    """One delivered file that can be read to its end."""

    path: Path
    sha256: str
    header: tuple[str, ...]
    """Column names of a file that has them in its first line; empty otherwise."""
    records: int
    """Rows that a reader makes of it, good and broken: lines that are not blank, without the header."""
    types: tuple[str, ...] = ()
    """Type of each of the columns; empty of text."""
    bytes: int = 0
    """As delivered."""
    unpacked_bytes: int = 0
    longest_line: int = 0
    """Bytes of the longest line, or record of CSV."""


def check(
    table: Table, path: Path, limits: Gate | None = None, known: Scan | None = None
) -> tuple[Delivered | None, list[str]]:
    """Look whether a table can be read from a file.

    Args:
        table: What it is delivered for.
        path: The file.
        limits: What it may not pass; the defaults, if None.
        known: What a pass over it found; it is read to its end, if None.

    Returns:
        What was learned, None if the file cannot be used; and every problem found, in words.
    """
    if not path.name.isprintable() or ":" in path.name:
        return None, [
            f"{str(path)!r} has a colon, or what cannot be printed, in its name: Spark cannot read it, rename it"
        ]
    found = known or scan(path, limits or Gate())
    content = found.content
    if content is None:
        return None, [f"{path} {found.problem}"]
    columns = names(path, content)
    problems = _wrong_columns(table, columns, path) if kind_of(path) in _NAMED else []
    delivered = Delivered(
        path,
        found.sha256,
        columns,
        content.records,
        content.types,
        content.bytes,
        content.unpacked_bytes,
        content.longest_line,
    )
    return (None if problems else delivered), problems


def names(path: Path, content: Content) -> tuple[str, ...]:
    """Names of a file's columns; empty where it names none."""
    if content.columns is not None:
        return content.columns
    header = content.first_line
    if kind_of(path) == "tsv":
        return tuple(header.split("\t"))
    return tuple(name.strip() for name in next(csv.reader([header]), [])) if kind_of(path) == "csv" else ()


def _wrong_columns(table: Table, columns: tuple[str, ...], path: Path) -> list[str]:
    """Everything that makes a header unusable, in words."""
    return [f"{path} {problem}" for problem in (*_missing_columns(table, columns), *_unusable_names(columns))]


def _missing_columns(table: Table, columns: tuple[str, ...]) -> Iterator[str]:
    """Every column of the definition that the header does not have, with the nearest name that is nobody else's."""
    expected = [name for name in table.column_names if name not in _OWN]
    if not set(expected) & set(columns):
        yield f"has none of the columns {', '.join(expected)}; its first line reads {','.join(columns)[:_LINE_SHOWN]!r}"
        return
    for name in expected:
        if name not in columns:
            others = {plain(other): other for other in reversed(columns) if other not in expected}
            near = get_close_matches(plain(name), list(others), n=1)
            yield f"has no column {name}" + (f" (it has {others[near[0]]})" if near else "")


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
