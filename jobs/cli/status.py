"""``reelhouse status``: how the tables stand."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import examples, settings, today

EXAMPLES = examples("reelhouse status", "reelhouse status --check", "reelhouse status --json")
_STYLES = {"fresh": "green", "stale": "red", "behind": "yellow", "rolled back": "yellow", "never published": "dim"}


def status(
    check: Annotated[bool, typer.Option("--check", help="End with status 1 unless every table is fresh.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Say of each table which night it carries, whether that is the newest, and if not why.

    fresh; stale: a later night was refused; behind: a later night is there and was not run; rolled back; never published.
    `reelhouse tables` says what the tables are.
    """
    from jobs.answers.status import statuses

    home = settings()
    found = statuses(home, today(home))
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], default=str))
    else:
        grid = display.grid("table", "state", "night", "age", "rows", "", right=("age", "rows"))
        for one in found:
            grid.add_row(
                one.table,
                display.plain(one.state, _STYLES[one.state]),
                str(one.night or ""),
                "" if one.age_days is None else f"{one.age_days} d",
                "" if one.rows is None else display.count(one.rows),
                display.plain("; ".join(filter(None, (one.serves, one.why)))),
            )
        display.console().print(grid)
    if check and not all(one.is_fresh for one in found):
        raise typer.Exit(1)
