"""Land TMDb's exports of a night in bronze.

**Green**: the night's delivery in `landing/tmdb/<night>/` is in bronze (`published`), is the one that was there
already (`unchanged`), or there was none and the night goes on with the last good one (`stale`). Every file of TMDb is
optional. The last lines of the task's log say which, table by table.

**Red**: the task's error is one line that names the file and what is wrong with it. Nothing was changed: what was
published before stays, and the nights behind this one wait. Deliver the file again, or take the night's folder away
to go on with the last good delivery; then clear the task. `fetch.tmdb` is there only if REELHOUSE_FETCH names `tmdb`;
it keeps what it fetched and goes on there when cleared. Without REELHOUSE_TMDB_API_KEY it fetches the id export only.

**Another night**: `airflow backfill create --dag-id ingest_tmdb --from-date 2026-11-20 --to-date 2026-11-21` for
night 2026-11-20 (the end is a moment: give the day after the last night).
"""

from airflow.sdk import DAG

from dags.nightly import AT_TWO, NIGHTLY, add_fetch, add_jobs

with DAG("ingest_tmdb", schedule=AT_TWO, doc_md=__doc__, **NIGHTLY):
    tasks = add_jobs(["bronze.tmdb"])
    add_fetch("tmdb", before=tasks["bronze.tmdb"])
