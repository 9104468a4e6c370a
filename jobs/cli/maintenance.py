"""``reelhouse maintain``: what nobody needs any more goes."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import examples, settings
from jobs.errors import JobError

if TYPE_CHECKING:
    from jobs.settings import Settings

EXAMPLES = examples("reelhouse maintain --dry-run", "reelhouse maintain")


def maintain(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; nothing is changed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Delete files and commits that nothing needs any more, and what killed runs left; put small files together.

    Kept are all that was in force in the last 35 days (REELHOUSE_KEEPS__FILES_DAYS), and whatever the tables in force and
    the kept nights' lists were made from. `reelhouse night` does it at its end. It may run beside a night.
    """
    from jobs.runs import maintaining

    found = maintaining.maintain(settings(), datetime.now(UTC), dry_run=dry_run)
    if as_json:
        told = {"done": [asdict(one) for one in found.done], "bytes": found.bytes, "problems": found.problems}
        typer.echo(json.dumps(told, indent=2))
    elif found.done:
        grid = display.grid(
            "table or folder", "what", "number", "MB", right=("number", "MB"), whole=("table or folder",)
        )
        for one in found.done:
            grid.add_row(*map(display.plain, (one.name, one.what, f"{one.count:,}", f"{one.bytes / 1e6:,.2f}")))
        display.console().print(grid)
        went = "would go: run it without --dry-run" if dry_run else "went"
        display.say(f"{found.bytes / 1e6:,.1f} MB {went}")
    elif not found.problems:
        display.say("nothing to do: everything that is there is needed")
    if found.problems:
        raise JobError(f"not everything was maintained: {'; '.join(found.problems)}")


def maintain_quietly(home: "Settings") -> None:
    """Maintain at the end of a night: one line if anything went, or was left alone."""
    from jobs.runs import maintaining

    found = maintaining.maintain(home, datetime.now(UTC))
    if found.bytes:
        display.say(f"maintained: {found.bytes / 1e6:,.1f} MB went that nothing needs any more", "dim")
    for problem in found.problems:
        display.warn(f"not maintained: {problem}; `reelhouse maintain` tries again")
