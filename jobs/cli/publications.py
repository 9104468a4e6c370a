"""``reelhouse tables`` and ``reelhouse history``: what was published, when and from what."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from jobs.cli import display
from jobs.cli.arguments import TableArgument, examples, settings
from jobs.errors import JobError
from jobs.tables import TABLES, Table, job_of

if TYPE_CHECKING:
    from jobs.lakehouse.ledger import Entry

TABLES_EXAMPLES = examples("reelhouse tables")
HISTORY_EXAMPLES = examples("reelhouse history silver.titles", "reelhouse history gold.recommendations --limit 3")


def tables() -> None:
    """List every table: its grain, version, rows and night, and how far it is behind."""
    from jobs.lakehouse import ledger

    root = settings().lake
    entries = {table.name: ledger.latest(root, table) for table in TABLES}
    newest = max((entry.night for entry in entries.values() if entry), default=None)
    grid = display.grid("table", "grain", "version", "rows", "night", "behind", right=("version", "rows", "behind"))
    for table in TABLES:
        delta = ledger.open_table(root, table)
        entry = entries[table.name]
        if delta is None:
            grid.add_row(table.name, table.grain, "never published", style="dim")
            continue
        age = (newest - entry.night).days if newest and entry else None
        grid.add_row(
            Text(table.name, "bold"),
            table.grain,
            str(delta.version()),
            display.count(delta.count()),
            str(entry.night) if entry else "-",
            "-" if age is None else Text(f"{age} d" if age else "", "yellow"),
        )
    display.console().print(grid)
    published = [table.name for table in TABLES if entries[table.name]]
    display.next_step(f"reelhouse history {published[-1]}" if published else "reelhouse night")


def history(
    table: TableArgument,
    limit: Annotated[int, typer.Option(min=1, help="How many publications, newest first.")] = 20,
) -> None:
    """List the publications of a table, newest first: counts, what it was made from, and by what."""
    from jobs.lakehouse import ledger

    entries = ledger.history(settings().lake, table)
    if not entries:
        raise JobError(_no_history(table, is_there=ledger.open_table(settings().lake, table) is not None))
    grid = display.grid(
        *("version", "night", "when (UTC)", "offered", "published", "set aside", "seconds"),
        right=("version", "offered", "published", "seconds"),
    )
    for entry in entries[:limit]:
        grid.add_row(
            str(entry.version),
            str(entry.night),
            f"{entry.at:%Y-%m-%d %H:%M}",
            display.count(entry.offered),
            display.count(entry.published),
            display.plain(_set_aside(entry)),
            f"{entry.seconds:.1f}",
        )
    display.console().print(grid)
    newest = entries[0]
    display.say(f"version {newest.version} was published by {newest.run or 'nobody named'}, code {newest.code_version}")
    if newest.inputs:
        display.say("made from " + ", ".join(f"{name} v{version}" for name, version in sorted(newest.inputs.items())))
    if len(entries) > limit:
        display.say(f"{len(entries) - limit} older publications are not shown; see --limit", "dim")
    display.next_step(f'reelhouse sql "FROM {table.name} LIMIT 10"')


def _set_aside(entry: "Entry") -> str:
    """Rows quarantined by reason, and those that wait for another table."""
    reasons = [f"{reason} {display.count(rows)}" for reason, rows in sorted(entry.quarantined.items())]
    return ", ".join([*reasons, *([f"parked {display.count(entry.parked)}"] if entry.parked else [])])


def _no_history(table: Table, *, is_there: bool) -> str:
    if is_there:
        return f"no history was shown: {table.name} is written beside the publications of other tables and has none"
    return f"no history was shown: {table.name} was never published; run `reelhouse run {job_of(table)}`"
