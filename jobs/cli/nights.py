"""``reelhouse night`` and ``reelhouse run``: all jobs of a night, or one."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import JobArgument, Night, examples, newest_delivery, settings
from jobs.cli.deliveries import write_sample

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from jobs.settings import Settings

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
    from jobs.landing import gate

    home = settings()
    if sample:
        write_sample(home)
    day = night or newest_delivery(home)
    gate.require_delivery(home.landing, day)
    began = time.monotonic()
    spark, start_seconds = _start(home)

    from jobs.cli.progress import Progress
    from jobs.cli.summary import show_summary
    from jobs.runs.night import run_night

    display.say(f"night {day}", "bold")
    with Progress(start_seconds) as progress:
        run_night(spark, home, day, f"reelhouse night --night {day}", progress.start, progress.end)
    show_summary(home, progress.steps, time.monotonic() - began)


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
    home = settings()
    day: date = night or newest_delivery(home)
    spark, start_seconds = _start(home)

    from jobs.cli.progress import Progress
    from jobs.runs.night import run_job
    from jobs.tables import tables_of

    tables = tables_of(job)
    # One job ingests all tables of a source.
    name = "bronze." + job.removeprefix("bronze.").partition("_")[0] if job.startswith("bronze.") else job
    with Progress(start_seconds, (name,)) as progress:
        progress.start(name)
        outcomes = run_job(spark, home, name, day, by or f"reelhouse run {job} --night {day}")
        progress.end(name, outcomes)
    if skip_status and not any(outcome.state == "published" for outcome in outcomes):
        raise typer.Exit(NOTHING_TO_DO)
    display.next_step(f"reelhouse history {tables[0].name}" if tables else "reelhouse show")


def _start(home: "Settings") -> tuple["SparkSession", float]:
    """A session, and the seconds it took; Great Expectations and MLflow are imported while the JVM starts."""
    began = time.monotonic()
    # PySpark first: two threads that import it at once find it half made.
    from jobs.lakehouse.spark import session

    with ThreadPoolExecutor(1) as imports:
        imports.submit(import_module, "jobs.runs.night")
        spark = session(home)
    return spark, time.monotonic() - began
