"""``reelhouse accept``: a person overrules limits."""

import getpass
from datetime import date
from typing import Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import JobArgument, examples, iso_date, settings

EXAMPLES = examples(
    'reelhouse accept gold.recommendations --night 2026-11-22 --reason "half the catalogue was withdrawn"',
    'reelhouse accept bronze.imdb --night 2026-11-22 --reason "the dump has no episodes any more" --by ada',
)


def accept(
    job: JobArgument,
    night: Annotated[
        date, typer.Option("--night", parser=iso_date, metavar="DATE", help="The night that was refused.")
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for those who ask later.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides; your user name unless given.")] = "",
) -> None:
    """Publish, this once, what was refused for its limits: run it again, and overrule those that it broke then.

    Only limits can be overruled (docs/tables.md marks them), not promises; a limit that is broken now and was not then
    refuses it again. Who accepted what, and why, stands in the history.
    """
    from jobs.cli.progress import Progress
    from jobs.runs import acceptances
    from jobs.runs.ended import Ended
    from jobs.runs.job import Sessions, run_job
    from jobs.tables import job_of, nodes_of

    home = settings()
    made = nodes_of(job)[0]
    accepted = acceptances.plan(home, job, night, by or getpass.getuser(), reason)
    name = job_of(made)
    with Progress((name,)) as progress:
        progress.start(name)
        typed = f"reelhouse accept {job} --night {night}"
        outcomes = run_job(home, name, night, typed, Sessions(home, name, watcher=progress), accepted)
        progress.end(Ended(name, tuple(outcomes)))
    display.next_step(f"reelhouse night --night {night}")
