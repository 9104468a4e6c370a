"""Train a night's model, judge it beside popularity on what viewers did next, and make it the champion.

**Green**: a model was trained (`published`) and is `reelhouse@champion` in MLflow. Skipped: the champion was trained on
what the night holds already (`unchanged`), or carries a later night (`superseded`). The task's log ends with its nDCG@10
beside that of popularity. There is no gate yet: look at the figures in MLflow's experiment `nightly-training`, and give
the alias `champion` back to an earlier version there if they are bad; then clear `gold.recommendations` in `recommend`.

**Red**: the task's error is one line that says what training lacked. The
champion stays, and with it the recommendations of the last night. Mend the cause and clear the task; `recommend`
follows.

**It did not run**: `silver.interactions` was not published for the night: look at `refine`.
"""

from airflow.sdk import DAG

from dags.nightly import NIGHTLY, add_jobs, when_inputs_are_there
from jobs.tables import model

JOBS = [model.CHAMPION.name]

with DAG("train", schedule=when_inputs_are_there(JOBS), doc_md=__doc__, **NIGHTLY):
    add_jobs(JOBS)
