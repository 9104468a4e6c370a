"""Refine a night: every silver table, once all of bronze has the night.

**Green**: a task is green where its table was audited and published as of the night, and skipped where nothing was to
do: the table is made from what the night holds already (`unchanged`), or carries a later night (`superseded`).

**Red**: the task's error is one line that names the table, each promise that more rows break than it tolerates, and a
few of the offending values; the audit's page is in the Data Docs. The table stays as it was, the tasks behind it do
not run, and the last recommendations stay served. Mend the delivery and clear its task in `ingest`, or mend the promise
in `expectations/silver/`; then clear the red tasks here, and what is behind them follows.

**It did not run**: `ingest` has not ended for the night, or nothing was delivered for it. By hand: *Trigger*, with the
parameter `night`.
"""

from airflow.sdk import DAG

from dags.nightly import NIGHTLY, add_jobs, when_inputs_are_there
from jobs.tables import job_inputs

JOBS = [job for job in job_inputs() if job.startswith("silver.")]

with DAG("refine", schedule=when_inputs_are_there(JOBS), doc_md=__doc__, **NIGHTLY):
    add_jobs(JOBS)
