"""The registry of models: which version is the champion, what it was made with, and where its arrays are.

All that is asked of a champion stands in tags of its registered version, so that asking costs one look into the store.
MLflow, whose import takes two to three seconds, is imported where it is needed.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.errors import GoneError, JobError
from jobs.settings import Settings
from jobs.tracking.database import database_of, select

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from jobs.tracking.runs import Circumstances, Logged

MODEL_NAME = "reelhouse"
ALIAS = "champion"
WAITING = "challenger"
"""Alias of the newest version that waits for a person."""
_DECIDED = "decided"
"""Tag of the model: what the last night that was decided was made of, whatever it decided."""
NOTHING_DONE = "nothing was changed: mend it and run this again"
ONLINE = "online"
"""Tag of a version: what became of its lists, as JSON (:mod:`jobs.tracking.online`)."""
UNDONE = "undone"
"""Tag of a version that was gone back from."""
_CHAMPION = """
SELECT version.version, version.run_id, tag.key, tag.value
FROM registered_model_aliases AS alias
JOIN model_versions AS version ON version.name = alias.name AND version.version = alias.version
LEFT JOIN model_version_tags AS tag ON tag.name = version.name AND tag.version = version.version
WHERE alias.name = ? AND alias.alias = ?
"""
_LOCATION = "SELECT storage_location FROM model_versions WHERE name = ? AND version = ?"
_BESIDE = "mlflow-artifacts:/"
"""Where artifacts are in the folder beside the database (:mod:`jobs.tracking.artifacts`)."""
_TAGS = "SELECT key, value FROM registered_model_tags WHERE name = ?"


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
    cutoff: datetime | None
    """From when events were held out; None of versions that did not say so yet."""


def champion(settings: Settings) -> Champion | None:
    """The version that the alias names now, None if there is none yet.

    Raises:
        JobError: The alias names a version that no training of ours registered, or MLflow is gone.
    """
    database = database_of(settings)
    found = _look_up(database) if database else _ask(settings)
    if found is None:
        return None
    version, run_id, tags = found
    if run_id is None or "metrics" not in tags:
        raise JobError(
            f"{MODEL_NAME} version {version} was registered by no training; give the alias {ALIAS} to another"
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
        datetime.fromisoformat(tags["cutoff"]) if "cutoff" in tags else None,
    )


def require_champion(settings: Settings) -> Champion:
    """The version that the alias names now.

    Raises:
        JobError: There is none yet.
    """
    found = champion(settings)
    if found is None:
        raise JobError(
            f"no lists were made: MLflow ({settings.tracking_uri}) has no {MODEL_NAME} with the alias {ALIAS}; "
            "run `reelhouse run model.champion`, or set the alias in MLflow"
        )
    return found


@dataclass(frozen=True)
class Basis:
    """What a champion is, or was last decided to stay, made of."""

    version: int
    """The version that serves since."""
    night: date
    inputs: dict[str, int | None]
    settings: dict[str, object]
    code: str


def decided(settings: Settings) -> Basis | None:
    """What the last decision rested on: a night that kept the champion need not be decided again.

    A version that a person chose since is what serves: None if there is none.
    """
    serving = champion(settings)
    if serving is None:
        return None
    said = _tags_of_model(settings).get(_DECIDED)
    if said is None:
        return Basis(serving.version, serving.night, serving.inputs, serving.settings, serving.code)
    basis = json.loads(said)
    night = date.fromisoformat(basis["night"])
    return Basis(serving.version, night, basis["inputs"], basis["settings"], basis["code"])


def decide(settings: Settings, circumstances: "Circumstances") -> None:
    """Remember that a night was decided, once all that it decided is done."""
    from jobs.tracking.runs import client

    tags = circumstances.tags
    basis = {"night": tags["night"], "code": tags["code"]} | {
        name: json.loads(tags[name]) for name in ("inputs", "settings")
    }
    client(settings).set_registered_model_tag(MODEL_NAME, _DECIDED, json.dumps(basis, sort_keys=True))


def register(settings: Settings, logged: "Logged", *, serves: bool = True) -> int:
    """Register a logged model: as the champion, or as the version that waits for a person.

    By the client, as MLflow's fluent way prints to the terminal.

    Returns:
        The version.
    """
    from jobs.tracking.runs import client

    store = client(settings)
    if not store.search_registered_models(f"name = '{MODEL_NAME}'"):
        store.create_registered_model(MODEL_NAME, description="Makes the lists of gold.recommendations.")
    tags = {**logged.circumstances.tags, "metrics": json.dumps(dict(logged.metrics)), **logged.tags}
    made = store.create_model_version(MODEL_NAME, logged.model_uri, logged.run_id, tags=tags)
    store.set_registered_model_alias(MODEL_NAME, ALIAS if serves else WAITING, made.version)
    return int(made.version)


def trained_by(settings: Settings, night: date) -> int | None:
    """The newest registered version that was trained for a night, or for one before it; None if there is none.

    Versions that were gone back from are left out.
    """
    from jobs.tracking.runs import client

    versions = client(settings).search_model_versions(f"name = '{MODEL_NAME}'")
    # Those without a night were registered by no training of ours.
    nights = {int(one.version): one.tags["night"] for one in versions if "night" in one.tags and UNDONE not in one.tags}
    return max((version for version, trained in nights.items() if trained <= night.isoformat()), default=None)


def go_back(settings: Settings, version: int) -> None:
    """Make a registered version the champion again, and remember of the newer ones that they were undone."""
    from jobs.tracking.runs import client

    store = client(settings)
    serve(store, version)
    # What was decided since is to be decided again.
    store.delete_registered_model_tag(MODEL_NAME, _DECIDED)
    for one in store.search_model_versions(f"name = '{MODEL_NAME}'"):
        if int(one.version) > version:
            store.set_model_version_tag(MODEL_NAME, one.version, UNDONE, "true")


def serve(store: "MlflowClient", version: int) -> None:
    """Let the alias of what serves name a version."""
    store.set_registered_model_alias(MODEL_NAME, ALIAS, str(version))


def model_folder(settings: Settings, version: int) -> Path:
    """The arrays and JSON of a registered version, at a path that workers see too.

    From a store that is not on this machine they are fetched once, into a folder of the home.
    """
    database = database_of(settings)
    if database and (found := _here(database, version)):
        return found
    import mlflow

    from jobs.tracking.runs import client

    client(settings)
    uri, kept = f"models:/{MODEL_NAME}/{version}", settings.root / "mlflow" / "fetched" / f"{MODEL_NAME}-{version}"
    if database_of(settings):
        downloaded = Path(mlflow.artifacts.download_artifacts(uri))
    else:
        downloaded = kept
        if not kept.exists():
            arriving = kept.with_name(f".{kept.name}")
            arriving.mkdir(parents=True, exist_ok=True)
            mlflow.artifacts.download_artifacts(uri, dst_path=str(arriving))
            # Seen whole or not at all.
            arriving.rename(kept)
    held = list((downloaded / "data").iterdir())
    if len(held) != 1:
        raise FileNotFoundError(f"{downloaded} holds {len(held)} models")
    return held[0]


def kept_folder(settings: Settings, version: int) -> Path:
    """The same of a version that may be of long ago.

    Raises:
        GoneError: It is not registered any more, or its files are gone.
    """
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

    try:
        return model_folder(settings, version)
    except MlflowException as missing:
        if missing.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
        raise GoneError(f"{MODEL_NAME} version {version} is not registered any more") from missing
    except FileNotFoundError as missing:
        raise GoneError(f"the files of {MODEL_NAME} version {version} are not kept any more") from missing


def _look_up(database: Path) -> tuple[int, str | None, dict[str, str]] | None:
    """Version, run and tags of the champion, read from MLflow's database without MLflow."""
    rows = select(database, "registered_model_aliases", _CHAMPION, (MODEL_NAME, ALIAS))
    if not rows:
        return None
    return int(rows[0][0]), rows[0][1], {key: value for _, _, key, value in rows if key is not None}


