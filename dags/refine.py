"""Refine a night: every silver table, once all of bronze has the night.

**Green**: every silver table was audited and published as of the night (`published`), or carries a later night
already and nothing it reads has changed since (`superseded`).

**Red**: the task's error is one line that names the table, each promise that more rows break than it tolerates, and a
few of the offending values; the audit's page is in the Data Docs. The table stays as it was, the tasks behind it do
not run, and the last recommendations stay served. Mend the delivery and clear its ingest task, or mend the promise in
`expectations/silver/`; then clear the red tasks here, and what is behind them follows.

**It did not run**: an ingest DAG has not ended for the night. The page of the DAG shows which assets it waits for. It
runs again by itself only when all of them came again: after one late delivery, clear this DAG's run instead.
"""

from airflow.sdk import DAG

from dags.nightly import NIGHTLY, add_jobs, when_inputs_are_there
from jobs.tables import job_inputs

JOBS = [job for job in job_inputs() if job.startswith("silver.")]

with DAG("refine", schedule=when_inputs_are_there(JOBS), doc_md=__doc__, **NIGHTLY):
    add_jobs(JOBS)
