"""Delete what nobody needs any more, once a day: files, commits, refusals of long ago, what killed runs left.

**Green**: what lies beyond the times of `REELHOUSE_KEEPS__…` and is needed by nothing has gone; small files of a partition are
one file now. The log says how much. What is served, and every night that can be served again, is as it was.

**Red**: the task's error is one line that says what was left undone and why: nearly always a damaged table or a full disk. The
nights go on. Mend the cause and clear the task, or wait for the next day.

**By hand**: *Trigger*; or `reelhouse maintain` on the command line, with `--dry-run` to see first.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from dags.nightly import Command, tell

with DAG(
    "maintain",
    # Not behind the night, which may fail for days while files pile up. It may run beside one: its commits give way.
    schedule=CronTriggerTimetable("0 10 * * *", timezone="UTC"),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    doc_md=__doc__,
    tags=["reelhouse"],
):
    Command(
        task_id="maintain",
        command=["reelhouse", "maintain"],
        on_failure_callback=tell,
        retries=1,
        retry_delay=timedelta(minutes=1),
        execution_timeout=timedelta(hours=2),
    )
