"""``reelhouse tables`` and ``reelhouse history``: what was published, when and from what."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from jobs.cli import display
from jobs.cli.arguments import TableArgument, examples, settings

if TYPE_CHECKING:
    from jobs.lakehouse.ledger import Entry

TABLES_EXAMPLES = examples("reelhouse tables")
HISTORY_EXAMPLES = examples("reelhouse history silver.titles", "reelhouse history gold.recommendations --limit 3")


def tables() -> None:
    """List what there is: every table with its grain, version and rows. `reelhouse status` says how they stand."""
    from jobs.answers.publications import table_states

    states = table_states(settings().lake)
    grid = display.grid(
        "table", "version", "rows", "grain", right=("version", "rows"), whole=("table", "version", "rows")
    )
    for state in states:
        version, rows = ("-", "-") if state.version is None else (str(state.version), display.count(state.rows))
        style = "dim" if state.version is None else ""
        grid.add_row(Text(state.table.name, "" if style else "bold"), version, rows, state.table.grain, style=style)
    display.console().print(grid)
    published = [state.table.name for state in states if state.version is not None and state.table.layer != "ops"]
    worth = "gold.recommendations" if "gold.recommendations" in published else "".join(published[-1:])
    display.next_step(f"reelhouse history {worth}" if worth else "reelhouse night")


def history(
    table: TableArgument,
    limit: Annotated[int, typer.Option(min=1, help="How many publications, newest first.")] = 20,
) -> None:
    """List the publications of a table, newest first: counts, what it was made from, and by what."""
    from jobs.answers.publications import history

    found = history(settings().lake, table, limit)
    is_whole = not any(map(_set_aside, found.entries))
    numbers = ("version", "offered", "published", "seconds")
    grid = display.grid(
        *("version", "night", "when (UTC)", "offered", "published", "seconds", *([] if is_whole else ["set aside"])),
        right=numbers,
        whole=(*numbers, "night", "when (UTC)"),
    )
    for entry in found.entries:
        grid.add_row(
            str(entry.version),
            _night(entry, is_undone=entry.version in found.undone),
            f"{entry.at:%Y-%m-%d %H:%M}",
            display.count(entry.offered),
            display.count(entry.published),
            f"{entry.seconds:.1f}",
            *([] if is_whole else [display.plain(_set_aside(entry))]),
        )
    display.console().print(grid)
    newest = found.in_force
    display.say(f"version {newest.version} was published by {newest.run or 'nobody named'}, code {newest.code_version}")
    if newest.inputs:
        versions = [f"{name} {'not there' if v is None else f'v{v}'}" for name, v in sorted(newest.inputs.items())]
        display.say(f"made from {', '.join(versions)}")
    for told in found.rollbacks[:limit]:
        display.say(
            f"rolled back from night {told.since} to {told.to}, {told.at:%Y-%m-%d %H:%M}, by {told.by}: {told.reason}"
        )
    for put_back in found.restores[:limit]:
        display.say(
            f"restored to version {put_back.to}, {put_back.at:%Y-%m-%d %H:%M}, by {put_back.by}: {put_back.reason}"
        )
    if newest.replaces:
        display.say(f"it replaced {newest.replaces}")
    if accepted := newest.accepted:
        limits = ", ".join(f"{limit} {seen}" for limit, seen in accepted["limits"].items())
        display.say(f"accepted by {accepted['by']}: {accepted['reason']} ({limits})")
    if found.older_count:
        display.say(f"{found.older_count} older publications are not shown; see --limit", "dim")
    display.next_step(f'reelhouse sql "FROM {table.name} LIMIT 10"')


def _night(entry: "Entry", *, is_undone: bool) -> str:
    """The night of a publication, and what a reset did to it or by it."""
    is_drop = entry.replaced and not entry.offered
    return str(entry.night) + (" (undone)" if is_undone else f" (drops {len(entry.replaced or ())})" if is_drop else "")


def _set_aside(entry: "Entry") -> str:
    """Rows quarantined by reason, and those that wait for another table."""
    reasons = [f"{reason} {display.count(rows)}" for reason, rows in sorted(entry.quarantined.items())]
    return ", ".join([*reasons, *([f"parked {display.count(entry.parked)}"] if entry.parked else [])])
