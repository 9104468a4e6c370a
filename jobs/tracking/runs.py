"""Runs of MLflow: one per training, open while it works."""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import mlflow
from mlflow.data.delta_dataset_source import DeltaDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.tracking import MlflowClient

from jobs.settings import Settings
from jobs.tables.model import CHAMPION
from jobs.version import code_hash, code_version

EXPERIMENT = "nightly-training"
_LOADER = "jobs.tracking.loader"
"""Written into every registered model."""
_REQUIREMENTS = ("implicit", "lightgbm", "numpy", "pandas", "pyarrow", "pydantic", "pyspark", "scipy")
"""Inferring them would load the model in a new environment. The loader is the project itself, which no index has."""


@dataclass(frozen=True)
class Circumstances:
    """What a training depends on: another of these makes another model."""

    night: date
    recommender: str
    parameters: Mapping[str, object]
    """The recommender's own, defaults included."""
    settings: Mapping[str, object]
    """The settings that shape the model, as they were given."""
    inputs: Mapping[str, tuple[str, int | None]]
    """Table → address and Delta version; no version if it was not there."""
    run: str = ""
    """The Airflow run, or the command that trained."""

    @property
    def versions(self) -> dict[str, int | None]:
        """Table → Delta version."""
        return {name: version for name, (_, version) in self.inputs.items()}

    @property
    def tags(self) -> dict[str, str]:
        """As tags of a run and of a registered version."""
        return {
            "night": self.night.isoformat(),
            "recommender": self.recommender,
            "parameters": _as_json(self.parameters),
            "settings": _as_json(self.settings),
            "inputs": _as_json(self.versions),
            "code": code_hash(),
            "code_version": code_version(),
            "run": self.run,
        }


@dataclass(frozen=True)
class Logged:
    """A finished training: where its model is, and what it reached."""

    run_id: str
    model_uri: str
    circumstances: Circumstances
    metrics: Mapping[str, float]
    tags: Mapping[str, str]


@contextmanager
def training(settings: Settings, circumstances: Circumstances) -> Iterator[str]:
    """A run that is open while the training works; one that fails is closed as failed.

    Yields:
        The run's identifier.
    """
    experiment = _experiment(client(settings))
    name = f"{circumstances.recommender} {circumstances.night}"
    with mlflow.start_run(experiment_id=experiment, run_name=name) as run:
        mlflow.set_tags(circumstances.tags)
        mlflow.log_params({**circumstances.parameters, **_flat(circumstances.settings)})
        for table, (address, version) in circumstances.inputs.items():
            if version is not None:
                source = DeltaDatasetSource(path=address, delta_table_version=version)
                mlflow.log_input(MetaDataset(source, name=table, digest=f"v{version}"), context="training")  # type: ignore[abstract]
        yield str(run.info.run_id)


def log_model(
    circumstances: Circumstances, run_id: str, folder: Path, metrics: Mapping[str, float], tags: Mapping[str, str]
) -> Logged:
    """Log what an open training reached, and the folder of its model: arrays and JSON.

    Args:
        circumstances: What the training depends on.
        run_id: The open run.
        folder: The saved model.
        metrics: What it reached.
        tags: What else is to be said of it.
    """
    mlflow.log_metrics(dict(metrics))
    mlflow.set_tags(dict(tags))
    logged = mlflow.pyfunc.log_model(
        name=circumstances.recommender,
        loader_module=_LOADER,
        data_path=str(folder),
        pip_requirements=list(_REQUIREMENTS),
    )
    return Logged(run_id, logged.model_uri, circumstances, metrics, tags)


def shaping(settings: Settings) -> dict[str, object]:
    """The settings that shape the model, as its node names them."""
    return settings.model_dump(mode="json", include=set(CHAMPION.settings))


def client(settings: Settings) -> MlflowClient:
    """MLflow's client on the store, which its fluent functions use from now on; makes the store on first use."""
    store = _client(settings.tracking_uri, None if settings.mlflow_uri else settings.root / "mlflow")
    mlflow.set_tracking_uri(settings.tracking_uri)
    mlflow.set_registry_uri(settings.tracking_uri)
    return store


@cache
def _client(uri: str, folder: Path | None) -> MlflowClient:
    """One client per store: the first use of one takes a second."""
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    return MlflowClient(uri, uri)


def _experiment(store: MlflowClient) -> str:
    """The experiment of nightly trainings; its artifacts are addressed without a path."""
    found = store.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    return str(store.create_experiment(EXPERIMENT, artifact_location=f"mlflow-artifacts:/{EXPERIMENT}"))


def _flat(settings: Mapping[str, object]) -> dict[str, object]:
    """Settings as parameters of a run: ``weighing_view``. The recommender's own are logged by their names."""
    flat: dict[str, object] = {}
    for name, value in settings.items():
        if name == "recommender_parameters":
            continue
        flat |= {f"{name}_{key}": one for key, one in value.items()} if isinstance(value, Mapping) else {name: value}
    return flat


def _as_json(value: Mapping[str, object]) -> str:
    return json.dumps(value, sort_keys=True)
