"""``reelhouse reset`` and ``reelhouse rollback``: take back a wrong night, and serve an earlier one again."""

import getpass
import sys
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import JobArgument, examples, iso_date, known_table, settings
from jobs.errors import JobError
from jobs.tables import TABLES, Table

if TYPE_CHECKING:
    from jobs.runs.resets import Reset
    from jobs.settings import Settings

EXAMPLES = examples(
    "reelhouse reset silver.titles --to 2026-11-21",
    "reelhouse reset bronze.imdb --to 2026-11-21 --downstream",
    "reelhouse reset gold.recommendations --to 2026-11-21 --yes",
)

ROLLBACK_EXAMPLES = examples(
    'reelhouse rollback gold.recommendations --to 2026-11-21 --reason "the same ten films for everybody"',
)


def reset(
    job: JobArgument,
    to: Annotated[date, typer.Option("--to", parser=iso_date, metavar="DATE", help="The last night to keep.")],
    downstream: Annotated[
        bool, typer.Option("--downstream", help="Take back everything that was made from it, too.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take a table, a source or the model back to a night: what later nights made of it is undone.

    A table goes back to what it held then; of a source, the deliveries after it are dropped and can be ingested again.
    Shows what would go and asks; files in landing/ stay as they are.
    """
    from jobs.runs import resets

    home = settings()
    planned = resets.plan(home, job, to, downstream=downstream)
    typed = f"reelhouse reset {job} --to {to}{' --downstream' if downstream else ''}"
    if not planned.steps:
        display.say(f"nothing to undo: {job} holds nothing of a night after {to}")
        _show_what_is_behind(home, job, to, planned)
        return
    for step in planned.steps:
        display.say(f"to undo  {step.name}  {step.does}")
    if not yes:
        require_consent(typed)
    for done in resets.apply(home, planned.steps, typed):
        display.say(f"now in force  {done}")
    _show_what_is_behind(home, job, to, planned)
    if planned.again:
        display.say(
            "mend what went wrong, then run the night again: it makes anew what was undone, and all that follows"
        )
    display.next_step(f"reelhouse night --night {planned.again}" if planned.again else "reelhouse tables")


def _complete_served(incomplete: str) -> list[str]:
    return [t.name for t in TABLES if t.layer == "gold" and not t.is_dated and t.name.startswith(incomplete)]


def rollback(
    table: Annotated[
        Table,
        typer.Argument(
            parser=known_table,
            metavar="TABLE",
            help="gold.recommendations, or another table of gold that keeps no nights of itself.",
            autocompletion=_complete_served,
        ),
    ],
    to: Annotated[date, typer.Option("--to", parser=iso_date, metavar="DATE", help="The night to serve again.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for those who ask later.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides; your user name unless given.")] = "",
) -> None:
    """Serve the lists of a kept night again, at once: one commit, until a later night is published.

    The nights that it takes back are not served by being run again. Rolling back to the later night undoes it; `reelhouse
    reset` ends it, so that the nights can be made anew.
    """
    from jobs.runs import resets

    done = resets.rollback(
        settings(), table, to, by or getpass.getuser(), reason, f"reelhouse rollback {table.name} --to {to}"
    )
    served, before = done.then, done.in_force.night
    rows = f", {served.published:,} rows" if served else ""
    display.say(f"now in force  {table.name}  night {to} instead of {before}{rows}")
    display.say(f"to undo it: reelhouse rollback {table.name} --to {before} --reason TEXT")
    display.say("tables that tell of lists, such as gold.title_facts, follow when a night is run")
    display.next_step("reelhouse status")


def _show_what_is_behind(home: "Settings", job: str, to: date, planned: "Reset") -> None:
    from jobs.runs import resets

    if not planned.behind:
        return
    display.say(f"made from it, still of later nights: {display.listing(planned.behind)}")
    try:
        resets.plan(home, job, to, downstream=True)
    except JobError as error:
        display.say(f"they cannot be taken back too: {error}")
    else:
        display.say(f"to take them back too: reelhouse reset {job} --to {to} --downstream")


def require_consent(typed: str, done: str = "reset", question: str = "Undo this?") -> None:
    """Ask a person; nobody is there to be asked without a terminal.

    Args:
        typed: The command.
        done: What it does, as a participle.
        question: What is asked.

    Raises:
        JobError: The answer is no, or there is nobody.
    """
    if not _is_terminal():
        raise JobError(f"nothing was {done}: there is no terminal to ask on; `{typed} --yes` does it")
    if not typer.confirm(question):
        raise JobError(f"nothing was {done}")


def _is_terminal() -> bool:
    return sys.stdin.isatty()
