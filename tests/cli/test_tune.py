"""``reelhouse tune``: what it searches on, what it logs, and what it refuses. No Spark session is started."""

import json
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jobs.cli.app import app
from jobs.settings import Settings
from jobs.tables import silver
from jobs.tracking import proposals
from jobs.tracking.runs import client
from tests.cli.small_lake import publish
from tests.evaluation.sets import START, random_ratings

RATINGS = random_ratings(60, 40, 12)


def write(folder: Path, later: int = 0) -> Path:
    """A set; with some more ratings after all others, of a title that nobody rated before."""
    folder.mkdir()
    end = max(at for *_, at in RATINGS)
    rows = RATINGS + [(viewer, 99, 5.0, end + viewer) for viewer in range(1, later + 1)]
    (folder / "u.data").write_text("".join(f"{v}\t{t}\t{stars:g}\t{START + at}\n" for v, t, stars, at in rows))
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all of these tests: making MLflow's store takes seconds."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def in_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELHOUSE_HOME", str(home))


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["tune", *map(str, arguments)])


def newest(home: Path) -> Any:
    """The newest search in MLflow, and its trials."""
    store = client(Settings(home=home))
    experiment = store.get_experiment_by_name("tuning")
    assert experiment is not None
    runs = store.search_runs([experiment.experiment_id], order_by=["attributes.start_time DESC"])
    (parent, *_) = [one for one in runs if "search" in one.data.tags]
    trials = [one for one in runs if one.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    return parent, trials


def test_a_search_ends_with_its_best_parameters_and_is_in_mlflow_with_every_trial(home: Path, tmp_path: Path) -> None:
    result = run("ease", "--data", write(tmp_path / "ml"), "--trials", 6, "--param", "recency_days=7")

    assert result.exit_code == 0, result.output
    assert "6 trials" in result.stdout
    assert "reg_param" in result.stdout
    parent, trials = newest(home)
    assert len(trials) == 6
    assert parent.data.metrics["ndcg_at_10"] >= parent.data.metrics["ndcg_at_10_of_defaults"]
    assert json.loads(parent.data.tags["parameters"])["recency_days"] == 7
    assert {one.data.params["recency_days"] for one in trials} == {"7.0"}
    # Of a set that is not the lake nothing is proposed.
    assert proposals.newest(Settings(home=home)) is None


def test_what_is_found_on_the_lake_is_proposed(home: Path) -> None:
    occurred = [datetime.fromtimestamp(START + at, UTC) for *_, at in RATINGS]
    events = [
        {"event_id": f"e{n}", "user_id": f"u{viewer:02d}", "title_id": f"tt{title:07d}", "event_type": "view"}
        | {"occurred_at": at, "month": at.date().replace(day=1)}
        for n, ((viewer, title, *_), at) in enumerate(zip(RATINGS, occurred, strict=True))
    ]
    titles = [
        {"title_id": f"tt{n:07d}", "title": "A", "title_type": "movie", "is_adult": False, "genres": []}
        for n in range(1, 41)
    ]
    publish(home, silver.INTERACTIONS, *events)
    publish(home, silver.TITLES, *titles)

    # Almost without regularisation anything that adds popularity is better than the other defaults.
    result = run("ease", "--trials", 8, "--param", "reg_param=0.5")

    assert result.exit_code == 0, result.output
    assert "proposed: the next night tries these parameters as a challenger" in result.stdout
    parent, _ = newest(home)
    proposal = proposals.newest(Settings(home=home))
    assert proposal is not None
    assert (proposal.run_id, proposal.recommender) == (parent.info.run_id, "ease")
    assert json.loads(parent.data.tags["inputs"])["silver.interactions"] == 1
    proposals.close(Settings(home=home), proposal, "rejected")


def test_a_search_that_is_resumed_goes_on_in_the_same_run(home: Path, tmp_path: Path) -> None:
    data = write(tmp_path / "ml")
    run("popularity", "--data", data, "--trials", 3)

    result = run("popularity", "--data", data, "--trials", 5, "--resume")

    assert result.exit_code == 0, result.output
    assert "trial 3:" not in result.stderr
    assert "trial 4:" in result.stderr
    assert len(newest(home)[1]) == 5


def test_where_the_defaults_win_the_next_step_goes_on_with_the_same_search(home: Path, tmp_path: Path) -> None:
    data = write(tmp_path / "a set")
    search = ("popularity", "--protocol", "replay-time", "--data", data, "--param", "half_life_days=9", "--seed", 3)

    result = run(*search, "--trials", 1)

    *_, last = result.stdout.splitlines()
    assert last.startswith("next: reelhouse tune popularity --protocol replay-time ")
    assert shlex.split(last)[3:] == [*map(str, search), "--resume", "--trials", "31"]
    assert run(*shlex.split(last)[3:-1], "2").exit_code == 0
    assert len(newest(home)[1]) == 2, "the second was added"


def test_what_is_finally_judged_on_moves_nothing(home: Path, tmp_path: Path) -> None:
    """A planted future after everything else: the search, which only sees what is before, must not notice its content."""
    plain, planted = write(tmp_path / "plain", later=10), write(tmp_path / "planted", later=10)
    text = (planted / "u.data").read_text().replace("\t99\t5\t", "\t98\t5\t")
    (planted / "u.data").write_text(text)
    found = []
    for data in (plain, planted):
        assert run("ease", "--data", data, "--trials", 5).exit_code == 0
        parent, trials = newest(home)
        found.append((parent.data.tags["parameters"], sorted(str(one.data.metrics) for one in trials)))

    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("eese",), "there is no recommender eese"),
        (("ease", "--protocol", "temporl"), "there is no protocol temporl"),
        (("ease", "--param", "reg_param=-1"), "reg_param=-1"),
        (("ease", "--param", "reg_param"), "--param reg_param has no value"),
        (("ease", "--data", "nowhere"), "nowhere"),
        (("ease", "--data", "nowhere", "--protocol", "kfold-rating"), "ease predicts no ratings"),
    ],
)
def test_what_cannot_be_searched_is_said_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)

    assert result.exit_code == 1
    assert said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
