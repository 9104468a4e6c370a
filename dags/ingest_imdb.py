"""Land IMDb's dumps of a night in bronze.

**Green**: the night's delivery in `landing/imdb/<night>/` is in bronze (`published`), is the one that was there
already (`unchanged`), or there was none and the night goes on with the last good one (`stale`). The last lines of the
task's log say which, table by table.

**Red**: the task's error is one line that names the file and what is wrong with it. Nothing was changed: what was
published before stays, and the nights behind this one wait. Deliver the file again, or take the night's folder away
to go on with the last good delivery; then clear the task. `fetch.imdb` is there only if REELHOUSE_FETCH names `imdb`;
it keeps what it fetched and goes on there when cleared.

**Another night**: `airflow backfill create --dag-id ingest_imdb --from-date 2026-11-20 --to-date 2026-11-21` for
night 2026-11-20 (the end is a moment: give the day after the last night). `refine`, `train` and `recommend` follow
once the other two ingest DAGs have that night too.
"""

from airflow.sdk import DAG

from dags.nightly import AT_TWO, NIGHTLY, add_fetch, add_jobs

with DAG("ingest_imdb", schedule=AT_TWO, doc_md=__doc__, **NIGHTLY):
    tasks = add_jobs(["bronze.imdb"])
    add_fetch("imdb", before=tasks["bronze.imdb"])
