"""What the DAGs of a night share: jobs as tasks, and their order, which is the order of ``jobs.tables``.

A task is named as its job and updates the asset of that name; the night is the asset's partition.
"""

import os
from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import reduce
from operator import and_
from pathlib import Path
from types import MappingProxyType
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.sdk import Asset, BaseOperator, Context, CronPartitionTimetable, Param, PartitionedAssetTimetable, chain
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from jobs.tables import job_inputs

POOL = "spark"
"""Its one slot keeps one machine from running two Spark drivers at once; a cluster's operator gives it more."""
NIGHT = "{{ params.night or dag_run.partition_key }}"
"""The night of a run: the parameter of a run started by hand, else the partition."""
NIGHTLY: Mapping[str, Any] = MappingProxyType(
    {
        "catchup": False,
        "max_active_runs": 1,
        # A scheduled night for which nothing was delivered ends green: its sources are stale, its tables as they were.
        "is_paused_upon_creation": False,
        # A night of millions of viewers takes minutes a task; a driver that hangs must not hold the pool for ever.
        "default_args": {"retries": 1, "retry_delay": timedelta(minutes=2), "execution_timeout": timedelta(hours=6)},
        "params": {
            "night": Param(
                None,
                type=["null", "string"],
                format="date",
                description="Night to run by hand, e.g. 2026-11-22: rebuilds what this DAG makes, nothing behind it.",
            )
        },
        "tags": ["reelhouse"],
    }
)
AT_TWO = CronPartitionTimetable("0 2 * * *", timezone="UTC", key_format="%Y-%m-%d", run_offset=-1)
"""Night D, everything delivered for day D, runs at 02:00 UTC on D+1."""

_APPLICATION = str(Path(__file__).parents[1] / "jobs" / "runs" / "submit.py")
_MARK = "JobError: "
"""How ``jobs/runs/submit.py`` begins the line that says why a job was not done."""


class Job(SparkSubmitOperator):
    """A job as a task: what stopped it is the task's error, in the job's own line.

    Args:
        job: Name of the job, which is the name of the task and of the asset.
    """

    def __init__(self, *, job: str, **task: Any) -> None:
        super().__init__(
            task_id=job,
            name=job,
            application=_APPLICATION,
            application_args=[job, "--night", NIGHT, "--run", "{{ run_id }}"],
            outlets=[Asset(job)],
            pool=POOL,
            **task,
        )

    def execute(self, context: Context) -> None:
        """Submit the job and wait for it.

        Raises:
            AirflowFailException: The job's JobError. A person must act, so the task is not tried again.
            AirflowException: Anything else.
        """
        try:
            super().execute(context)
        except AirflowException as failure:
            said = [line for line in str(failure).splitlines() if line.startswith(_MARK)]
            if said:
                raise AirflowFailException(said[-1].removeprefix(_MARK)) from None
            raise


class Fetch(BaseOperator):
    """Fetch a source's files into landing before they are ingested.

    Args:
        source: ``imdb`` or ``tmdb``.
    """

    template_fields = ("night",)

    def __init__(self, *, source: str, **task: Any) -> None:
        super().__init__(task_id=f"fetch.{source}", **task)
        self.source = source
        self.night = NIGHT
        self._hook = SubprocessHook()

    def execute(self, context: Context) -> None:  # noqa: ARG002 - Airflow's signature
        """Run ``reelhouse fetch`` for the night.

        Raises:
            AirflowException: Its last line; what was fetched is kept, and the retry goes on there.
        """
        result = self._hook.run_command(["reelhouse", "fetch", self.source, "--night", self.night])
        if result.exit_code:
            raise AirflowException(result.output)

    def on_kill(self) -> None:
        """End the download with the task."""
        self._hook.send_sigterm()  # type: ignore[no-untyped-call]


def add_jobs(jobs: Collection[str]) -> dict[str, Job]:
    """Add one task a job to the DAG at hand, each behind the tasks that make its inputs."""
    inputs = job_inputs()
    tasks = {job: Job(job=job) for job in inputs if job in jobs}
    for job, task in tasks.items():
        task.set_upstream([tasks[upstream] for upstream in inputs[job] if upstream in tasks])
    return tasks


def add_fetch(source: str, before: BaseOperator) -> None:
    """Fetch ``source`` before it is ingested, if REELHOUSE_FETCH names it; else its files are delivered by others."""
    if source in os.environ.get("REELHOUSE_FETCH", "").split(","):
        chain(Fetch(source=source), before)


def when_inputs_are_there(jobs: Collection[str]) -> PartitionedAssetTimetable:
    """Run ``jobs`` for a night once every asset that they read from other DAGs has that night's partition."""
    read = {upstream for job in jobs for upstream in job_inputs()[job]} - set(jobs)
    return PartitionedAssetTimetable(assets=reduce(and_, (Asset(name) for name in sorted(read))))
