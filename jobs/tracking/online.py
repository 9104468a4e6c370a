"""What became of the lists of registered versions, beside what the versions reached when they were judged.

A night's figures are metrics of the run of the version that made its lists, with the night as step (20260301) and its end
as time; those of all its kept nights together are a tag of the version: nights, the newest of them, lists, and shares of the
titles listed. MLflow, whose import takes two to three seconds,
is imported where there is something to log.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from jobs.settings import Settings
from jobs.tracking.database import database_of, select
from jobs.tracking.registry import MODEL_NAME, ONLINE

KINDS = ("watched", "liked", "disliked", "dismissed")
"""What a title on a list may have become, and is counted of the first ten."""
_VERSIONS = """
SELECT version.version, version.run_id, tag.value
FROM model_versions AS version
LEFT JOIN model_version_tags AS tag
    ON tag.name = version.name AND tag.version = version.version AND tag.key = ?
WHERE version.name = ? AND version.current_stage <> 'Deleted_Internal'
"""
_TOLD = 3
"""Nights that a line tells of."""
_A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Online:
    """What became of the first ten of a night's lists."""

    night: date
    version: int
    """That made the lists."""
    counts: Mapping[str, int]
    """lists, listed (titles), and of these: watched, liked, disliked, dismissed."""


def log(settings: Settings, nights: Sequence[Online]) -> str:
    """Log what is not logged yet; a night is logged once, whatever is run again.

    Args:
        settings: Where MLflow is.
        nights: All kept nights whose days have passed.

    Returns:
        What was logged, in words; empty if nothing was.

    Raises:
        JobError: MLflow is gone: what was not logged is logged by the next that asks.
    """
    if not nights:
        return ""
    newest = max(one.night for one in nights)
    # Without MLflow where its own database can be read, as most that is asked is there already.
    database = database_of(settings)
    known = _known(select(database, "model_versions", _VERSIONS, (ONLINE, MODEL_NAME))) if database else None
    if known is not None and not _to_log(nights, known):
        return ""
    from jobs.tracking.runs import reachable

    undone, then = f"online figures up to {newest} were not logged", "the table is there, and the next night logs them"
    with reachable(settings, undone, then):
        return _log(settings, nights)


def shares(counts: Mapping[str, int]) -> dict[str, float]:
    """Of the titles listed, the share of each kind: ``watched_at_10``."""
    return {f"{kind}_at_10": counts[kind] / counts["listed"] for kind in KINDS} if counts["listed"] else {}


@dataclass(frozen=True)
class _Version:
    """A registered version, and what was logged of it."""

    run_id: str
    logged: Mapping[str, object]

    @property
    def until(self) -> str:
        """The newest night that was logged."""
        return str(self.logged.get("until", ""))


def _known(rows: Iterable[tuple[object, object, object]]) -> dict[int, _Version]:
    """Registered versions of trainings of ours."""
    return {
        int(str(version)): _Version(str(run), json.loads(str(tag)) if tag else {}) for version, run, tag in rows if run
    }


def _to_log(nights: Sequence[Online], known: Mapping[int, _Version]) -> dict[int, dict[str, object]]:
    """Version → its tag as it is to be, where that differs."""
    found = {}
    for version in sorted({one.version for one in nights} & known.keys()):
        mine = [one for one in nights if one.version == version]
        together = {name: sum(one.counts[name] for one in mine) for name in ("lists", "listed", *KINDS)}
        said = {"nights": len(mine), "until": max(one.night for one in mine).isoformat(), "lists": together["lists"]}
        tag = said | {name: round(share, 6) for name, share in shares(together).items()}
        if tag != known[version].logged:
            found[version] = tag
    return found


def _log(settings: Settings, nights: Sequence[Online]) -> str:
    """Log metrics, then the tag that says so: what is logged twice for want of the tag MLflow keeps once."""
    from mlflow.entities import Metric

    from jobs.tracking.runs import client

    store = client(settings)
    found = store.search_model_versions(f"name = '{MODEL_NAME}'")
    known = _known((one.version, one.run_id, one.tags.get(ONLINE)) for one in found)
    logged = []
    for version, tag in _to_log(nights, known).items():
        new = [one for one in nights if one.version == version and one.night.isoformat() > known[version].until]
        figures = [
            Metric(f"{ONLINE}.{name}", value, _end_of(one.night), int(f"{one.night:%Y%m%d}"))
            for one in new
            for name, value in (*shares(one.counts).items(), ("lists", float(one.counts["lists"])))
        ]
        store.log_batch(known[version].run_id, metrics=figures)
        store.set_model_version_tag(MODEL_NAME, str(version), ONLINE, json.dumps(tag, sort_keys=True))
        logged += [f"{one.night} {shares(one.counts)['watched_at_10']:.2%} (version {version})" for one in new]
    if not logged:
        return ""
    told = logged if len(logged) <= _TOLD else [f"{len(logged)} nights, the last {logged[-1]}"]
    return f"of the first ten watched within seven days, now in MLflow: {', '.join(told)}"


def _end_of(night: date) -> int:
    """Milliseconds, as MLflow stamps what it logs: 24:00 UTC of a night."""
    return int(datetime.combine(night + _A_DAY, time(), UTC).timestamp() * 1000)
