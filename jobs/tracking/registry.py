"""The registry of models: which version is the champion, what it was made with, and where its arrays are.

All that is asked of a champion stands in tags of its registered version, so that asking costs one look into the store.
MLflow, whose import takes two to three seconds, is imported where it is needed.
"""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.errors import JobError
from jobs.settings import Settings

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from jobs.tracking.runs import Logged

MODEL_NAME = "reelhouse"
_ALIAS = "champion"
_UNDONE = "undone"
"""Tag of a version that was gone back from."""
_SQLITE = "sqlite:///"
_CHAMPION = """
SELECT version.version, version.run_id, tag.key, tag.value
FROM registered_model_aliases AS alias
JOIN model_versions AS version ON version.name = alias.name AND version.version = alias.version
LEFT JOIN model_version_tags AS tag ON tag.name = version.name AND tag.version = version.version
WHERE alias.name = ? AND alias.alias = ?
"""


@dataclass(frozen=True)
class Champion:
    """The registered version that serves, and all that is known of how it was made."""

    name: str
    version: int
    night: date
    recommender: str
    parameters: dict[str, object]
    """The recommender's own, defaults included."""
    inputs: dict[str, int | None]
    """Delta versions of the tables it was trained on."""
    settings: dict[str, object]
    """The settings that shaped it."""
    code: str
    """Hash of the sources that trained it."""
    metrics: dict[str, float]
    popularity: str
    """The popularity that did best beside it."""
    run_id: str


def champion(settings: Settings) -> Champion | None:
    """The version that the alias names now, None if there is none yet.

    Raises:
        JobError: The alias names a version that no training of ours registered.
    """
    is_here = settings.tracking_uri.startswith(_SQLITE)
    found = _look_up(Path(settings.tracking_uri.removeprefix(_SQLITE))) if is_here else _ask(settings)
    if found is None:
        return None
    version, run_id, tags = found
    if run_id is None or "metrics" not in tags:
        raise JobError(
            f"{MODEL_NAME} version {version} was registered by no training; give the alias {_ALIAS} to another"
        )
    return Champion(
        MODEL_NAME,
        version,
        date.fromisoformat(tags["night"]),
        tags["recommender"],
        json.loads(tags["parameters"]),
        json.loads(tags["inputs"]),
        json.loads(tags["settings"]),
        tags["code"],
        json.loads(tags["metrics"]),
        tags.get("popularity", ""),
        run_id,
    )


def require_champion(settings: Settings) -> Champion:
    """The version that the alias names now.

    Raises:
        JobError: There is none yet.
    """
    found = champion(settings)
    if found is None:
        raise JobError(
            f"no lists were made: MLflow ({settings.tracking_uri}) has no {MODEL_NAME} with the alias {_ALIAS}; "
            "run `reelhouse run model.champion`, or set the alias in MLflow"
        )
    return found


def register(settings: Settings, logged: "Logged") -> Champion:
    """Register a logged model and make it the champion.

    By the client, as MLflow's fluent way prints to the terminal.
    """
    from jobs.tracking.runs import client

    store = client(settings)
    if not store.search_registered_models(f"name = '{MODEL_NAME}'"):
        store.create_registered_model(MODEL_NAME, description="Makes the lists of gold.recommendations.")
    tags = {**logged.circumstances.tags, "metrics": json.dumps(dict(logged.metrics)), **logged.tags}
    _serve(store, int(store.create_model_version(MODEL_NAME, logged.model_uri, logged.run_id, tags=tags).version))
    return require_champion(settings)


def trained_by(settings: Settings, night: date) -> int | None:
    """The newest registered version that was trained for a night, or for one before it; None if there is none.

    Versions that were gone back from are left out.
    """
    from jobs.tracking.runs import client

    versions = client(settings).search_model_versions(f"name = '{MODEL_NAME}'")
    # Those without a night were registered by no training of ours.
    nights = {
        int(one.version): one.tags["night"] for one in versions if "night" in one.tags and _UNDONE not in one.tags
    }
    return max((version for version, trained in nights.items() if trained <= night.isoformat()), default=None)


def go_back(settings: Settings, version: int) -> None:
    """Make a registered version the champion again, and remember of the newer ones that they were undone."""
    from jobs.tracking.runs import client

    store = client(settings)
    _serve(store, version)
    for one in store.search_model_versions(f"name = '{MODEL_NAME}'"):
        if int(one.version) > version:
            store.set_model_version_tag(MODEL_NAME, one.version, _UNDONE, "true")


def _serve(store: "MlflowClient", version: int) -> None:
    store.set_registered_model_alias(MODEL_NAME, _ALIAS, str(version))


def model_folder(settings: Settings, version: int) -> Path:
    """The arrays and JSON of a registered version, at a path that workers see too.

    From a store that is not on this machine they are fetched once, into a folder of the home.
    """
    import mlflow

    from jobs.tracking.runs import client

    client(settings)
    uri, kept = f"models:/{MODEL_NAME}/{version}", settings.root / "mlflow" / "fetched" / f"{MODEL_NAME}-{version}"
    if settings.tracking_uri.startswith(_SQLITE):
        downloaded = Path(mlflow.artifacts.download_artifacts(uri))
    else:
        downloaded = kept
        if not kept.exists():
            arriving = kept.with_name(f".{kept.name}")
            arriving.mkdir(parents=True, exist_ok=True)
            mlflow.artifacts.download_artifacts(uri, dst_path=str(arriving))
            # Seen whole or not at all.
            arriving.rename(kept)
    (data,) = (downloaded / "data").iterdir()
    return data


def _look_up(database: Path) -> tuple[int, str | None, dict[str, str]] | None:
    """Version, run and tags of the champion, read from MLflow's database without MLflow."""
    if not database.exists():
        return None
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as store:
        made = store.execute("SELECT 1 FROM sqlite_master WHERE name = 'registered_model_aliases'").fetchone()
        rows = store.execute(_CHAMPION, (MODEL_NAME, _ALIAS)).fetchall() if made else []
    if not rows:
        return None
    return int(rows[0][0]), rows[0][1], {key: value for _, _, key, value in rows if key is not None}


def _ask(settings: Settings) -> tuple[int, str | None, dict[str, str]] | None:
    """The same of a store that is behind a server."""
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

    from jobs.tracking.runs import client

    try:
        found = client(settings).get_model_version_by_alias(MODEL_NAME, _ALIAS)
    except MlflowException as missing:
        # A name without any version, or without the alias, is reported as the one or the other.
        if missing.error_code in {ErrorCode.Name(RESOURCE_DOES_NOT_EXIST), "INVALID_PARAMETER_VALUE"}:
            return None
        raise
    return int(found.version), found.run_id, dict(found.tags)
