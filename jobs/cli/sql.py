"""``reelhouse sql``: one question to the tables, read-only, without Spark."""

import csv
import json
import math
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.text import Text

from jobs.answers.formulas import defused
from jobs.cli import display
from jobs.cli.arguments import examples, settings

if TYPE_CHECKING:
    from jobs.lakehouse.views import Answer

EXAMPLES = examples(
    'reelhouse sql "SELECT title, vote_count FROM silver.titles LIMIT 10"',
    'reelhouse sql "DESCRIBE gold.recommendations"',
    'reelhouse sql "FROM ops.quarantine LIMIT 5" --format json',
    'reelhouse sql "FROM silver.ratings" --format csv > ratings.csv',
)
_ROWS_SHOWN = 100
_CELL_SHOWN = 300
"""Characters of one cell of a table; the other formats give all."""
Format = Literal["table", "csv", "json"]


def sql(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="One statement that reads, in DuckDB's SQL.")],
    output: Annotated[Format, typer.Option("--format", help="How rows are written.")] = "table",
    limit: Annotated[
        int | None, typer.Option(min=0, help=f"How many rows; {_ROWS_SHOWN} in a table and all otherwise unless given.")
    ] = None,
) -> None:
    """Ask the tables: each is a view named as its address, such as silver.titles. Nothing can be changed."""
    from jobs.lakehouse.views import views_for

    answer = views_for(settings().lake, query).ask(query)
    rows = answer.rows if limit is None else islice(answer.rows, limit)
    if output == "csv":
        _write_csv(answer.columns, rows)
    elif output == "json":
        _write_json(answer.columns, rows)
    else:
        _show(answer, _ROWS_SHOWN if limit is None else limit)
        display.next_step("reelhouse tables")


def _show(answer: "Answer", limit: int) -> None:
    """Write rows as a table, and whether there are more."""
    if answer.columns == ("explain_key", "explain_value"):
        for _, plan in answer.rows:
            for line in str(plan).splitlines():
                display.say(line)
        return
    rows = list(islice(answer.rows, limit))
    numbers = {name for position, name in enumerate(answer.columns) if rows and _is_number(rows[0][position])}
    grid = display.grid(*map(display.safe, answer.columns), right=map(display.safe, numbers))
    for row in rows:
        grid.add_row(*(Text("null", "dim") if value is None else _cell(value) for value in row))
    display.console().print(grid)
    more = next(answer.rows, None) is not None
    counted = f"{len(rows):,} row{'' if len(rows) == 1 else 's'}"
    display.say(f"the first {counted}; see --limit" if more else counted, "dim")


def _cell(value: object) -> Text:
    text = display.plain(value)
    text.truncate(_CELL_SHOWN, overflow="ellipsis")
    return text


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _write_csv(columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """Write rows with a header; a null is empty, a list or map is JSON, and text is no formula."""
    show = display.safe if sys.stdout.isatty() else str
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([show(name) for name in columns])
    for row in rows:
        writer.writerow(["" if value is None else show(_csv_cell(value)) for value in row])


def _csv_cell(value: object) -> str:
    if isinstance(value, list | dict | tuple):
        return json.dumps(_json_value(value), ensure_ascii=False)
    if isinstance(value, bool):
        return str(value).lower()
    return defused(value) if isinstance(value, str) else str(value)


def _write_json(columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """Write one array of objects, one object per line; on a terminal everything but ASCII is escaped."""
    names = list(_distinct(columns))
    separator = "["
    for row in rows:
        record = dict(zip(names, map(_json_value, row), strict=True))
        sys.stdout.write(f"{separator}\n{json.dumps(record, ensure_ascii=sys.stdout.isatty())}")
        separator = ","
    sys.stdout.write("[]\n" if separator == "[" else "\n]\n")


def _distinct(columns: tuple[str, ...]) -> Iterator[str]:
    """Names of columns, a repeated one with a number: ``title``, ``title_2``."""
    times: dict[str, int] = {}
    for name in columns:
        times[name] = times.get(name, 0) + 1
        yield name if times[name] == 1 else f"{name}_{times[name]}"


def _json_value(value: object) -> object:
    """A value as JSON can hold it: no NaN or infinity, everything unknown as text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(item) for item in value]
    return value if value is None or isinstance(value, str | int) else str(value)
