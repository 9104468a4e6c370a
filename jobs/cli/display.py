"""What the command line writes: text from the data is shown as it is, never obeyed by the terminal."""

import json
import os
import shlex
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from jobs.answers.text import listing as listing
from jobs.answers.text import safe as safe

_WIDTH_OF_A_FILE = 160
"""Characters of a line where no terminal says how wide it is."""


def plain(value: object, style: str = "") -> Text:
    """A value from the data as text without markup; nothing at all for a null."""
    return Text("" if value is None else safe(words(value)), style)


def words(value: object) -> str:
    """A value in words: lists with commas, times in ISO 8601, floats in at most six digits."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, list | tuple):
        return ", ".join("null" if item is None else words(item) for item in value)
    if isinstance(value, dict):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)


def count(number: int | None) -> str:
    """A number with thousands separated; a dash where there is none."""
    return "-" if number is None else f"{number:,}"


def console() -> Console:
    """The console of standard output; colour and width suit what it is connected to."""
    return _console(is_error=False)


def error_console() -> Console:
    """The console of the error stream."""
    return _console(is_error=True)


def _console(*, is_error: bool) -> Console:
    stream = sys.stderr if is_error else sys.stdout
    plain_width = None if stream.isatty() or "COLUMNS" in os.environ else _WIDTH_OF_A_FILE
    return Console(stderr=is_error, width=plain_width, markup=False, highlight=False, emoji=False)


def grid(*headings: str, right: Iterable[str] = (), whole: Iterable[str] = ()) -> Grid:
    """An empty table with these headings.

    Args:
        headings: From left to right.
        right: Those of them whose column holds numbers.
        whole: Those whose cells stay on one line; where the screen is narrow the others give way.
    """
    table = Grid(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in headings:
        justify: Literal["left", "right"] = "right" if heading in set(right) else "left"
        table.add_column(Text(heading), justify=justify, no_wrap=heading in set(whole), overflow="fold")
    return table


def say(line: str | Text, style: str = "") -> None:
    """Write one line, however long."""
    console().print(line if isinstance(line, Text) else Text(safe(line), style), soft_wrap=True)


def warn(line: str) -> None:
    """Write one line to the error stream, however long."""
    error_console().print(Text(safe(line)), soft_wrap=True)


def fail(message: str) -> None:
    """Write why nothing was done to the error stream, on one line."""
    error_console().print(Text.assemble(("error: ", "bold red"), safe(message)), soft_wrap=True)


def next_step(command: str) -> None:
    """Name the command worth trying next."""
    say(Text.assemble(("next: ", "dim"), (safe(command), "bold")))


def titled(title: object, year: object) -> str:
    """``Heat (1995)``; the title alone where no year is known."""
    return f"{title} ({year})" if year is not None else str(title)


def quoted(argument: str) -> str:
    """An argument as a shell takes it."""
    return shlex.quote(argument)
