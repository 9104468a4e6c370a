"""``reelhouse replay``: make again what has rows in quarantine, under today's rules, and what depends on it."""

from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import JobArgument, examples, settings
from jobs.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobs.runs.ended import Ended
    from jobs.runs.replays import Replay

EXAMPLES = examples(
    "reelhouse replay bronze.imdb --dry-run",
    "reelhouse replay bronze.interactions",
    "reelhouse replay bronze.interactions --all",
    "reelhouse replay silver.interactions",
)


def replay(
    job: JobArgument,
    of_all: Annotated[
        bool, typer.Option("--all", help="Read every delivery of a source again, for a stricter rule.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would run, and change nothing.")] = False,
) -> None:
    """Make a table or source again under today's rules, and everything that is made from it.

    Of a source, the deliveries with rows in quarantine are read from landing/ again; with --all every delivery is, as a
    rule that is stricter now may break rows that were published. What comes out as it was is not published: a second
    replay changes nothing, and one that was stopped can be run again.
    """
    from jobs.cli.progress import Progress
    from jobs.cli.summary import show_failures
    from jobs.runs import replays
    from jobs.runs.job import Sessions

    home, typed = settings(), f"reelhouse replay {job}{' --all' if of_all else ''}"
    planned = replays.plan(home, job, of_all=of_all)
    if dry_run:
        _show(planned)
        display.next_step(typed)
        return
    for stays in planned.stays:
        display.say(stays)
    with Progress(planned.jobs) as progress:
        sessions = Sessions(home, f"replay {job}", watcher=progress)
        ended = replays.run(home, planned, typed, sessions, progress)
    failed = [one.job for one in ended if one.error]
    if failed:
        show_failures(ended)
        others = [one.job for one in ended if one.waits_for]
        behind = f", and {display.listing(others)} could not run because of that" if others else ""
        raise JobError(
            f"{job} was not replayed to its end: {display.listing(failed)} failed{behind}; what was published before "
            f"stays; mend the cause and run `{typed}` again: what is done already is not done again"
        )
    published = _published(ended)
    display.say(f"published anew: {', '.join(published)}" if published else "nothing changed")
    display.next_step(f"reelhouse quarantine {job}")


def _show(planned: "Replay") -> None:
    """What a replay would do."""
    for name, days in planned.again.items():
        told = f"reads {', '.join(map(str, days))} again" if days else "is made again"
        display.say(f"to replay  {name}  {told}: rows in quarantine {planned.rows[name]:,}")
    if not planned.again:
        display.say(
            "to replay  nothing: none of the deliveries in landing/ has rows in quarantine; --all reads every one"
        )
    for stays in planned.stays:
        display.say(f"to stay  {stays}")
    for job in planned.jobs[1:]:
        display.say(f"to follow  {job}  where what it is made from has changed")
    display.say(f"as of night {planned.night}")


def _published(ended: "Sequence[Ended]") -> list[str]:
    """What has another version now."""
    return [outcome.name for one in ended for outcome in one.outcomes if outcome.state == "published"]
