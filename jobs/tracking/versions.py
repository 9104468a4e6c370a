"""Every registered version of the model: what the gate decided of it, how good it is, and what people decide.

From MLflow's own database without MLflow, whose import takes two to three seconds; else by its client.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from jobs.errors import JobError
from jobs.settings import Settings
from jobs.tracking.database import database_of, select
from jobs.tracking.registry import ALIAS, MODEL_NAME, NOTHING_DONE, ONLINE, UNDONE, WAITING, serve

_MAY_COME_BACK = 3
"""Versions before the one that serves that nights are undone to, or that a person promotes again."""
_LOOKED_AT = 30
"""Runs that a night looks at: those before them were looked at by the nights before."""
_ALIASES_OF = "registered_model_aliases"
_ALIASES = "SELECT alias, version FROM registered_model_aliases WHERE name = ?"
_VERSIONS = """
SELECT version.version, version.run_id, tag.key, tag.value
FROM model_versions AS version
LEFT JOIN model_version_tags AS tag ON tag.name = version.name AND tag.version = version.version
WHERE version.name = ? AND version.current_stage <> 'Deleted_Internal'
"""


@dataclass(frozen=True)
class Version:
    """A registered version, as people compare them."""

    version: int
    night: str
    """Empty if no training of ours registered it."""
    recommender: str
    verdict: str
    ndcg: str
    difference: str
    """nDCG@10 beside the champion of its night, with its interval."""
    online: str
    """Of the first ten of its lists: the share watched within seven days, and of how many nights. Empty before that."""
    promoted_by: str
    reason: str
    serves: bool
    waits: bool
    run_id: str


def versions(settings: Settings) -> list[Version]:
    """Every registered version, newest first.

    Raises:
        JobError: MLflow is gone.
    """
    database = database_of(settings)
    if database:
        held = {alias: int(version) for alias, version in select(database, _ALIASES_OF, _ALIASES, (MODEL_NAME,))}
        found: dict[int, tuple[str, dict[str, str]]] = {}
        for version, run_id, key, value in select(database, "model_versions", _VERSIONS, (MODEL_NAME,)):
            _, tags = found.setdefault(int(version), (run_id or "", {}))
            if key is not None:
                tags[key] = value
    else:
        held, found = _ask_for_versions(settings)
    return [_version(number, *found[number], held) for number in sorted(found, reverse=True)]


def retired(settings: Settings) -> list[str]:
    """Runs of versions that neither serve nor wait, newest first, without the few that a person may go back to."""
    known = versions(settings)
    # A copy of a version is of the same run.
    needed = {one.run_id for one in known if one.serves or one.waits}
    past = [one.run_id for one in known if one.run_id and one.run_id not in needed]
    return past[_MAY_COME_BACK:][:_LOOKED_AT]


def promote(settings: Settings, version: int, by: str, reason: str) -> None:
    """Make a version the champion because a person says so.

    Raises:
        JobError: There is no such version, no training of ours registered it, or no reason is given.
    """
    from jobs.tracking.runs import client

    if not reason.strip():
        raise JobError("nothing was promoted: say why, for those who ask later: --reason TEXT")
    known = {one.version: one for one in versions(settings)}
    if version not in known or not known[version].night:
        ours = ", ".join(str(one.version) for one in known.values() if one.night) or "none yet"
        problem = "was registered by no training" if version in known else "is not there"
        raise JobError(
            f"nothing was promoted: {MODEL_NAME} version {version} {problem}; versions are {ours}; "
            "what the gate rejects is not registered"
        )
    store = client(settings)
    for key, value in {"verdict": "promoted", "promoted_by": by, "reason": reason}.items():
        store.set_model_version_tag(MODEL_NAME, str(version), key, value)
    serve(store, version)
    if known[version].waits:
        store.delete_registered_model_alias(MODEL_NAME, WAITING)


def _ask_for_versions(settings: Settings) -> tuple[dict[str, int], dict[int, tuple[str, dict[str, str]]]]:
    """Alias → version, and version → run and tags, of a store that is behind a server."""
    from jobs.tracking.runs import client, reachable

    with reachable(settings, "no version was found", NOTHING_DONE):
        store = client(settings)
        models = store.search_registered_models(f"name = '{MODEL_NAME}'")
        found = store.search_model_versions(f"name = '{MODEL_NAME}'")
    held = {alias: int(version) for alias, version in models[0].aliases.items()} if models else {}
    return held, {int(one.version): (one.run_id or "", dict(one.tags)) for one in found}


def _version(number: int, run_id: str, tags: Mapping[str, str], held: Mapping[str, int]) -> Version:
    ndcg = json.loads(tags.get("metrics", "{}")).get("ndcg_at_10")
    said = {name: tags.get(name, "") for name in ("night", "recommender", "difference", "promoted_by")}
    return Version(
        version=number,
        ndcg="" if ndcg is None else f"{ndcg:.4f}",
        online=_online(json.loads(tags.get(ONLINE, "{}"))),
        verdict="undone" if UNDONE in tags else tags.get("verdict", "promoted" if "metrics" in tags else ""),
        reason=tags.get("reason", ""),
        serves=held.get(ALIAS) == number,
        waits=held.get(WAITING) == number and tags.get("verdict") == "waits",
        run_id=run_id,
        **said,
    )


def _online(said: Mapping[str, float]) -> str:
    """``2.13% of 3 nights``."""
    if "watched_at_10" not in said:
        return ""
    nights = int(said["nights"])
    return f"{said['watched_at_10']:.2%} of {nights} night{'' if nights == 1 else 's'}"
