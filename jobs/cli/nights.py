"""``reelhouse night`` and ``reelhouse run``: all jobs of a night, or one."""

import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import JobArgument, Night, examples, night_to_run, settings, today
from jobs.cli.deliveries import write_sample
from jobs.errors import JobError

NOTHING_TO_DO = 99
"""Exit status of a run that was unchanged, stale or superseded, for a scheduler that asks to be told."""
NIGHT_EXAMPLES = examples("reelhouse night", "reelhouse night --night 2026-11-22", "reelhouse night --sample")
RUN_EXAMPLES = examples(
    "reelhouse run silver.titles --night 2026-11-22",
    "reelhouse run bronze.imdb --night 2026-11-22",
    "reelhouse run model.champion",
)


def night(
    night: Night = None,
    sample: Annotated[
        bool,
        typer.Option(
            "--sample", help="Write the sample world first if landing/ is empty, its next day if its last one is done."
        ),
    ] = False,
) -> None:
    """Run a night: ingest what was delivered, refine it, train, and publish every viewer's list."""
    from jobs.cli.progress import Progress
    from jobs.runs.alone import alone
    from jobs.runs.job import Sessions
    from jobs.runs.night import run_night
    from jobs.runs.notifying import Failure, Telling

    home = settings()
    if sample:
        write_sample(home, today(home))
    day = night_to_run(home, night)
    began, typed = time.monotonic(), f"reelhouse night --night {day}"
    display.say(f"night {day}", "bold")
    people = Telling(home, Failure("the night", "", str(day), typed), datetime.now(UTC), display.warn)
    with people, alone(home.root, typed), Progress() as progress:
        ended = run_night(home, day, typed, Sessions(home, watcher=progress), progress)
    from jobs.cli.maintenance import maintain_quietly
    from jobs.cli.summary import show_failures, show_published, show_served, show_time

    show_published(progress.steps)
    maintain_quietly(home)
    failed = [one for one in ended if one.error]
    if failed:
        show_failures(ended)
        people.tell([Failure(one.job, str(one.error), str(day), typed) for one in failed])
        others = [one.job for one in ended if one.waits_for]
        behind = f", and {display.listing(others)} could not run because of that" if others else ""
        raise JobError(
            f"night {day} was not done: {display.listing([one.job for one in failed])} failed{behind}; mend the cause "
            "and run the night again: what is done already is not done again"
        )
    show_time(progress.steps, time.monotonic() - began)
    show_served(home)


def run(
    job: JobArgument,
    night: Night = None,
    by: Annotated[
        str, typer.Option("--by", metavar="TEXT", help="What runs it, for the ledger; this command unless given.")
    ] = "",
    skip_status: Annotated[
        bool, typer.Option("--skip-status", help=f"End with status {NOTHING_TO_DO} where there was nothing to do.")
    ] = False,
) -> None:
    """Run one job of a night: a table, a source or the model."""
    from jobs.cli.progress import Progress
    from jobs.runs.ended import Ended
    from jobs.runs.job import Sessions, run_job
    from jobs.tables import job_of, nodes_of

    home = settings()
    day = night_to_run(home, night)
    made = nodes_of(job)[0]
    # One job ingests all tables of a source.
    name = job_of(made)
    typed = f"reelhouse run {job} --night {day}"
    with Progress((name,)) as progress:
        progress.start(name)
        sessions = Sessions(home, name, watcher=progress)
        outcomes = run_job(home, name, day, by or typed, sessions)
        progress.end(Ended(name, tuple(outcomes)))
    if skip_status and not any(outcome.state in {"published", "kept"} for outcome in outcomes):
        raise typer.Exit(NOTHING_TO_DO)
    display.next_step("reelhouse models" if made.layer == "model" else f"reelhouse history {made.name}")
