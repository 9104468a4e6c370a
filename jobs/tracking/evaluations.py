"""Evaluations in MLflow: one run per model, protocol and data, open while it works; and what they found, read back."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import Param, Run
from mlflow.tracking import MlflowClient
from mlflow.utils.validation import MAX_TAG_VAL_LENGTH

from jobs.settings import Settings
from jobs.tracking.runs import DESCRIPTION, client, ended, experiment_of, log_data, log_figures, reachable
from jobs.tracking.views import View, save
from jobs.version import code_version

EXPERIMENT = "evaluation"
_NOTE = "A run is a model that was judged by a protocol on some data; only runs of one view were judged alike."
_RUNS_PER_PAGE = 200
"""Runs that MLflow gives at once."""


@dataclass(frozen=True)
class Asked:
    """What is evaluated, and on what."""

    recommender: str
    protocol: str
    data: str
    """What people call the data."""
    digest: str
    """Of all that is divided and judged by: figures of another digest are not of the same data."""
    parameters: Mapping[str, Any]
    """All of them, by name, as they are before a search."""
    trials: int
    """Of a search for each seed; 0 if nothing is searched."""

    @property
    def name(self) -> str:
        """As people read it."""
        tuned = ", tuned" if self.trials else ""
        return f"{self.recommender}{tuned}, {self.protocol}, {self.data}"

    @property
    def tags(self) -> dict[str, str]:
        """As tags of the run."""
        return {
            "recommender": self.recommender,
            "protocol": self.protocol,
            "data": self.data,
            "digest": self.digest,
            "trials": str(self.trials),
            "code_version": code_version(),
        }


@dataclass(frozen=True)
class Open:
    """The run of an evaluation, while it is open."""

    store: MlflowClient
    run_id: str
    experiment: str
    asked: Asked

    def log(
        self, metrics: Mapping[str, float], used: Sequence[Mapping[str, Any]], said: Mapping[str, object], card: str
    ) -> None:
        """Log what was found.

        Args:
            metrics: By name, the most important first.
            used: The parameters of each seed; of each fold of each seed where they were searched. The first of them are
                kept, as many as a tag holds.
            said: What else is to be said, as tags.
            card: What the run's page says of it.
        """
        tags = {name: str(value) for name, value in said.items()}
        tags |= {"parameters": _fitting(used), DESCRIPTION: card}
        log_figures(self.store, self.run_id, metrics, tags)
        self._show(next(iter(metrics)), int(str(said["k"])))

    def _show(self, metric: str, k: int) -> None:
        """Let MLflow's page show all models that were judged alike."""
        asked, is_error = self.asked, "rmse" in metric
        view = View(
            f"{asked.protocol}-{asked.digest}",
            f"{asked.protocol}, {asked.data}",
            f"tags.protocol = '{asked.protocol}' and tags.digest = '{asked.digest}'",
            metric=metric,
            k=k,
            tags=("code_version",),
            is_error=is_error,
        )
        save(self.store, self.experiment, view, _NOTE)


def _fitting(used: Sequence[Mapping[str, Any]]) -> str:
    """The first of them as JSON, as many as a tag holds: what MLflow cut itself could not be read."""
    said = json.dumps(list(used), sort_keys=True)
    kept = len(used)
    while len(said) > MAX_TAG_VAL_LENGTH:
        kept -= 1
        said = json.dumps(list(used[:kept]), sort_keys=True)
    return said


@contextmanager
def evaluating(settings: Settings, asked: Asked) -> Iterator[Open]:
    """A run that is open while an evaluation works, closed as failed if it fails.

    Args:
        settings: Where MLflow is.
        asked: What is evaluated.

    Raises:
        JobError: MLflow is gone.
    """
    with reachable(settings, "the evaluation was not kept", "mend it, or add --no-log"):
        store = client(settings)
        experiment = experiment_of(store, EXPERIMENT)
        run_id = str(store.create_run(experiment, tags=asked.tags, run_name=asked.name).info.run_id)
        with ended(store, run_id):
            # What is searched is not known yet, and a run's parameters cannot be changed.
            given = {} if asked.trials else asked.parameters
            parameters = {"Model": asked.recommender, **given}
            store.log_batch(run_id, params=[Param(key, str(value)) for key, value in parameters.items()])
            data = MetaDataset(CodeDatasetSource({"data": asked.data}), name=asked.data, digest=asked.digest)  # type: ignore[abstract]
            log_data(store, run_id, [data], "evaluation")
            yield Open(store, run_id, experiment, asked)


@dataclass(frozen=True)
class Result:
    """A finished evaluation."""

    recommender: str
    protocol: str
    data: str
    digest: str
    k: int
    """Titles per list."""
    seeds: int
    """Splits, or fits, that were run."""
    viewers: float
    """Judged, a run."""
    trials: int
    parameters: tuple[dict[str, Any], ...]
    metrics: Mapping[str, float]
    code_version: str


def results(settings: Settings) -> list[Result]:
    """The newest finished evaluation of each recommender by each protocol on each data, newest first.

    Never the best of several: to choose by what is judged on would be to learn from it.
    """
    store = client(settings)
    found = store.get_experiment_by_name(EXPERIMENT)
    newest: dict[tuple[str, ...], Result] = {}
    for run in _finished(store, str(found.experiment_id)) if found else ():
        one = _result(run)
        newest.setdefault((one.recommender, one.protocol, one.data, one.digest), one)
    return list(newest.values())


def _finished(store: MlflowClient, experiment: str) -> Iterator[Run]:
    """Runs that ended well, newest first."""
    token: str | None = None
    while True:
        page = store.search_runs(
            [experiment],
            "attributes.status = 'FINISHED' and tags.k LIKE '%'",
            max_results=_RUNS_PER_PAGE,
            order_by=["attributes.start_time DESC", "attributes.run_id"],
            page_token=token,
        )
        yield from page
        token = page.token
        if not token:
            return


def _result(run: Run) -> Result:
    tags = run.data.tags
    return Result(
        recommender=tags["recommender"],
        protocol=tags["protocol"],
        data=tags["data"],
        digest=tags["digest"],
        k=int(tags["k"]),
        seeds=int(tags["seeds"]),
        viewers=float(tags["viewers"]),
        trials=int(tags["trials"]),
        parameters=tuple(json.loads(tags["parameters"])),
        metrics=dict(run.data.metrics),
        code_version=tags["code_version"],
    )
