"""``reelhouse status``: how the tables stand."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import examples, settings, today

if TYPE_CHECKING:
    from jobs.answers.status import Status

EXAMPLES = examples("reelhouse status", "reelhouse status --check", "reelhouse status --json")
_STYLES = {
    "fresh": "green",
    "stale": "red",
    "behind": "yellow",
    "outdated": "yellow",
    "rolled back": "yellow",
    "old": "yellow",
    "never published": "dim",
    "none yet": "dim",
    "unknown": "red",
}


def _reasons(found: "list[Status]") -> dict[str, list[str]]:
    """What is to be said of tables, and of which: what is said of many is said once."""
    reasons: dict[str, list[str]] = {}
    for one in found:
        why = one.why if one.is_fresh or one.state == "stale" or not one.why else f"{one.state}, {one.why}"
        made = one.serves and ("serves " if one.table.startswith("model.") else "made by ") + one.serves
        for said in filter(None, (made, why)):
            reasons.setdefault(said, []).append(one.table)
    return reasons


def _next(found: "list[Status]") -> str:
    """What is worth typing next: the worst is looked at first."""
    states = {one.state for one in found}
    if "stale" in states:
        return 'reelhouse sql "SELECT table_name, night, problems, page FROM ops.refusals ORDER BY refused_at DESC LIMIT 5"'
    if states & {"behind", "outdated", "none yet", "never published"}:
        return "reelhouse night"
    if states & {"old", "unknown"}:
        return "reelhouse models"
    if "rolled back" in states:
        return "reelhouse history gold.recommendations"
    has_changes = any(one.rows for one in found if one.table == "gold.recommendation_changes")
    return "reelhouse diff" if has_changes else "reelhouse show"


def status(
    check: Annotated[bool, typer.Option("--check", help="End with status 1 unless every table is fresh.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Say of each table which night it carries, whether that is the newest, and if not why.

    fresh; stale: a later night was refused; behind: a later night is there and was not run; outdated: of what it was made
    from, other versions are served now; rolled back; never published. Of the model also old: lists would be refused for its
    age; none yet; unknown: MLflow does not say.
    `reelhouse tables` says what the tables are.
    """
    from jobs.answers.status import statuses

    home = settings()
    found = statuses(home, today(home))
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], default=str))
    else:
        columns = ("table", "state", "night", "age", "rows")
        grid = display.grid(*columns, right=("age", "rows"), whole=columns)
        for one in found:
            grid.add_row(
                one.table,
                display.plain(one.state, _STYLES[one.state]),
                str(one.night or ""),
                "" if one.age_days is None else f"{one.age_days} d",
                "" if one.rows is None else display.count(one.rows),
            )
        display.console().print(grid)
        # Below the table, where no reason is too long for the screen.
        for said, tables in _reasons(found).items():
            display.say(f"{tables[0] if len(tables) == 1 else f'{len(tables)} tables'}: {said}")
        display.next_step(_next(found))
    if check and not all(one.is_fresh for one in found):
        raise typer.Exit(1)
