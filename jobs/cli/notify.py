"""``reelhouse notify``: tell people of a task that failed, as Airflow's tasks do. Its line is read from standard input."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from jobs.cli.arguments import examples, settings
from jobs.errors import JobError

EXAMPLES = examples("echo 'a trial' | reelhouse notify silver.titles --night 2026-11-22")
_LONGEST = 100_000
"""Bytes of a line that are read."""


def notify(
    task: Annotated[str, typer.Argument(metavar="TASK", help="What failed, e.g. silver.titles.")],
    night: Annotated[str, typer.Option("--night", metavar="DATE", help="The night that it worked on.")] = "",
    run: Annotated[str, typer.Option("--run", metavar="TEXT", help="What ran it.")] = "",
) -> None:
    """Tell people of a task that failed: where REELHOUSE_NOTIFY_FILE and REELHOUSE_NOTIFY_WEBHOOK say.

    The line that it ended with is read from standard input.
    """
    from jobs.runs import notifying

    home = settings()
    line = " ".join(sys.stdin.buffer.read(_LONGEST).decode("utf-8", "replace").split())
    failure = notifying.Failure(task, line or "it said nothing", night, run)
    if problems := notifying.notify(home, [failure], datetime.now(UTC)):
        raise JobError("; ".join(problems))
