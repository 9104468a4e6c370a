"""Land what was delivered for a night in bronze: one task per source. It begins a night; the other DAGs follow.

**Green**: a task is green where the night's delivery came into bronze, and skipped where nothing was to do: the delivery
was there already (`unchanged`), or there was none and the night goes on with the last good one (`stale`); the last lines
of its log say which. If nothing at all was delivered for the night, `delivered` and everything behind it is skipped, and
no table is touched.

**Red**: the task's error is one line that names the file and what is wrong with it. Nothing of that source was changed,
and the night waits. Deliver the file again, or take the source's folder of the night away to go on with its last good
delivery; then clear the task. A red `fetch.…` (there is one for each source that REELHOUSE_FETCH names) holds nothing
back: the night goes on with the source's last delivery. It keeps what it fetched and goes on there when cleared.

**Another night**: *Trigger*, with the parameter `night`, or
`airflow dags trigger ingest --conf '{"night": "2026-11-22"}'`. All stages run for that night, one after the other.
"""

from airflow.sdk import DAG

from dags.nightly import AT_TWO, NIGHTLY, add_sources
from jobs.tables import SOURCES

with DAG("ingest", schedule=AT_TWO, doc_md=__doc__, **NIGHTLY):
    add_sources([source.name for source in SOURCES])
