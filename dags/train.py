"""Train a night's challenger and let it replace the champion if it is better.

**Green**: a challenger was trained, compared with the champion on what viewers did next, and the better of the two is
`model.champion` in MLflow; that the old one stays is green too.

**Red**: the task's error is one line that says what training lacked or which comparison could not be made. The
champion stays, and with it the recommendations of the last night. Mend the cause and clear the task; `recommend`
follows.

**It did not run**: `silver.interactions` was not published for the night: look at `refine`.
"""

from airflow.sdk import DAG

from infra.airflow.nightly import NIGHTLY, add_jobs, when_inputs_are_there
from jobs.tables import CHAMPION

JOBS = [CHAMPION.name]

with DAG("train", schedule=when_inputs_are_there(JOBS), doc_md=__doc__, **NIGHTLY):
    add_jobs(JOBS)
