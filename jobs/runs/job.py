"""Run one job for a night."""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from jobs.lakehouse import ledger
from jobs.lakehouse.outcome import Outcome
from jobs.lakehouse.storage import STAGING, folders_in, open_storage
from jobs.runs.decisions import decide
from jobs.runs.ended import SESSION, Ended, Watcher
from jobs.runs.imports import load
from jobs.settings import Settings
from jobs.tables import tables_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from jobs.lakehouse.refusals import Acceptance


class Sessions:
    """The Spark session of a command, started when the first job needs it.

    Args:
        settings: Where everything is.
        name: What Spark's own pages call it.
        watcher: Is told when it starts and has started.
        spark: A session that is there already.
    """

    def __init__(
        self,
        settings: Settings,
        name: str = "reelhouse",
        watcher: Watcher | None = None,
        spark: "SparkSession | None" = None,
    ) -> None:
        self._settings, self._name, self._watcher, self._spark = settings, name, watcher, spark
        self._lock = Lock()

    def get(self) -> "SparkSession":
        """The session.

        Raises:
            JobError: It cannot be started.
        """
        with self._lock:
            if self._spark is None:
                if self._watcher:
                    self._watcher.start(SESSION)
                self._spark = self._start()
                if self._watcher:
                    self._watcher.end(Ended(SESSION))
            return self._spark

    def interrupt(self) -> None:
        """Stop what runs in the session, if it was started."""
        if self._spark is not None:
            self._spark.interruptAll()

    def tell(self, job: str, step: str) -> None:
        """Tell the watcher what a job begins with."""
        if self._watcher:
            self._watcher.tell(job, step)

    def _start(self) -> "SparkSession":
        """Start Spark; Great Expectations is imported meanwhile."""
        session = load("jobs.lakehouse.spark").session
        with ThreadPoolExecutor(1) as imports:
            imports.submit(load, "jobs.lakehouse.lake")
            spark: SparkSession = session(self._settings, self._name)
        return spark


def run_job(
    settings: Settings,
    job: str,
    night: date,
    run: str,
    sessions: Sessions,
    accepts: "Acceptance | None" = None,
    again: Mapping[str, Collection[date]] | None = None,
) -> list[Outcome]:
    """Run one job for a night; without Spark, Great Expectations or MLflow if there is nothing to do.

    Args:
        settings: Where everything is.
        job: Name of a table, a source (``bronze.imdb``) or the model.
        night: The night.
        run: What runs it: an Airflow run, or a command.
        sessions: Where to take a session from.
        accepts: What a person says who overrules limits.
        again: Tables to be made again although nothing says so; of bronze, with the deliveries to be read again.

    Returns:
        One outcome per table.

    Raises:
        JobError: The job was not done; every table is as it was.
    """
    decision = decide(settings, job, night, again)
    if decision.idle:
        _settle(settings, job)
        return list(decision.idle)
    load("jobs.lakehouse.faults").require_writable(settings, job)
    spark = sessions.get()
    lake = load("jobs.lakehouse.lake").Lake(spark, settings, run, accepts, partial(sessions.tell, job), again or {})
    with load("jobs.lakehouse.faults").told(settings, job), load("jobs.lakehouse.spark").Watch(spark, settings, job):
        load(f"jobs.{job}").run(lake, decision.night)
    outcomes: list[Outcome] = lake.outcomes
    return outcomes


def _settle(settings: Settings, job: str) -> None:
    """Set aside the broken rows of a publication whose run was killed when it had just become visible."""
    for table in tables_of(job):
        entry = ledger.latest(settings.lake, table)
        filesystem, root = open_storage(settings.lake)
        staged = {folder.base_name for folder in folders_in(filesystem, f"{root}/{table.path}/{STAGING}")}
        if entry is not None and entry.publication in staged:
            load("jobs.lakehouse.quarantine").settle(settings.lake, [table])
