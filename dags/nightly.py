"""What the DAGs of a night share: commands as tasks, and their order, which is the order of ``jobs.tables``.

A task is named as its job and runs the command that an operator would type; the night is its argument. The last task of
a DAG announces the night, as a partition of every asset that the DAG makes, to the DAGs that read them.
"""

import os
import subprocess
from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import reduce
from operator import and_
from types import MappingProxyType
from typing import Any

from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import (
    Asset,
    BaseOperator,
    Context,
    CronPartitionTimetable,
    Param,
    PartitionedAssetTimetable,
    TriggerRule,
    chain,
)
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from jobs.tables import job_inputs

_TOLD_WITHIN_SECONDS = 60
"""The command that tells people ends earlier by itself."""


def tell(context: Context) -> None:
    """Tell people of a task that failed and is not tried again, by the command that `reelhouse night` shares.

    Its error is the line that its command ended with; a task that was killed has none.
    """
    if not (os.environ.get("REELHOUSE_NOTIFY_FILE") or os.environ.get("REELHOUSE_NOTIFY_WEBHOOK")):
        return
    task, params = context["ti"].task_id, context.get("params") or {}
    night = params.get("night") or context.get("partition_key") or ""
    error = context.get("exception") or "it was killed, or ran out of time: its log says more"
    command = ["reelhouse", "notify", task, "--night", str(night), "--run", str(context["run_id"])]
    subprocess.run(command, input=str(error), text=True, timeout=_TOLD_WITHIN_SECONDS, check=False)


POOL = "spark"
"""Its slots are the jobs that run at once, all of them on one Spark Connect server."""
NIGHT = "{{ params.night or dag_run.partition_key }}"
"""The night of a run: the parameter of a run started by hand, else the partition."""
NIGHTLY: Mapping[str, Any] = MappingProxyType(
    {
        "catchup": False,
        "max_active_runs": 1,
        # A scheduled night for which nothing was delivered ends green, every task of it skipped.
        "is_paused_upon_creation": False,
        # A night of millions of viewers takes minutes per task; one that hangs must not hold the pool for ever.
        "default_args": {
            "retries": 1,
            "retry_delay": timedelta(minutes=1),
            "execution_timeout": timedelta(hours=6),
            "on_failure_callback": tell,
        },
        "params": {
            "night": Param(
                None,
                type=["null", "string"],
                format="date",
                description="Night to run by hand, e.g. 2026-11-22; what is behind this DAG follows for that night.",
            )
        },
        "tags": ["reelhouse"],
    }
)
AT_TWO = CronPartitionTimetable("0 2 * * *", timezone="UTC", key_format="%Y-%m-%d", run_offset=-1)
"""Night D, everything delivered for day D, runs at 02:00 UTC on D+1."""

_NOTHING_TO_DO = 99
"""Exit status of a command that was asked for it by ``--skip-status``."""
_MARK = "error: "
"""How the line begins that says why a command did nothing."""


_APPROVAL = """\
The gate could not decide on version {version}, which was trained for the night {night}:

> {why}

- **Approve**: version {version} serves from the next lists on. The page wants a `reason`, for those who ask later.
- **Reject**, or no answer within a week: the champion that serves stays. Nothing else is lost or held up, and the
  version can still be promoted: `reelhouse promote {version} --reason "…"`.

What it rests on: the page `docs/data-docs/model.champion/{night}.html` of the home has every figure with its interval, for
whom, and the films that are found more often or less; MLflow's experiment `nightly-training` has the night's models side by
side.
"""
"""What a person is asked, in Markdown."""


class Command(BaseOperator):
    """A command of the operator's as a task: its last line is the task's.

    Args:
        command: The command and its arguments; templates are filled in.
        is_tried_again: Whether what the command says is wrong may be right a minute later.
    """

    template_fields = ("command",)

    def __init__(self, *, command: Collection[str], is_tried_again: bool = False, **task: Any) -> None:
        super().__init__(**task)
        self.command = list(command)
        self.is_tried_again = is_tried_again
        self._hook = SubprocessHook()

    def execute(self, context: Context) -> str:  # noqa: ARG002 - Airflow's signature
        """Run the command to its end.

        Returns:
            Its last line.

        Raises:
            AirflowSkipException: There was nothing to do.
            AirflowFailException: What a person must mend, in the command's own line: the task is not tried again.
            AirflowException: Anything else: a bug, or the Spark server was lost.
        """
        result = self._hook.run_command(self.command)
        said = str(result.output).removeprefix(_MARK)
        if result.exit_code == _NOTHING_TO_DO:
            raise AirflowSkipException(said)
        if result.exit_code in {1, 2} and result.output.startswith(_MARK) and not self.is_tried_again:
            raise AirflowFailException(said)
        if result.exit_code:
            raise AirflowException(said)
        return said

    def on_kill(self) -> None:
        """End the command with the task."""
        self._hook.send_sigterm()  # type: ignore[no-untyped-call]


