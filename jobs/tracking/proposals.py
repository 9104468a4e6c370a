"""What searches propose: parameters that the next night's gate tries as a challenger. Nothing changes by itself.

A proposal is the run of its search in MLflow, with the tag ``proposal``: ``open`` until a night has decided it, then as
that night decided, ``refused`` if it could not be fitted, or ``superseded`` by a later one. Whether there is one is asked
before each training, and answered by one look into the store, without MLflow's import of two to three seconds.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.settings import Settings
from jobs.tracking.database import database_of, select

EXPERIMENT = "tuning"
STATE = "proposal"
"""Tag of a search's run."""
OPEN = "open"
SUPERSEDED = "superseded"
REFUSED = "refused"
"""It could not be fitted, or names a recommender or a parameter that is no more."""
_NEWEST = """
SELECT run.run_uuid, tag.key, tag.value
FROM runs AS run
JOIN tags AS tag ON tag.run_uuid = run.run_uuid
WHERE run.run_uuid = (
    SELECT run.run_uuid
    FROM runs AS run
    JOIN experiments AS experiment ON experiment.experiment_id = run.experiment_id
    JOIN tags AS tag ON tag.run_uuid = run.run_uuid
    WHERE experiment.name = ? AND tag.key = ? AND tag.value = ? AND run.lifecycle_stage = 'active'
    ORDER BY run.start_time DESC, run.run_uuid
    LIMIT 1
)
"""


@dataclass(frozen=True)
class Proposal:
    """A recommender with the parameters that a search found best."""

    run_id: str
    recommender: str
    parameters: Mapping[str, Any]
    """All of them, by name."""


def newest(settings: Settings) -> Proposal | None:
    """The newest proposal that no night has decided yet; None if there is none."""
    database = database_of(settings)
    found = _look_up(database) if database else _ask(settings)
    if found is None:
        return None
    run_id, tags = found
    return Proposal(run_id, tags["recommender"], json.loads(tags["parameters"]))


def close(settings: Settings, proposal: Proposal, verdict: str) -> None:
    """Remember what a night decided of a proposal: it is not tried again."""
    from jobs.tracking.runs import client

    client(settings).set_tag(proposal.run_id, STATE, verdict)


def _look_up(database: Path) -> tuple[str, dict[str, str]] | None:
    """Run and tags of the newest, read from MLflow's database."""
    rows = select(database, "experiments", _NEWEST, (EXPERIMENT, STATE, OPEN))
    return (rows[0][0], {key: value for _, key, value in rows}) if rows else None


def _ask(settings: Settings) -> tuple[str, dict[str, str]] | None:
    """The same of a store that is behind a server."""
    from jobs.tracking.runs import client

    store = client(settings)
    experiment = store.get_experiment_by_name(EXPERIMENT)
    if experiment is None:
        return None
    found = store.search_runs(
        [experiment.experiment_id],
        f"tags.{STATE} = '{OPEN}'",
        order_by=["attributes.start_time DESC"],
        max_results=1,
    )
    return (str(found[0].info.run_id), dict(found[0].data.tags)) if found else None
