"""Searches in MLflow's own store: runs, nested runs, resumed runs, and what was found as a proposal."""

from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient

from jobs.errors import JobError
from jobs.settings import Settings
from jobs.tracking import proposals, tunings
from jobs.tracking.runs import client

SEARCH = tunings.Search("als", {"rank": "32"}, "temporal", "", {"silver.interactions": 7}, seed=7)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One store for all of these tests: making one takes seconds. Each leaves no proposal open."""
    return Settings(home=tmp_path_factory.mktemp("home"))


def found(settings: Settings, folder: Path, parameters: dict[str, object], search: tunings.Search = SEARCH) -> str:
    """A search that ends with a proposal."""
    folder.mkdir(exist_ok=True)
    (folder / "slices.png").write_bytes(b"")
    with tunings.searching(settings, search, resumes=False) as run:
        climbed = {"ndcg_at_10": {0: 0.1}, "ndcg_at_10_by_rung": {11: 0.05, 33: 0.08, 100: 0.1}}
        run.log_trial(1, "complete", {"rank": 32, "alpha": 2.0}, climbed, seconds=2.0)
        run.log_trial(2, "failed", {"rank": 32, "alpha": 9.0}, {}, seconds=0.5, line="alpha is too large")
        run.log_found(parameters, {"ndcg_at_10": 0.2, "ndcg_at_10_of_defaults": 0.1}, folder)
        run.propose()
    return run.run_id


def nested(store: MlflowClient, run_id: str) -> dict[str, object]:
    experiment = store.get_run(run_id).info.experiment_id
    runs = store.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{run_id}'")
    return {run.info.run_name: run for run in runs}


def test_every_experiment_keeps_its_artifacts_beside_the_store_wherever_it_was_made(settings: Settings) -> None:
    places = {one.name: str(one.artifact_location) for one in client(settings).search_experiments()}

    assert "Default" in places
    assert all(place.startswith("mlflow-artifacts:/") for place in places.values()), places


def test_a_search_is_a_run_and_each_trial_one_below_it(settings: Settings, tmp_path: Path) -> None:
    run_id = found(settings, tmp_path / "pictures", {"rank": 32, "alpha": 8.0})

    store = client(settings)
    run = store.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"ndcg_at_10": 0.2, "ndcg_at_10_of_defaults": 0.1}
    assert {run.data.tags[name] for name in ("recommender", "protocol", "data")} == {"als", "temporal", "the lake"}
    assert proposals.newest(settings) == proposals.Proposal(run_id, "als", {"rank": 32, "alpha": 8.0})
    proposals.close(settings, proposals.Proposal(run_id, "", {}), "promoted")
    assert [file.path for file in store.list_artifacts(run_id)] == ["slices.png"]
    trials = nested(store, run_id)
    assert sorted(trials) == ["trial 001", "trial 002"]
    first, second = trials["trial 001"], trials["trial 002"]
    assert first.data.params == {"rank": "32", "alpha": "2.0"}  # type: ignore[attr-defined]
    assert first.data.metrics == {"ndcg_at_10": 0.1, "ndcg_at_10_by_rung": 0.1}  # type: ignore[attr-defined]
    steps = store.get_metric_history(first.info.run_id, "ndcg_at_10_by_rung")  # type: ignore[attr-defined]
    assert [(one.step, one.value) for one in steps] == [(11, 0.05), (33, 0.08), (100, 0.1)]
    assert first.info.end_time - first.info.start_time >= 2_000  # type: ignore[attr-defined]
    assert second.info.status == "FAILED"  # type: ignore[attr-defined]
    assert second.data.tags["line"] == "alpha is too large"  # type: ignore[attr-defined]
    experiment = store.get_experiment_by_name("tuning")
    assert experiment is not None
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"


def test_what_was_found_is_the_newest_proposal_until_a_night_decides_it(settings: Settings, tmp_path: Path) -> None:
    assert proposals.newest(settings) is None
    first = found(settings, tmp_path / "pictures", {"rank": 32, "alpha": 8.0})
    assert proposals.newest(settings) == proposals.Proposal(first, "als", {"rank": 32, "alpha": 8.0})

    second = found(settings, tmp_path / "pictures", {"half_life_days": None}, replace(SEARCH, recommender="popularity"))
    proposal = proposals.newest(settings)
    assert proposal == proposals.Proposal(second, "popularity", {"half_life_days": None})
    # A store behind a server is asked in another way, and says the same.
    assert proposals._ask(settings) == proposals._look_up(settings.root / "mlflow" / "mlflow.db")
    proposals.close(settings, proposal, "rejected")

    # The earlier one was superseded: it does not come back.
    assert proposals.newest(settings) is None
    store = client(settings)
    assert [store.get_run(run).data.tags["proposal"] for run in (first, second)] == ["superseded", "rejected"]


def test_a_search_that_is_resumed_goes_on_in_its_run(settings: Settings, tmp_path: Path) -> None:
    stopped: list[tunings.Open] = []

    def stop() -> None:
        with tunings.searching(settings, SEARCH, resumes=False) as run:
            stopped.append(run)
            run.log_trial(1, "complete", {"rank": 32}, {"ndcg_at_10": {0: 0.1}}, seconds=0.0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    (first,), store = stopped, client(settings)
    assert store.get_run(first.run_id).info.status == "KILLED"

    with tunings.searching(settings, SEARCH, resumes=True) as second:
        second.log_trial(2, "complete", {"rank": 32}, {"ndcg_at_10": {0: 0.1}}, seconds=0.0)
    with tunings.searching(settings, replace(SEARCH, seed=8), resumes=True) as other:
        pass

    assert second.run_id == first.run_id != other.run_id
    assert len(nested(store, first.run_id)) == 2
    assert store.get_run(first.run_id).info.status == "FINISHED"


def test_a_store_that_is_gone_ends_the_search_in_one_line(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    gone = settings.model_copy(update={"mlflow_uri": "http://127.0.0.1:9"})

    with (
        pytest.raises(JobError, match=r"the search ended: MLflow .* does not answer .* --resume"),
        tunings.searching(gone, SEARCH, resumes=False),
    ):
        pass
