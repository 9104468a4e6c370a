"""The door to MLflow: runs, registered models, and which of them is the champion."""

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import mlflow
from mlflow.data.delta_dataset_source import DeltaDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.tracking import MlflowClient

from jobs.errors import JobError
from jobs.settings import Settings
from jobs.tables.model import CHAMPION
from jobs.version import code_hash, code_version

MODEL_NAME = "reelhouse-als"
EXPERIMENT = "nightly-training"
_ALIAS = "champion"


@dataclass(frozen=True)
class Champion:
    """The registered model that serves, and the run that made it."""

    name: str
    version: int
    night: date
    inputs: dict[str, int]
    """Delta versions of the tables it was trained on."""
    settings: dict[str, Any]
    """Values of the settings that shape it, at its training."""
    code: str
    """Hash of the sources that trained it."""
    metrics: dict[str, float]
    parameters: dict[str, str]
    run_id: str


@dataclass(frozen=True)
class Training:
    """What one training leaves in MLflow."""

    night: date
    run: str
    parameters: Mapping[str, object]
    metrics: Mapping[str, float]
    inputs: Mapping[str, tuple[str, int]]
    """Table name → address and Delta version."""
    tags: Mapping[str, str]


def register(settings: Settings, training: Training, model_folder: Path, loader_module: str) -> Champion:
    """Log a training as one run, register its model, and make it the champion.

    Args:
        settings: Where the store is.
        training: What the run holds.
        model_folder: The model's arrays and JSON.
        loader_module: Module whose ``_load_pyfunc`` reads the folder.

    Returns:
        The new champion.
    """
    client = _client(settings)
    with mlflow.start_run(experiment_id=_experiment(client), run_name=f"als {training.night}") as run:
        mlflow.log_params(dict(training.parameters))
        mlflow.log_metrics(dict(training.metrics))
        mlflow.set_tags(
            {"night": training.night.isoformat(), "run": training.run, "code_version": code_version(), **training.tags}
        )
        shaped_by = settings.model_dump(mode="json", include=set(CHAMPION.settings))
        mlflow.set_tags({"settings": json.dumps(shaped_by), "code": code_hash()})
        mlflow.set_tag("inputs", json.dumps({name: version for name, (_, version) in training.inputs.items()}))
        for name, (address, delta_version) in training.inputs.items():
            source = DeltaDatasetSource(path=address, delta_table_version=delta_version)
            mlflow.log_input(MetaDataset(source, name=name, digest=f"v{delta_version}"), context="training")  # type: ignore[abstract]
        logged = mlflow.pyfunc.log_model(
            name="als",
            loader_module=loader_module,
            data_path=str(model_folder),
            # Inferring them would load the model in a new environment. The loader is the project itself, which no index has.
            pip_requirements=["implicit", "numpy", "pandas", "pyarrow", "pyspark", "scipy"],
        )
    version = _register_version(client, logged.model_uri, run.info.run_id)
    client.set_model_version_tag(MODEL_NAME, version, "night", training.night.isoformat())
    client.set_registered_model_alias(MODEL_NAME, _ALIAS, version)
    return Champion(
        MODEL_NAME,
        int(version),
        training.night,
        {name: delta_version for name, (_, delta_version) in training.inputs.items()},
        shaped_by,
        code_hash(),
        dict(training.metrics),
        {name: str(value) for name, value in training.parameters.items()},
        run.info.run_id,
    )


def champion(settings: Settings) -> Champion | None:
    """The model that the alias names now, None if there is none yet."""
    if settings.mlflow_uri is None and not (settings.root / "mlflow" / "mlflow.db").exists():
        return None
    client = _client(settings)
    try:
        version = client.get_model_version_by_alias(MODEL_NAME, _ALIAS)
    except MlflowException as missing:
        # A name without any version, or without the alias, is reported as the one or the other.
        if missing.error_code in {ErrorCode.Name(RESOURCE_DOES_NOT_EXIST), "INVALID_PARAMETER_VALUE"}:
            return None
        raise
    if version.run_id is None:
        raise JobError(
            f"{MODEL_NAME} version {version.version} was registered without a run; give the alias {_ALIAS} to another"
        )
    run = client.get_run(version.run_id)
    return Champion(
        MODEL_NAME,
        int(version.version),
        date.fromisoformat(version.tags["night"]),
        json.loads(run.data.tags["inputs"]),
        # A run of an earlier version of Reelhouse has neither: its model is trained again.
        json.loads(run.data.tags.get("settings", "{}")),
        run.data.tags.get("code", ""),
        run.data.metrics,
        run.data.params | {"popularity": run.data.tags["popularity"]},
        version.run_id,
    )


def require_champion(settings: Settings) -> Champion:
    """The model that the alias names now.

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


def model_folder(settings: Settings, number: int) -> Path:
    """The arrays and JSON of a registered version, fetched into a temporary folder where they are not local."""
    _client(settings)
    downloaded = mlflow.artifacts.download_artifacts(f"models:/{MODEL_NAME}/{number}")
    (data,) = (Path(downloaded) / "data").iterdir()
    return data


def _register_version(client: MlflowClient, model_uri: str, run_id: str) -> str:
    """Register a logged model; by the client, as the fluent way prints to the terminal."""
    try:
        client.get_registered_model(MODEL_NAME)
    except MlflowException as missing:
        if missing.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
        client.create_registered_model(
            MODEL_NAME, description="Lists of gold.recommendations: implicit ALS on silver.preferences."
        )
    return str(client.create_model_version(MODEL_NAME, source=model_uri, run_id=run_id).version)


@cache
def _client(settings: Settings) -> MlflowClient:
    """MLflow's client on the store; makes the store on first use."""
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if settings.mlflow_uri is None:
        (settings.root / "mlflow").mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(settings.tracking_uri)
    mlflow.set_registry_uri(settings.tracking_uri)
    return MlflowClient()


def _experiment(client: MlflowClient) -> str:
    """The experiment of nightly trainings; its artifacts are addressed without a path."""
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    return str(client.create_experiment(EXPERIMENT, artifact_location=f"mlflow-artifacts:/{EXPERIMENT}"))
