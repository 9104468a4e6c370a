"""Runs of MLflow: one per model that is trained, open while it works."""

import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# A store that is gone is said to be gone after half a minute, not after four.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "4")

import mlflow
from mlflow.data.delta_dataset_source import DeltaDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.tracking import MlflowClient
from mlflow.utils.time import get_current_time_millis

from jobs.errors import JobError
from jobs.settings import Settings
from jobs.tables.model import CHAMPION
from jobs.tracking.addresses import NIGHTLY
from jobs.version import code_hash, code_version

EXPERIMENT = NIGHTLY
_KIND = {"mlflow.experimentKind": "custom_model_development"}
DESCRIPTION = "mlflow.note.content"
"""Tag that MLflow's page shows as a run's description, in Markdown."""
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
def training(settings: Settings, circumstances: Circumstances, title: str = "") -> Iterator[str]:
    """A run that is open while the training works; one that fails is closed as failed. Several may be open at once.

    Args:
        settings: Where everything is.
        circumstances: What the training depends on.
        title: The model as people read it, in front of the night; the recommender's name, unless given.

    Yields:
        The run's identifier.
    """
    store = client(settings)
    title = title or circumstances.recommender
    # The page shows the beginning of a name: the model comes first.
    name = f"{title} {circumstances.night}"
    run_id = str(store.create_run(experiment_of(store), tags=circumstances.tags, run_name=name).info.run_id)
    with ExitStack() as fails:
        fails.callback(_close_as_failed, store, run_id)
        # MLflow's comparison page draws the first parameters of the alphabet that differ, capitals before others.
        parameters = {"Model": title, **circumstances.parameters}
        flat = {**parameters, **_flat(circumstances.settings)}
        store.log_batch(run_id, params=[Param(key, str(value)) for key, value in flat.items()])
        _log_inputs(store, run_id, circumstances)
        yield run_id
        fails.pop_all()
    # One that was withdrawn stays as it was closed.
    if store.get_run(run_id).info.status == "RUNNING":
        store.set_terminated(run_id, "FINISHED")


def withdraw(settings: Settings, run_id: str, tags: Mapping[str, str]) -> None:
    """Close an open run as failed while others go on.

    Args:
        settings: Where everything is.
        run_id: The run.
        tags: What is to be said of it; ``reason`` becomes its description.
    """
    store = client(settings)
    said = {**tags, DESCRIPTION: tags["reason"]}
    store.log_batch(run_id, tags=[RunTag(key, value) for key, value in said.items()])
    store.set_terminated(run_id, "FAILED")


def _close_as_failed(store: MlflowClient, run_id: str) -> None:
    # A store that is gone cannot be told; whoever trains next closes the run.
    with suppress(MlflowException):
        store.set_terminated(run_id, "FAILED")


@contextmanager
def reachable(settings: Settings, undone: str, then: str) -> Iterator[None]:
    """What MLflow does not answer is said in one line.

    Args:
        settings: Where MLflow is.
        undone: What did not happen.
        then: What became of the rest, and what to do next.

    Raises:
        JobError: The store is gone, or refuses what it was asked.
    """
    try:
        yield
    except MlflowException as gone:
        said = str(gone).splitlines()[0][:300]
        where = f"MLflow ({settings.tracking_uri})"
        raise JobError(f"{undone}: {where} does not answer as it should: {said}; {then}") from gone


@contextmanager
def ended(store: MlflowClient, run_id: str) -> Iterator[None]:
    """Close an open run as what is done within ends: finished, failed, or killed by a person."""
    status = "FAILED"
    try:
        yield
        status = "FINISHED"
    except KeyboardInterrupt:
        # What a person stopped is told from what is wrong.
        status = "KILLED"
        raise
    finally:
        store.set_terminated(run_id, status)


def now() -> int:
    """Milliseconds, as MLflow stamps what it logs."""
    return int(get_current_time_millis())  # type: ignore[no-untyped-call]


def log_figures(store: MlflowClient, run_id: str, metrics: Mapping[str, float], tags: Mapping[str, str]) -> None:
    """Log what a run reached, and what else is to be said of it."""
    at = now()
    store.log_batch(
        run_id,
        metrics=[Metric(name, value, at, 0) for name, value in metrics.items()],
        tags=[RunTag(name, value) for name, value in tags.items()],
    )


def log_data(store: MlflowClient, run_id: str, read: Iterable[MetaDataset], context: str) -> None:
    """Log what a run read, and what for."""
    is_for = [InputTag("mlflow.data.context", context)]
    store.log_inputs(run_id, [DatasetInput(one._to_mlflow_entity(), is_for) for one in read])


