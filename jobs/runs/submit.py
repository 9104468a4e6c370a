"""The application given to spark-submit: run one job of a night.

``spark-submit jobs/runs/submit.py silver.titles --night 2026-11-22 --run <what runs it>``
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING

from jobs.errors import JobError
from jobs.lakehouse.spark import session
from jobs.settings import Settings

if TYPE_CHECKING:
    from jobs.lakehouse.lake import Outcome


def main(arguments: list[str] | None = None) -> int:
    """Run the job; print a line an outcome, or the JobError on the error stream.

    Returns:
        The exit status: 1 after a JobError. Everything else that fails keeps its traceback.
    """
    parser = argparse.ArgumentParser(description="Run one job of a night.")
    parser.add_argument("job", help="a table, a source or the model, e.g. silver.titles")
    parser.add_argument("--night", required=True, help="ISO date, e.g. 2026-11-22")
    parser.add_argument("--run", required=True, help="what runs it; kept in the ledger")
    given = parser.parse_args(arguments)
    try:
        settings, night = Settings(), _night(given.night, given.job)
        with ThreadPoolExecutor(1) as aside:
            # Great Expectations and MLflow take as long to import as Spark takes to start.
            night_module = aside.submit(import_module, "jobs.runs.night")
            spark = session(settings, given.job)
        for outcome in night_module.result().run_job(spark, settings, given.job, night, given.run):
            sys.stdout.write(_line(outcome) + "\n")
    except JobError as error:
        sys.stderr.write(f"JobError: {error}\n")
        return 1
    return 0


def _line(outcome: "Outcome") -> str:
    """An outcome in a line of the log."""
    counts = "" if outcome.rows is None else f"{outcome.rows:,} rows, {outcome.set_aside:,} set aside"
    said = ", ".join(filter(None, [outcome.state, counts, outcome.note]))
    return f"{outcome.name}: {said} ({outcome.seconds:.1f} s)"


def _night(given: str, job: str) -> date:
    """The night as a date; a run that was started by hand without one has none."""
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise JobError(
            f"{job} did not run: its night is '{given}', not an ISO date; start it with a partition key "
            "or the parameter night, e.g. 2026-11-22"
        ) from None


if __name__ == "__main__":
    sys.exit(main())
