"""The page of models: from MLflow's own database, and without it."""

import json
from datetime import date
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from jobs.answers.measured import Measured, compared
from jobs.settings import Settings
from jobs.tables import gold, silver
from jobs.tracking.addresses import NIGHTLY
from jobs.tracking.registry import MODEL_NAME
from tests.cli.small_lake import NIGHT, listed, publish
from tests.explorer.pages import client_of, text_of
from tests.rows import filled

METRICS = {
    "ndcg_at_10": 0.3,
    "ndcg_at_10_low": 0.25,
    "ndcg_at_10_high": 0.35,
    "coverage_at_10": 0.5,
    "judged_viewers": 100.0,
    "fit_seconds": 30.0,
    "refit_seconds": 12.0,
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A champion and a popularity that were judged for a night, by MLflow itself."""
    uri = Settings(home=tmp_path).tracking_uri
    store = MlflowClient(uri, uri)
    experiment = store.create_experiment(NIGHTLY)
    runs = []
    for name, role, factor in (("als", "challenger", 1.0), ("recent popularity", "popularity_recent", 0.5)):
        told = {"night": str(NIGHT), "recommender": name.split()[-1], "role": role}
        tags = told | ({"verdict": "promoted", "reason": "above"} if factor == 1 else {})
        run = store.create_run(experiment, tags=tags, run_name=f"{name} {NIGHT}")
        for metric, value in METRICS.items():
            store.log_metric(run.info.run_id, metric, value * (factor if metric.startswith("ndcg") else 1))
        store.set_terminated(run.info.run_id)
        runs.append(run.info.run_id)
    store.create_registered_model(MODEL_NAME)
    tags = {
        "night": str(NIGHT), "recommender": "als", "parameters": "{}", "inputs": "{}", "settings": "{}", "code": "c",
        "metrics": json.dumps(METRICS), "verdict": "promoted", "reason": "<script>above</script>", "promoted_by": "the gate",
    }  # fmt: skip
    version = store.create_model_version(MODEL_NAME, f"runs:/{runs[0]}/model", runs[0], tags=tags)
    store.set_registered_model_alias(MODEL_NAME, "champion", version.version)
    return tmp_path


def test_models_stand_side_by_side_and_say_how_sure_it_is(home: Path) -> None:
    page = client_of(home).get("/models")

    told = text_of(page)
    assert "als, version 1, serves; it was trained for night 2026-03-01 (yesterday)" in told
    assert "Best on the same held-out events is als. Better than recent popularity: the intervals do not touch." in told
    assert "0.3000 0.2500 to 0.3500 50.0 %" in told
    assert "<script>" not in page.text
    assert client_of(home).get("/models/accuracy.svg").headers["content-type"] == "image/svg+xml"


def test_where_two_versions_differ_most_is_told_by_their_lists(home: Path) -> None:
    publish(home, silver.TITLES, filled(silver.TITLES, {"title_id": "tt1", "title": "Heat", "release_year": 1995}))
    before = date(2026, 2, 28)
    rows = [
        {**listed(user, 1, title), "model_version": version, "night": night}
        for version, night, titles in ((1, before, ("tt1", "tt2")), (2, NIGHT, ("tt1", "tt1")))
        for user, title in zip(("u1", "u2"), titles, strict=True)
    ]
    publish(home, gold.RECOMMENDATION_HISTORY, *rows)

    assert "Heat (1995) 50.0 % 100.0 %" in text_of(client_of(home).get("/models"))


def test_what_became_of_lists_is_told_by_version(tmp_path: Path) -> None:
    told = {"source": "personal", "listed_count": 200, "watched_count": 10, "liked_count": 4, "is_complete": True}
    rows = [
        filled(gold.LIST_OUTCOMES, {**told, "night": NIGHT, "rank": rank, "model_version": 3}) for rank in (1, 10, 11)
    ]
    publish(tmp_path, gold.LIST_OUTCOMES, *rows)

    assert "3 1, 2026-03-01 to 2026-03-01 400 5.00 % 2.00 %" in text_of(client_of(tmp_path).get("/models"))


def test_while_mlflow_is_down_the_page_says_so_and_shows_the_rest(tmp_path: Path) -> None:
    client = client_of(tmp_path, mlflow_uri="http://127.0.0.1:9")

    told = text_of(client.get("/models"))

    assert "MLflow" in told
    assert "What became of lists that were served" in told
    assert "MLflow" in text_of(client.get("/"))


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ((0.3, 0.25, 0.35), (0.1, 0.05, 0.15), "Better than x: the intervals do not touch."),
        ((0.1, 0.05, 0.15), (0.3, 0.25, 0.35), "Worse than x: the intervals do not touch."),
        ((0.3, 0.25, 0.35), (0.2, 0.1, 0.3), "Above x, within what chance alone makes."),
        ((0.2, 0.1, 0.3), (0.3, 0.25, 0.35), "Below x, within what chance alone makes."),
        ((0.2, 0.1, 0.3), (0.2, 0.1, 0.3), "As good as x, to the digit."),
    ],
)
def test_two_numbers_are_compared_with_their_intervals(
    ours: tuple[float, float, float], theirs: tuple[float, float, float], said: str
) -> None:
    assert compared(Measured(*ours), Measured(*theirs), "x") == said


def test_a_night_says_what_fitting_its_models_took(home: Path) -> None:
    publish(home, silver.TITLES, filled(silver.TITLES, {"title_id": "tt1"}), night=NIGHT, seconds=7.5)

    pages = client_of(home)
    two_fitted_twice = 2 * (30 + 12)
    assert f"1 min {two_fitted_twice + 7 - 60} s" in text_of(pages.get(f"/nights/{NIGHT}"))
    assert "model" in pages.get("/nights/seconds.svg").text
