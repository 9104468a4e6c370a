"""Searches in MLflow: one run per search, a nested run per trial, and what was found as a proposal to the gate."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient

from jobs.settings import Settings
from jobs.tracking.proposals import EXPERIMENT, OPEN, STATE, SUPERSEDED
from jobs.tracking.runs import client, ended, experiment_of, log_figures, now, reachable
from jobs.version import code_version

_PARENT = "mlflow.parentRunId"
_SEARCH = "search"
"""Tag that tells a resumed search its run."""
_MILLIS = 1_000


@dataclass(frozen=True)
class Search:
    """What is searched, and on what."""

    recommender: str
    given: Mapping[str, str]
    """Parameters that stay as they are."""
    protocol: str
    data: str
    """A public set, or empty for the lake."""
    inputs: Mapping[str, int | None]
    """Table of the lake → Delta version."""
    seed: int

    @property
    def key(self) -> str:
        """One short word for all of it."""
        said = [self.recommender, dict(self.given), self.protocol, self.data, dict(self.inputs), self.seed]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]

    def file(self, settings: Settings) -> Path:
        """Where its trials are kept."""
        return settings.root / "tuning" / f"{self.recommender}-{self.key}.db"

    @property
    def tags(self) -> dict[str, str]:
        """As tags of its run."""
        return {
            _SEARCH: self.key,
            "recommender": self.recommender,
            "given": json.dumps(dict(self.given), sort_keys=True),
            "protocol": self.protocol,
            "data": self.data or "the lake",
            "inputs": json.dumps(dict(self.inputs), sort_keys=True),
            "seed": str(self.seed),
            "code_version": code_version(),
        }


@dataclass(frozen=True)
class Open:
    """The run of a search, while it is open."""

    store: MlflowClient
    run_id: str
    experiment: str

    def log_trial(
        self,
        number: int,
        state: str,
        parameters: Mapping[str, Any],
        metrics: Mapping[str, Mapping[int, float]],
        seconds: float,
        line: str = "",
    ) -> None:
        """Log a trial that has ended as a nested run that took as long as the trial did.

        Args:
            number: From 1.
            state: complete, pruned or failed.
            parameters: All of them.
            metrics: What it reached, by name and step.
            seconds: How long it took.
            line: Why it failed.
        """
        at = now()
        tags = {_PARENT: self.run_id, "state": state} | ({"line": line} if line else {})
        run = self.store.create_run(
            self.experiment, start_time=at - round(seconds * _MILLIS), tags=tags, run_name=f"trial {number:03d}"
        )
        self.store.log_batch(
            run.info.run_id,
            metrics=[Metric(name, one, at, step) for name, by_step in metrics.items() for step, one in by_step.items()],
            params=[Param(key, str(one)) for key, one in parameters.items()],
        )
        self.store.set_terminated(run.info.run_id, "FAILED" if state == "failed" else "FINISHED")

    def log_found(self, parameters: Mapping[str, Any], metrics: Mapping[str, float], pictures: Path) -> None:
        """Log the best parameters, what they reach, and a folder of pictures."""
        tags = {"parameters": json.dumps(dict(parameters), sort_keys=True)}
        tags |= {f"best.{name}": str(value) for name, value in parameters.items()}
        log_figures(self.store, self.run_id, metrics, tags)
        self.store.log_artifacts(self.run_id, str(pictures))

    def propose(self) -> None:
        """Put what was found before the gate, in the place of what an earlier search proposed."""
        for earlier in self.store.search_runs([self.experiment], f"tags.{STATE} = '{OPEN}'"):
            self.store.set_tag(earlier.info.run_id, STATE, SUPERSEDED)
        self.store.set_tag(self.run_id, STATE, OPEN)


@contextmanager
def searching(settings: Settings, search: Search, *, resumes: bool) -> Iterator[Open]:
    """A run that is open while a search works, closed as failed if it fails.

    Args:
        settings: Where MLflow is.
        search: What is searched.
        resumes: Whether the last run of the same search goes on, if there is one.

    Raises:
        JobError: MLflow is gone.
    """
    with reachable(settings, "the search ended", "its trials are kept: mend it and add --resume"):
        store = client(settings)
        experiment = experiment_of(store, EXPERIMENT)
        run_id = _last_run(store, experiment, search) if resumes else None
        if run_id is None:
            name = f"{search.recommender}, {search.protocol}, {search.data or 'the lake'}"
            run_id = str(store.create_run(experiment, tags=search.tags, run_name=name).info.run_id)
        else:
            store.update_run(run_id, status="RUNNING")
        with ended(store, run_id):
            yield Open(store, run_id, experiment)


def _last_run(store: MlflowClient, experiment: str, search: Search) -> str | None:
    found = store.search_runs(
        [experiment], f"tags.{_SEARCH} = '{search.key}'", order_by=["attributes.start_time DESC"], max_results=1
    )
    return str(found[0].info.run_id) if found else None
