"""What MLflow's page shows of an experiment: saved views that answer which model, why and how sure, and a note with links.

MLflow's own chart page draws every metric alike, in order of the alphabet, and a browser that is new to MLflow opens an
experiment as one of prompts, whatever kind it is of. A saved view is a tag of the experiment (``mlflow.sharedViewState.…``,
as the page itself writes it): it stands in the page's menu *Views*, and its address opens it as it is meant.
"""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from mlflow.tracking import MlflowClient

from jobs.settings import Settings
from jobs.tracking.addresses import NEWEST, VIEW, view_path
from jobs.tracking.runs import DESCRIPTION, client, experiment_of, now

_SECTIONS = {
    "which": "Which model, and how sure",
    "why": "Why: for whom, how broad, with what",
    "all": "Model metrics",
}
"""MLflow adds a chart of every other metric to the last one, which is closed."""
_RUNS_DRAWN = 20
_LINKS = 12
"""The newest views that a note links to."""


@dataclass(frozen=True)
class View:
    """Runs that may be compared, and what they are compared by."""

    key: str
    """One short word, part of its address."""
    name: str
    """As people read it."""
    where: str
    """A search of MLflow's: the runs that were judged alike."""
    metric: str = "ndcg_at_10"
    """What decides."""
    k: int = 10
    tags: tuple[str, ...] = ()
    """Tags of runs that are shown as columns."""
    is_error: bool = False
    """Whether less is better."""

    @property
    def state(self) -> dict[str, Any]:
        """As MLflow's page keeps it."""
        low, high = f"{self.metric}_low", f"{self.metric}_high"
        segments = [f"{self.metric}_{kind}" for kind in ("cold", "light", "heavy")]
        coverage, tail = f"coverage_at_{self.k}", f"tail_share_at_{self.k}"
        # A run without one of the axes is not drawn at all: segments of few viewers have no figure.
        axes = [coverage, tail, "fit_seconds", self.metric]
        columns = [f"metrics.`{name}`" for name in (self.metric, low, high, coverage, tail, "fit_seconds")]
        columns += [f"tags.`{name}`" for name in self.tags]
        charts = [
            _chart("which", "BAR", metricKey=self.metric),
            _chart("which", "BAR", metricKey=low, selectedMetricKeys=[low, self.metric, high]),
            _chart("which", "SCATTER", xaxis=_axis(coverage), yaxis=_axis(self.metric)),
            _chart("why", "BAR", metricKey=segments[0], selectedMetricKeys=segments),
            _chart("why", "PARALLEL", selectedParams=["Model"], selectedMetrics=axes, showAllRuns=False),
            _chart("why", "DIFFERENCE", compareGroups=["Parameters"], showDifferencesOnly=True),
        ]
        sections = [
            {"uuid": key, "name": name, "display": key != "all", "isReordered": False, "deleted": False}
            for key, name in _SECTIONS.items()
        ]
        return {
            "searchFilter": f"{self.where} and attributes.status = 'FINISHED'",
            "orderByKey": f"metrics.`{self.metric}`",
            "orderByAsc": self.is_error,
            "selectedColumns": columns,
            "columnOrder": columns,
            "compareRunCharts": [chart | {"uuid": f"chart-{n}"} for n, chart in enumerate(charts)],
            "compareRunSections": sections,
            "isAccordionReordered": True,
        }


def save(store: MlflowClient, experiment: str, view: View, note: str) -> None:
    """Put a view into an experiment's menu, and links to its newest views into its note.

    Args:
        store: MLflow.
        experiment: Its identifier.
        view: The view; takes the place of one with the same key.
        note: What the experiment is, in a line. A note that a person wrote is left alone.
    """
    at = now()
    state = json.dumps(view.state, separators=(",", ":"))
    held = {"name": view.name, "createdAt": at, "updatedAt": at, "state": state}
    store.set_experiment_tag(experiment, f"{VIEW}{view.key}", json.dumps(held))
    tags = store.get_experiment(experiment).tags
    if tags.get(DESCRIPTION, note).startswith(note):
        store.set_experiment_tag(experiment, DESCRIPTION, f"{note} Look at: {', '.join(_links(experiment, tags))}.")


def show_night(settings: Settings, night: date) -> None:
    """Let MLflow's page show the models of the night that was trained last."""
    store = client(settings)
    view = View(NEWEST, f"Night {night}", f"tags.night = '{night}'", tags=("role", "verdict", "reason"))
    note = "A run is a model of a night; all of a night were judged on the same viewers."
    save(store, experiment_of(store), view, note)


def _links(experiment: str, tags: dict[str, str]) -> list[str]:
    """Links to views, the newest first."""
    views = {key.removeprefix(VIEW): json.loads(held) for key, held in tags.items() if key.startswith(VIEW)}
    named = sorted((-view.get("updatedAt", 0), key, view["name"]) for key, view in views.items() if "name" in view)
    return [f"[{_plain(name)}]({view_path(experiment, key)})" for _, key, name in named[:_LINKS]]


def _plain(name: str) -> str:
    """A name that ends no link."""
    return "".join(" " if character in "[]()<>`\\\n" else character for character in name)


def _chart(section: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "metricSectionId": section,
        "runsCountToCompare": _RUNS_DRAWN,
        "deleted": False,
        "isGenerated": False,
        **more,
    }


def _axis(metric: str) -> dict[str, str]:
    return {"key": metric, "type": "METRIC"}
