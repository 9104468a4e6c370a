"""``reelhouse drift``: what changed in what sources deliver."""

import json
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from jobs.cli import display
from jobs.cli.arguments import complete_job, examples, iso_date, known_job, settings

if TYPE_CHECKING:
    from jobs.answers.drift import Drift

EXAMPLES = examples("reelhouse drift", "reelhouse drift bronze.imdb", "reelhouse drift --night 2026-11-22 --json")
_STYLES = {"new": "yellow", "gone": "red", "renamed": "red", "type": "yellow", "broken": "red"}


def drift(
    job: Annotated[
        str | None,
        typer.Argument(
            parser=known_job,
            metavar="TABLE",
            help="A table or a source of bronze; all unless given.",
            autocompletion=complete_job,
        ),
    ] = None,
    night: Annotated[
        date | None,
        typer.Option(
            "--night",
            parser=iso_date,
            metavar="DATE",
            help="The last delivery up to this day; the last of all unless given.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Show what changed from one delivery to the next: columns, types, files, and values that do not parse any more.

    Beside each change stands the edit of the definition that it asks for. A delivery that was refused is looked at where it
    lies.
    """
    from jobs.answers.drift import drift as drift_of
    from jobs.tables import tables_of

    tables = tables_of(job) if job else None
    if tables and any(table.layer != "bronze" for table in tables):
        raise typer.BadParameter(f"{job} is not delivered: name a table or source of bronze")
    found = drift_of(settings(), tables, night)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], default=str, ensure_ascii=False))
        return
    compared = [one for one in found if one.before]
    for one in compared:
        if one.changes:
            _show(one)
    same = [one.table for one in compared if not one.changes]
    first = [one.table for one in found if one.delivery and not one.before]
    if same:
        display.say(f"nothing changed: {', '.join(same)}")
    if first:
        display.say(f"no delivery before to compare with: {', '.join(first)}", "dim")
    if not compared and not first:
        display.say("nothing was delivered yet")
    display.next_step(_next(compared))


def _show(one: "Drift") -> None:
    """A table: a line a change, and the edit below."""
    state = "" if one.is_held else ", not in the lake"
    display.say(
        Text.assemble((one.table, "bold"), (f"  {one.delivery}{state}, beside {one.before}", "dim")),
    )
    for change in one.changes:
        display.say(
            Text.assemble("  ", (f"{change.kind:8}", _STYLES.get(change.kind, "")), display.safe(change.said)),
        )
        if change.edit:
            display.say(f"          {display.safe(change.edit)}")


def _next(compared: "list[Drift]") -> str:
    """What is worth typing: the rows that broke, the night again once definitions are edited, or how all stands."""
    changed = [one for one in compared if one.changes]
    broken = next((one for one in changed if any(change.kind == "broken" for change in one.changes)), None)
    if broken:
        return f"reelhouse quarantine {broken.table}"
    refused = next((one for one in changed if not one.is_held), None)
    return f"reelhouse night --night {refused.delivery}" if refused else "reelhouse status"
