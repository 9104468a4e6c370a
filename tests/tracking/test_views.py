"""Saved views of MLflow's page: tags of experiments, as the page reads them."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from jobs.settings import Settings
from jobs.tracking import views
from jobs.tracking.addresses import NEWEST, VIEW, newest_night
from jobs.tracking.runs import DESCRIPTION, client, experiment_of
from jobs.tracking.views import View

NIGHT = date(2026, 3, 1)
ALIKE = View("alike", "temporal, the lake", "tags.protocol = 'temporal'")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("views"))


@pytest.fixture(scope="module")
def store(settings: Settings) -> MlflowClient:
    return client(settings)


def tags_of(store: MlflowClient, experiment: str) -> dict[str, str]:
    tags: dict[str, str] = store.get_experiment(experiment).tags
    return tags


def test_the_newest_night_s_models_have_an_address_once_there_are_any(settings: Settings, store: MlflowClient) -> None:
    before = newest_night(settings, "http://127.0.0.1:5000")
    views.show_night(settings, NIGHT)
    experiment = experiment_of(store)

    assert before is None
    assert newest_night(settings, "http://127.0.0.1:5000") == (
        f"http://127.0.0.1:5000/#/experiments/{experiment}/runs"
        "?workflowType=machine_learning&viewStateShareKey=newest&compareRunsMode=CHART"
    )
    held = json.loads(tags_of(store, experiment)[f"{VIEW}{NEWEST}"])
    state = json.loads(held["state"])
    assert held["name"] == "Night 2026-03-01"
    assert state["searchFilter"] == "tags.night = '2026-03-01' and attributes.status = 'FINISHED'"
    assert len(store.search_runs([experiment], state["searchFilter"])) == 0


def test_every_chart_is_in_a_section_that_there_is_and_the_tag_is_short_enough(store: MlflowClient) -> None:
    experiment = experiment_of(store, "charts")
    views.save(store, experiment, replace(ALIKE, metric="ndcg_at_100", k=100, tags=("code_version",)), "Note.")

    state = json.loads(json.loads(tags_of(store, experiment)[f"{VIEW}alike"])["state"])
    sections = {section["uuid"] for section in state["compareRunSections"]}
    assert {chart["metricSectionId"] for chart in state["compareRunCharts"]} <= sections
    assert len({chart["uuid"] for chart in state["compareRunCharts"]}) == len(state["compareRunCharts"])
    assert state["compareRunCharts"][0]["metricKey"] == "ndcg_at_100"
    assert state["orderByKey"] == "metrics.`ndcg_at_100`"


def test_the_note_links_to_the_newest_views_and_one_that_a_person_wrote_stays(store: MlflowClient) -> None:
    experiment = experiment_of(store, "notes")
    views.save(store, experiment, ALIKE, "Note.")
    views.save(store, experiment, replace(ALIKE, key="other", name="a](http://x) <b>"), "Note.")
    note = tags_of(store, experiment)[DESCRIPTION]
    store.set_experiment_tag(experiment, DESCRIPTION, "Ours.")
    views.save(store, experiment, ALIKE, "Note.")

    assert note.startswith("Note. Look at: [")
    assert f"[temporal, the lake](#/experiments/{experiment}/runs?" in note
    assert "](http" not in note
    assert tags_of(store, experiment)[DESCRIPTION] == "Ours."


def test_without_a_store_there_is_no_address(tmp_path: Path) -> None:
    assert newest_night(Settings(home=tmp_path), "http://127.0.0.1:5000") is None
    assert not (tmp_path / "mlflow").exists()
