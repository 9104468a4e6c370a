"""``reelhouse quarantine``: what was set aside, why, and where it stands."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from jobs.cli import display
from jobs.cli.arguments import complete_job, examples, iso_date, known_job, settings

if TYPE_CHECKING:
    from jobs.answers.quarantined import Aside, Example, Quarantined

EXAMPLES = examples(
    "reelhouse quarantine",
    "reelhouse quarantine bronze.imdb",
    "reelhouse quarantine silver.interactions --reason parked:title_id --limit 20",
    "reelhouse quarantine --night 2026-11-22 --json",
)
_STYLES = {"set_aside": "yellow", "refused": "red", "parked": ""}
_EXAMPLES, _IN_OVERVIEW = 3, 1


def quarantine(
    job: Annotated[
        str | None,
        typer.Argument(
            parser=known_job,
            metavar="TABLE",
            help="A table or a source; all unless given.",
            autocompletion=complete_job,
        ),
    ] = None,
    night: Annotated[
        date | None,
        typer.Option(
            "--night", parser=iso_date, metavar="DATE", help="Only of this night; of bronze, of this delivery."
        ),
    ] = None,
    reason: Annotated[
        str | None,
        typer.Option("--reason", metavar="CODE", help="Only with this reason, or any of this column."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=0, help="How many examples of each; 1 of all tables, 3 of one, unless given."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Show which rows were set aside: how many for which reason, what that reason promises, and where they stand.

    set_aside: broken, the rest was published; parked: no fault, waits for another table and is offered again every night;
    refused: its publication was not made. A row with two reasons counts under both.
    """
    from jobs.answers.quarantined import READS, quarantined
    from jobs.lakehouse.views import Views
    from jobs.tables import tables_of

    home = settings()
    tables = tables_of(job) if job else None
    shown = limit if limit is not None else _EXAMPLES if job else _IN_OVERVIEW
    found = quarantined(Views(home.lake, READS), tables, night, reason, shown)
    promises = _promises(found)
    if as_json:
        told = [asdict(one) | {"promise": promises[one.table, one.reason]} for one in found.found]
        typer.echo(json.dumps(told, default=str, ensure_ascii=False))
        return
    if not found.found:
        _show_nothing(found, job, night, reason)
        return
    for table in dict.fromkeys(one.table for one in found.found):
        _show_table(table, [one for one in found.found if one.table == table], promises)
    display.say(f"{found.rows:,} row{'' if found.rows == 1 else 's'} in quarantine")
    display.next_step(_next(found, job))


def _promises(found: "Quarantined") -> Mapping[tuple[str, str], str]:
    """Table and reason → what the reason promises, in words."""
    from expectations.meanings import meaning

    return {(one.table, one.reason): meaning(one.table, one.reason) for one in found.found}


def _show_nothing(found: "Quarantined", job: str | None, night: date | None, reason: str | None) -> None:
    """Why nothing is shown: nothing is there, or not of what was asked for."""
    asked = [f"of {job}" if job else "", f"for {night}" if night else "", f"with the reason {reason}" if reason else ""]
    said = " ".join(filter(None, asked))
    if not found.nights:
        display.say("nothing is set aside: every row that was ever offered and counts today is published")
        display.next_step("reelhouse status")
        return
    nights = f"{found.nights[0]}" if len(found.nights) == 1 else f"{found.nights[0]} to {found.nights[-1]}"
    display.say(f"nothing {said} is set aside; there are rows of others, of {nights}")
    display.next_step("reelhouse quarantine")


def _show_table(table: str, found: "list[Aside]", promises: Mapping[tuple[str, str], str]) -> None:
    """The rows of one table: a line a reason with what it promises, and examples below."""
    display.say(table, "bold")
    for one in found:
        nights = f"{one.first_night}" if one.first_night == one.last_night else f"{one.first_night} to {one.last_night}"
        display.say(
            Text.assemble(
                f"{one.rows:>9,}  ",
                (one.state.replace("_", " "), _STYLES.get(one.state, "")),
                "  ",
                (display.safe(one.reason), "bold"),
                (f"  {nights}", "dim"),
            )
        )
        if promise := promises.get((one.table, one.reason)):
            display.say(f"           {promise.replace('`', '')}")
        for example in one.examples:
            display.say(Text.assemble(f"           {_place(example)}", (display.safe(example.record), "dim")))


def _place(example: "Example") -> str:
    """Where a record stands: ``log.jsonl.gz:17  ``; of a row that is no record of a file, nothing."""
    if example.file is None:
        return ""
    return display.safe(f"{example.night}/{example.file}{f':{example.line}' if example.line else ''}  ")


def _next(found: "Quarantined", job: str | None) -> str:
    """What is worth typing: more of the table with the most, or what makes it again."""
    most = max(found.found, key=lambda one: (one.state != "parked", one.rows))
    if job is None:
        return f"reelhouse quarantine {most.table}"
    return f"reelhouse replay {job} --dry-run" if most.state != "parked" else "reelhouse status"