def _here(database: Path, version: int) -> Path | None:
    """The folder of a version as MLflow keeps it beside its database, found without MLflow."""
    rows = select(database, "model_versions", _LOCATION, (MODEL_NAME, str(version)))
    location = rows[0][0] if rows else None
    if not location or not location.startswith(_BESIDE) or "%" in location or ".." in location:
        return None
    folder = database.parent / "artifacts" / location.removeprefix(_BESIDE) / "data"
    held = list(folder.iterdir()) if folder.is_dir() else []
    return held[0] if len(held) == 1 else None


def _tags_of_model(settings: Settings) -> dict[str, str]:
    """The registered model's own tags."""
    database = database_of(settings)
    if database:
        return dict(select(database, "registered_model_tags", _TAGS, (MODEL_NAME,)))
    from jobs.tracking.runs import client

    return dict(client(settings).get_registered_model(MODEL_NAME).tags)


def _ask(settings: Settings) -> tuple[int, str | None, dict[str, str]] | None:
    """The same of a store that is behind a server."""
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

    from jobs.tracking.runs import client, reachable

    with reachable(settings, "the champion was not found", NOTHING_DONE):
        try:
            found = client(settings).get_model_version_by_alias(MODEL_NAME, ALIAS)
        except MlflowException as missing:
            # A name without any version, or without the alias, is reported as the one or the other.
            if missing.error_code in {ErrorCode.Name(RESOURCE_DOES_NOT_EXIST), "INVALID_PARAMETER_VALUE"}:
                return None
            raise
    return int(found.version), found.run_id, dict(found.tags)