def close_left_open(settings: Settings) -> None:
    """Close as failed what a training left open that was killed, or lost MLflow: only one trains at a time."""
    store = client(settings)
    for run in store.search_runs([experiment_of(store)], "attributes.status = 'RUNNING'"):
        store.set_terminated(run.info.run_id, "FAILED")


def log_results(
    settings: Settings, run_id: str, metrics: Mapping[str, float], tags: Mapping[str, str], files: Path | None = None
) -> None:
    """Log what an open run reached.

    Args:
        settings: Where everything is.
        run_id: The run.
        metrics: What it reached.
        tags: What else is to be said of it.
        files: A folder of what is kept with it.
    """
    store = client(settings)
    log_figures(store, run_id, metrics, tags)
    if files is not None:
        store.log_artifacts(run_id, str(files))


def fetch_files(settings: Settings, run_id: str, name: str, folder: Path) -> Path | None:
    """A folder that was kept with a run; None if there is none of this name.

    Args:
        settings: Where everything is.
        run_id: The run.
        name: What :func:`log_results` was given as a folder's name below its files.
        folder: Where to put it.
    """
    store = client(settings)
    if name not in {file.path for file in store.list_artifacts(run_id)}:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    return Path(store.download_artifacts(run_id, name, str(folder)))


def drop_files(settings: Settings, run_ids: Iterable[str], name: str) -> None:
    """Delete a folder that was kept with runs, where it still is; what a store refuses to delete stays.

    Args:
        settings: Where everything is.
        run_ids: The runs.
        name: The folder's name, as :func:`fetch_files` takes it.
    """
    store = client(settings)
    for run_id in run_ids:
        with suppress(MlflowException, OSError):
            if name in {file.path for file in store.list_artifacts(run_id)}:
                uri = store.get_run(run_id).info.artifact_uri
                get_artifact_repository(uri, tracking_uri=settings.tracking_uri).delete_artifacts(name)  # type: ignore[no-untyped-call]


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
    # MLflow's flavours write into the one run that its fluent functions have open.
    with mlflow.start_run(run_id=run_id):
        mlflow.log_metrics(dict(metrics))
        mlflow.set_tags(dict(tags))
        logged = mlflow.pyfunc.log_model(
            name=circumstances.recommender,
            loader_module=_LOADER,
            data_path=str(folder),
            pip_requirements=list(_REQUIREMENTS),
        )
    return Logged(run_id, logged.model_uri, circumstances, metrics, tags)


def nights_compared(settings: Settings, night: date, rivals: Mapping[str, str]) -> int:
    """Other nights on which the same two recipes were compared, as tags of the challenger's run tell them."""
    store = client(settings)
    wanted = " and ".join(f"tags.{name} = '{value}'" for name, value in rivals.items())
    found = store.search_runs([experiment_of(store)], wanted) if rivals else []
    return len({run.data.tags["night"] for run in found if run.info.status == "FINISHED"} - {night.isoformat()})


def shaping(settings: Settings) -> dict[str, object]:
    """The settings that shape the model, as its node names them."""
    return settings.shaping(CHAMPION.settings)


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
        if not (folder / "mlflow.db").exists():
            # MLflow's client would have its experiment `Default` keep artifacts where the command was typed.
            SqlAlchemyStore(uri, "mlflow-artifacts:/")  # type: ignore[no-untyped-call]
    return MlflowClient(uri, uri)


def experiment_of(store: MlflowClient, name: str = EXPERIMENT) -> str:
    """An experiment of trained models, as MLflow's page tells it from one of prompts; addressed without a path."""
    found = store.get_experiment_by_name(name)
    if found is None:
        return str(store.create_experiment(name, f"mlflow-artifacts:/{name}", tags=_KIND))
    for key, value in _KIND.items():
        if found.tags.get(key) != value:
            store.set_experiment_tag(found.experiment_id, key, value)
    return str(found.experiment_id)


def _log_inputs(store: MlflowClient, run_id: str, circumstances: Circumstances) -> None:
    """The tables that were read, with their Delta versions."""
    read = [
        MetaDataset(DeltaDatasetSource(path=address, delta_table_version=version), name=table, digest=f"v{version}")  # type: ignore[abstract]
        for table, (address, version) in circumstances.inputs.items()
        if version is not None
    ]
    log_data(store, run_id, read, "training")


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
