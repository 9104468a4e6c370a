"""Run one job, or all jobs of a night in order."""

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import date
from graphlib import TopologicalSorter
from importlib import import_module

from pyspark.sql import SparkSession

from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake, Outcome
from jobs.lakehouse.spark import Watch
from jobs.landing import gate
from jobs.settings import Settings
from jobs.tables import NODES, Model, Node, job_inputs, nodes_of
from jobs.tracking import registry

_JOBS_AT_ONCE = 2
"""A job waits for one thing after another (plans, small stages, commits): two of them keep a machine busy."""


def run_job(spark: SparkSession, settings: Settings, job: str, night: date, run: str) -> list[Outcome]:
    """Run one job for a night.

    A current table is always built as of the latest night that it, or anything it is made from, carries already: a
    backfill of an older night brings late deliveries in without taking newer ones out, so the order of nights does not
    matter. Where no input has changed since, the run ends as ``superseded`` without work.

    Args:
        spark: The session.
        settings: Where everything is.
        job: Name of a table, a source (``bronze.imdb``) or the model.
        night: The night.
        run: What runs it: an Airflow run, or a command.

    Returns:
        One outcome a table.

    Raises:
        JobError: The job was not done; every table is as it was.
    """
    lake = Lake(spark, settings, run)
    latest = as_of(settings, job, night)
    if latest > night and _is_up_to_date(settings, job):
        lake.report(job, "superseded", note=f"carries {latest}")
        return lake.outcomes
    with Watch(spark, settings, job):
        import_module(f"jobs.{job}").run(lake, latest)
    return lake.outcomes


def run_night(
    spark: SparkSession,
    settings: Settings,
    night: date,
    run: str,
    on_start: Callable[[str], None] = lambda _: None,
    on_end: Callable[[str, list[Outcome]], None] = lambda *_: None,
) -> list[Outcome]:
    """Run every job of a night, inputs first, and two at once where neither waits for the other.

    Args:
        spark: The session.
        settings: Where everything is.
        night: The night.
        run: What runs it.
        on_start: Told the name of each job when it starts.
        on_end: Told each job's outcomes when it has ended.

    Raises:
        JobError: Nothing was delivered for the night, or a job was not done; jobs that run then are let end, and no
            other is begun.
    """
    gate.require_delivery(settings.landing, night)
    outcomes: list[Outcome] = []
    jobs = TopologicalSorter(job_inputs())
    jobs.prepare()

    def run_one(job: str) -> list[Outcome]:
        on_start(job)
        return run_job(spark, settings, job, night, run)

    with ThreadPoolExecutor(_JOBS_AT_ONCE) as threads:
        running: dict[Future[list[Outcome]], str] = {}
        try:
            while jobs.is_active():
                running |= {threads.submit(run_one, job): job for job in jobs.get_ready()}
                for ended in wait(running, return_when=FIRST_COMPLETED).done:
                    job = running.pop(ended)
                    on_end(job, ended.result())
                    outcomes += ended.result()
                    jobs.done(job)
        finally:
            for waiting in running:
                waiting.cancel()
    return outcomes


def as_of(settings: Settings, job: str, night: date) -> date:
    """The latest of ``night`` and the nights that what the job makes and its inputs carry."""
    own = [] if job.startswith("bronze.") else nodes_of(job)
    upstream = [node for made in own for node in made.inputs if node.layer != "bronze"]
    nights = [carried for node in (*own, *upstream) if (carried := _carried(settings, node))]
    return max([night, *nights])


def _carried(settings: Settings, node: Node) -> date | None:
    """The night that a table or the model carries."""
    found = registry.champion(settings) if isinstance(node, Model) else ledger.latest(settings.lake, node)
    return found.night if found else None


def _is_up_to_date(settings: Settings, job: str) -> bool:
    """Whether nothing that the job reads has changed since it last published."""
    (made, *_) = nodes_of(job)
    found = registry.champion(settings) if isinstance(made, Model) else ledger.latest(settings.lake, made)
    return found is not None and found.inputs == {name: _version(settings, name) for name in found.inputs}


def _version(settings: Settings, name: str) -> int | None:
    """The newest version of a table or of the champion."""
    node = next(node for node in NODES if node.name == name)
    if isinstance(node, Model):
        champion = registry.champion(settings)
        return champion.version if champion else None
    return ledger.version(settings.lake, node)
