"""Write a night's audited top-N lists for every viewer, and the other gold tables.

**Green**: a task is green where its table was audited and published as of the night, and skipped where nothing was to
do: the table is made from what the night holds already (`unchanged`), or carries a later night (`superseded`). What is
served is `gold.recommendations`.

**Red**: the task's error is one line that names the table, each broken promise, and a few of the offending values.
The table stays as it was: last night's lists stay served. Mend the cause and clear the task. If it is a limit and what it
says is meant, type what the line ends with, `reelhouse accept gold.recommendations …`, and clear the task.

**The lists are bad**: `reelhouse rollback gold.recommendations --to NIGHT --reason TEXT` serves an earlier night's again.

**It did not run**: `refine` or `train` has not ended for the night. The page of the DAG shows which assets it waits
for.
"""

from airflow.sdk import DAG

from dags.nightly import NIGHTLY, add_jobs, when_inputs_are_there
from jobs.tables import job_inputs

JOBS = [job for job in job_inputs() if job.startswith("gold.")]

with DAG("recommend", schedule=when_inputs_are_there(JOBS), doc_md=__doc__, **NIGHTLY):
    add_jobs(JOBS)
