"""Search the model's parameters once a week, within an hour, and put what was found before the gate.

**Green**: the experiment `tuning` in MLflow has a new run, with a nested one per trial. What it found is a proposal: the
next night tries it as a challenger, and its gate decides. Nothing that serves has changed. Where the defaults are the best
that was found, nothing is proposed.

**Red**: the task's error is one line that says what the search lacked. Nothing that serves has changed, and the nights go
on. Mend the cause and clear the task: it goes on with the trials that are there, if the lake is still the same.

**By hand**: *Trigger*, with the parameter `minutes`; or `reelhouse tune` on the command line.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable, Param

from dags.nightly import POOL, Command, tell

MINUTES = 60
MOST_MINUTES = 24 * 60

with DAG(
    "tune",
    # Nights begin at 02:00: at noon on Sunday they are done.
    schedule=CronTriggerTimetable("0 12 * * 0", timezone="UTC"),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    params={
        "minutes": Param(
            MINUTES,
            type="integer",
            minimum=1,
            maximum=MOST_MINUTES,
            description="No trial begins after so many minutes.",
        )
    },
    doc_md=__doc__,
    tags=["reelhouse"],
):
    Command(
        task_id="search",
        command=["reelhouse", "tune", "--minutes", "{{ params.minutes }}", "--resume"],
        pool=POOL,
        on_failure_callback=tell,
        retries=1,
        retry_delay=timedelta(minutes=1),
        # The last trial ends after the budget does.
        execution_timeout=timedelta(minutes=2 * MOST_MINUTES),
    )
