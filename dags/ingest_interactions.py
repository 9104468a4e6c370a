"""Land a night's event logs, and the catalogues that public rating sets bring with theirs, in bronze.

The three arrive as one delivery: `reelhouse import` writes a rating set's events and its catalogue at once.

**Green**: each delivery of the night is in bronze (`published`), was there already (`unchanged`), or there was none
and the night goes on without (`stale`). The last lines of each task's log say which.

**Red**: the task's error is one line that names the file and what is wrong with it. Nothing was changed: what was
published before stays, and the nights behind this one wait. Deliver the file again, or take the night's folder away
to go on without it; then clear the task. Events that come late belong in a folder of the night on which they come.

**Another night**: `airflow backfill create --dag-id ingest_interactions --from-date 2026-11-20 --to-date 2026-11-21`
for night 2026-11-20 (the end is a moment: give the day after the last night).
"""

from airflow.sdk import DAG

from dags.nightly import AT_TWO, NIGHTLY, add_jobs

with DAG("ingest_interactions", schedule=AT_TWO, doc_md=__doc__, **NIGHTLY):
    add_jobs(["bronze.movielens", "bronze.movietweetings", "bronze.interactions"])
