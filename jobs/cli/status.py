"""``reelhouse status``: how the tables stand."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from jobs.cli import display
from jobs.cli.arguments import examples, settings, today

if TYPE_CHECKING:
    from jobs.answers.standing import Status

EXAMPLES = examples("reelhouse status", "reelhouse status --check", "reelhouse status --json")
_STYLES = {
    "damaged": "bold red",
    "fresh": "green",
    "stale": "bold red",
    "behind": "yellow",
    "late": "yellow",
    "outdated": "yellow",
    "rolled back": "yellow",
    "old": "yellow",
    "never published": "yellow",
    "none yet": "yellow",
    "unknown": "bold red",
}
_COLUMNS = ("table", "state", "night", "age", "rows", "set aside", "parked", "seconds", "MB")
"""The most important first: where the screen is narrow the last are left out."""
_TEXTS = ("table", "state", "night")
_BETWEEN, _EDGES = 3, 2
"""Characters between two columns, and on both sides of a grid."""


def status(
    check: Annotated[bool, typer.Option("--check", help="End with status 1 unless every table is fresh.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Say whether the night is complete, and of each table which night it carries, how old that is, and if not fresh why.

    fresh; damaged: its log cannot be read, and the status ends with 1; stale: a later night was refused, the one named is
    served instead; behind: a later night is there and not done; late: older than its definition promises, and nothing later
    is there; outdated: of what it was made from, other versions are served now; rolled back; never published. Of the model
    also old: lists would be refused for its age; none yet; unknown: MLflow does not say. Age is in days, beside those
    promised. What was set aside, waits (parked), and the seconds are of the last publication.
    `reelhouse tables` says what the tables are.
    """
    from jobs.answers.standing import WORST_FIRST, next_command
    from jobs.answers.status import standing

    home = settings()
    now = standing(home, today(home))
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in now.found], default=str))
    else:
        is_complete = all(one.is_fresh for one in now.found)
        display.say(now.in_one_line, "bold green" if is_complete else "bold red")
        found = sorted(now.found, key=lambda one: (WORST_FIRST.index(one.state), bool(one.waits_for)))
        _show_reasons(found)
        _show_table(found)
        _show_notes(found)
        display.next_step(next_command(found))
    is_damaged = any(one.state == "damaged" for one in now.found)
    if is_damaged or (check and not all(one.is_fresh for one in now.found)):
        raise typer.Exit(1)


def _show_reasons(found: "Sequence[Status]") -> None:
    """Why what is not fresh is not, a line each, where no reason is too long for the screen."""
    from jobs.answers.standing import reasons_of

    for one in reasons_of(found):
        of = one.tables[0] if len(one.tables) == 1 else f"{len(one.tables)} tables"
        why = display.safe(f", {one.why}" if one.why else "")
        display.say(Text.assemble((f"{of}: {one.state}", _STYLES[one.state]), why))


def _show_table(found: "Sequence[Status]") -> None:
    """A row a table: those that are not fresh first."""
    rows = [_cells(one) for one in found]
    widths = [max(len(name), *(cells[at].cell_len for cells in rows)) for at, name in enumerate(_COLUMNS)]
    shown = len(_COLUMNS)
    while shown > 3 and sum(widths[:shown]) + _BETWEEN * (shown - 1) + _EDGES > display.console().width:
        shown -= 1
    columns = _COLUMNS[:shown]
    grid = display.grid(*columns, right=[name for name in columns if name not in _TEXTS], whole=columns)
    for cells in rows:
        grid.add_row(*cells[:shown])
    display.console().print(grid)


def _cells(one: "Status") -> list[Text]:
    """A table's cells, one for each column."""
    age = "" if one.age_days is None else f"{one.age_days} d"
    promised = "" if one.promised_days is None or not age else f" of {one.promised_days}"
    return [
        display.plain(one.table),
        display.plain(one.state, _STYLES[one.state]),
        display.plain(one.night),
        display.plain(age + promised, "yellow" if one.is_overdue else ""),
        display.plain(None if one.rows is None else display.count(one.rows)),
        display.plain(display.count(one.set_aside) if one.set_aside else None),
        display.plain(display.count(one.parked) if one.parked else None),
        display.plain(f"{one.seconds:.1f}" if one.seconds else None),
        display.plain(None if one.bytes is None else f"{one.bytes / 1e6:,.1f}"),
    ]


def _show_notes(found: "Sequence[Status]") -> None:
    """What was unusual and published all the same, what a person accepted, and what made the lists."""
    for one in found:
        for warning in one.warnings:
            display.say(Text.assemble((f"{one.table}: unusual", "yellow"), display.safe(f", {warning}")))
    for one in found:
        if one.is_fresh and one.why:
            display.say(f"{one.table}: {one.why}")
        if one.serves:
            display.say(f"{one.table}: {'serves' if one.table.startswith('model.') else 'made by'} {one.serves}")
