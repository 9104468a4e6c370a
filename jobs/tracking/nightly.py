"""The models that nights trained and judged, read back: from MLflow's own database without MLflow, else by its client."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from jobs.settings import Settings
from jobs.tracking.addresses import NIGHTLY
from jobs.tracking.database import database_of, select

_RUNS_AT_ONCE = 500
_TAGS = ("night", "recommender", "role", "verdict", "reason")
_NAMED = "mlflow.runName"
_OF_NIGHTS = """
SELECT run.run_uuid, tag.key, tag.value
FROM runs AS run
JOIN experiments AS experiment ON experiment.experiment_id = run.experiment_id
JOIN tags AS tag ON tag.run_uuid = run.run_uuid
WHERE experiment.name = ? AND run.lifecycle_stage = 'active' AND run.run_uuid IN (
    SELECT run_uuid FROM tags WHERE key = 'night' AND value >= ?
)
"""
_METRICS = """
SELECT metric.run_uuid, metric.key, metric.value
FROM latest_metrics AS metric
JOIN runs AS run ON run.run_uuid = metric.run_uuid
JOIN experiments AS experiment ON experiment.experiment_id = run.experiment_id
JOIN tags AS tag ON tag.run_uuid = metric.run_uuid AND tag.key = 'night' AND tag.value >= ?
WHERE experiment.name = ? AND NOT metric.is_nan
"""


@dataclass(frozen=True)
class Trained:
    """A model that was trained and judged for a night."""

    run_id: str
    name: str
    night: date
    recommender: str
    role: str
    """champion (judged again), challenger, or popularity_… beside them."""
    verdict: str
    """What the gate decided; empty of what is there for comparison only."""
    reason: str
    metrics: Mapping[str, float]


def trained_since(settings: Settings, night: date) -> list[Trained]:
    """Models of nights from one on, newest night first.

    Args:
        settings: Where MLflow is.
        night: The first night.

    Raises:
        JobError: MLflow is gone.
    """
    database = database_of(settings)
    if database:
        tags = _by_run(select(database, "tags", _OF_NIGHTS, (NIGHTLY, night.isoformat())))
        metrics = _by_run(select(database, "latest_metrics", _METRICS, (night.isoformat(), NIGHTLY)))
        found = [
            _trained(run, told, {key: float(value) for key, value in metrics.get(run, {}).items()})
            for run, told in tags.items()
        ]
    else:
        found = _ask(settings, night)
    return sorted(found, key=lambda one: (-one.night.toordinal(), one.role, one.name))


def _by_run(rows: Iterable[tuple[str, str, str]]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for run, key, value in rows:
        found.setdefault(run, {})[key] = value
    return found


def _trained(run_id: str, tags: Mapping[str, str], metrics: Mapping[str, float]) -> Trained:
    night, recommender, role, verdict, reason = (tags.get(name, "") for name in _TAGS)
    return Trained(
        run_id, tags.get(_NAMED, run_id), date.fromisoformat(night), recommender, role, verdict, reason, metrics
    )


def _ask(settings: Settings, night: date) -> list[Trained]:
    """The same of a store that is behind a server."""
    from jobs.tracking.runs import client, reachable

    with reachable(settings, "the models of nights were not found", "nothing was changed: start MLflow, and ask again"):
        store = client(settings)
        experiment = store.get_experiment_by_name(NIGHTLY)
        if experiment is None:
            return []
        runs = store.search_runs(
            [experiment.experiment_id], order_by=["attributes.start_time DESC"], max_results=_RUNS_AT_ONCE
        )
    known = [run for run in runs if run.data.tags.get("night", "") >= night.isoformat()]
    return [_trained(run.info.run_id, run.data.tags, run.data.metrics) for run in known]