class Announce(BaseOperator):
    """The last task: the DAGs behind this one may begin with the night.

    A skipped task updates no asset in Airflow, but a table that was as it should be already is there all the same. So
    this one does it for all of them, and only a failure, or a night for which nothing was delivered, holds it back.

    Args:
        jobs: The jobs of the DAG, which are the names of their assets.
    """

    template_fields = ("night",)

    def __init__(self, *, jobs: Collection[str], **task: Any) -> None:
        super().__init__(task_id="announce", outlets=[Asset(job) for job in jobs], **task)
        self.night = NIGHT

    def execute(self, context: Context) -> None:
        """Update each asset's partition of the night, however the run was started."""
        for asset in self.outlets:
            context["outlet_events"][asset].add_partitions(self.night)


def add_jobs(jobs: Collection[str]) -> dict[str, Command]:
    """Add one task per job to the DAG at hand, each behind the tasks that make its inputs, and the announcement."""
    inputs = job_inputs()
    tasks = {job: _job(job) for job in inputs if job in jobs}
    for job, task in tasks.items():
        task.set_upstream([tasks[upstream] for upstream in inputs[job] if upstream in tasks])
    chain(list(tasks.values()), Announce(jobs=list(tasks), trigger_rule=TriggerRule.NONE_FAILED))
    return tasks


def add_sources(sources: Collection[str]) -> None:
    """Add the ingestion of every source, behind the question whether anything was delivered at all.

    A source that REELHOUSE_FETCH names is fetched first. If that fails the night goes on with the source's last delivery.
    """
    asked = os.environ.get("REELHOUSE_FETCH", "").split(",")
    fetched = [_fetch(source) for job in sources if (source := job.removeprefix("bronze.")) in asked]
    delivered = Command(
        task_id="delivered",
        command=["reelhouse", "delivered", "--night", NIGHT, "--skip-status"],
        trigger_rule=TriggerRule.ALL_DONE,
    )
    tasks = {job: _job(job) for job in sources}
    for task in tasks.values():
        # Nothing delivered for any source: all of them are skipped with `delivered`.
        task.trigger_rule = TriggerRule.ALL_SUCCESS
    announce = Announce(jobs=list(tasks), trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
    chain(fetched, delivered) if fetched else None
    chain(delivered, list(tasks.values()), announce)
    chain(delivered, announce)


def add_approval(job: str, tasks: Mapping[str, Command]) -> None:
    """Ask a person about the version of the model that a night left waiting, and promote it once approved.

    Nothing waits for the answer: the night goes on with the champion that is there. Without an answer in a week the
    version is left as it is; it can still be promoted on the command line.

    Args:
        job: The job that trains.
        tasks: The DAG's tasks by job.
    """
    # Nights may wait for an answer beside each other; only one trains at a time.
    tasks[job].max_active_tis_per_dag = 1
    waiting = Command(
        task_id="waiting",
        command=["reelhouse", "models", "--waiting", NIGHT],
        trigger_rule=TriggerRule.NONE_FAILED,
    )
    # `waiting` says the number first, then why.
    said, answer = "ti.xcom_pull(task_ids='waiting')", "(ti.xcom_pull(task_ids='approve') or {})"
    version, why = f"{{{{ {said}.partition(' ')[0] }}}}", f"{{{{ {said}.partition(' ')[2] }}}}"
    approve = ApprovalOperator(
        task_id="approve",
        subject=f"Version {version} of the model waits: may it serve?",
        body=_APPROVAL.format(why=why, version=version, night=NIGHT),
        params={"reason": Param("", type="string", description="Why, for those who ask later.")},
        defaults=ApprovalOperator.REJECT,
        response_timeout=timedelta(days=7),
        execution_timeout=None,
        retries=0,
    )
    reason = f"{{{{ {answer}.get('params_input', {{}}).get('reason') or 'approved in Airflow' }}}}"
    by = f"{{{{ ({answer}.get('responded_by_user') or {{}}).get('name') or 'Airflow' }}}}"
    promote = Command(task_id="promote", command=["reelhouse", "promote", version, "--reason", reason, "--by", by])
    chain(tasks[job], waiting, approve, promote)


def when_inputs_are_there(jobs: Collection[str]) -> PartitionedAssetTimetable:
    """Run ``jobs`` for a night once every asset that they read from other DAGs has that night's partition."""
    read = {upstream for job in jobs for upstream in job_inputs()[job]} - set(jobs)
    return PartitionedAssetTimetable(assets=reduce(and_, (Asset(name) for name in sorted(read))))


def _job(job: str) -> Command:
    """A job as a task; one whose inputs were skipped, as they were up to date, is run."""
    command = ["reelhouse", "run", job, "--night", NIGHT, "--by", "{{ run_id }}", "--skip-status"]
    return Command(task_id=job, command=command, pool=POOL, trigger_rule=TriggerRule.NONE_FAILED)


def _fetch(source: str) -> Command:
    """A download; what was fetched is kept, and the next try goes on there."""
    command = ["reelhouse", "fetch", source, "--night", NIGHT]
    return Command(task_id=f"fetch.{source}", command=command, is_tried_again=True)
