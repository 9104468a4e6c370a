"""``reelhouse models`` and ``reelhouse promote``: what was registered, and what a person decides."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jobs.cli.app import app
from jobs.settings import Settings
from jobs.tables import silver
from jobs.tracking import online, registry
from jobs.tracking.online import Online
from jobs.tracking.runs import client
from tests.cli.small_lake import Run, publish, refused
from tests.tracking.registered import NIGHT, register


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two registered versions, the second of which serves."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("one", "two"):
        register(Settings(home=folder / "home"), folder / name)
    return folder / "home"


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("REELHOUSE_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *arguments, keyboard="": CliRunner().invoke(app, arguments, input=keyboard)


def test_models_says_what_serves_and_promote_changes_it_with_a_reason(run: Run) -> None:
    before = run("models")
    done = run("promote", "1", "--reason", "broader", "--by", "ada")
    after = run("models")

    assert "serves" in before.output
    assert (done.exit_code, "reelhouse version 1 serves from the next lists on" in done.output) == (0, True)
    assert registry.require_champion(Settings()).version == 1
    (line,) = [line for line in after.output.splitlines() if "broader" in line]
    assert "serves" in line
    assert "ada" in line
    assert run("promote", "2", "--reason", "back again", "--by", "ada").exit_code == 0


def test_programs_are_told_of_every_version(run: Run) -> None:
    told = json.loads(run("models", "--json").output)

    assert [(one["version"], one["serves"]) for one in told] == [(2, True), (1, False)]
    assert {"night", "recommender", "verdict", "ndcg", "difference", "online", "reason"} <= told[0].keys()


def test_a_home_without_a_model_says_so_and_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path / "home"))

    asked = CliRunner().invoke(app, ["models"])

    assert (asked.exit_code, asked.output) == (0, "no version is registered yet\nnext: reelhouse night\n")


def test_what_cannot_be_promoted_is_refused_in_one_line(run: Run) -> None:
    said = refused(run("promote", "9", "--reason", "x"))
    assert "reelhouse version 9 is not there; versions are 2, 1; what the gate rejects is not registered" in said
    assert "say why, for those who ask later" in refused(run("promote", "1", "--reason", " "))


def of_the_model(run: Run, monkeypatch: pytest.MonkeyPatch, today: str) -> dict[str, Any]:
    monkeypatch.setenv("REELHOUSE_TODAY", today)
    found = json.loads(run("status", "--json").stdout)
    return dict(next(one for one in found if one["table"] == "model.champion"))


def test_status_says_what_serves_and_how_old_it_is_beside_how_old_it_may_be(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = {
        "table": "model.champion", "state": "fresh", "why": "", "night": "2026-03-01", "rows": None, "age_days": 1,
        "serves": "version 2, als, of 1 day before the newest night (at most 30)",
    }  # fmt: skip
    assert fresh.items() <= of_the_model(run, monkeypatch, "2026-03-02").items()
    line = "model.champion: serves version 2, als, of 1 day before the newest night (at most 30)"
    assert line in run("status").stdout.splitlines()

    old = of_the_model(run, monkeypatch, "2026-04-01")
    said = "trained for a night 31 days before the newest, lists take at most 30"
    assert (old["state"], old["why"]) == ("old", said)
    monkeypatch.setenv("REELHOUSE_LIMITS__MODEL_AGE_DAYS", "31")
    assert of_the_model(run, monkeypatch, "2026-04-01")["state"] == "fresh"


def test_status_says_that_the_model_waits_for_a_night_that_is_there_or_was_made_from_other_rows(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path
) -> None:
    monkeypatch.setenv("REELHOUSE_LAKE_URI", str(tmp_path / "lake"))
    publish(tmp_path, silver.INTERACTIONS, night=NIGHT)

    outdated = of_the_model(run, monkeypatch, "2026-03-02")
    said = "made from version 7 of silver.interactions, 1 is served"
    assert (outdated["state"], outdated["why"]) == ("outdated", said)

    publish(tmp_path, silver.TITLES, night=NIGHT + timedelta(days=1))
    behind = of_the_model(run, monkeypatch, "2026-03-03")
    assert (behind["state"], behind["why"]) == ("behind", "night 2026-03-02 is not decided")


def test_status_of_a_model_that_mlflow_says_nothing_of(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REELHOUSE_MLFLOW_URI", "http://127.0.0.1:9")
    unknown = of_the_model(run, monkeypatch, "2026-03-02")
    assert unknown["state"] == "unknown"
    assert unknown["why"].startswith("what serves is not known: MLflow (http://127.0.0.1:9) does not answer")

    monkeypatch.delenv("REELHOUSE_MLFLOW_URI")
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    none = of_the_model(run, monkeypatch, "2026-03-02")
    assert (none["state"], none["why"], none["night"]) == ("none yet", "no registered version serves", None)


def test_a_scheduler_is_told_when_nothing_waits(run: Run) -> None:
    asked = run("models", "--waiting", str(NIGHT))

    assert (asked.exit_code, asked.output) == (99, f"no version of {NIGHT} waits\n")


def test_a_scheduler_is_told_what_waits_and_why_in_a_line(home: Path, run: Run) -> None:
    settings = Settings(home=home)
    store = client(settings)
    store.set_registered_model_alias(registry.MODEL_NAME, "challenger", "1")
    for key, value in {"verdict": "waits", "difference": "0.009 [-0.004, 0.024]", "reason": "too few to tell"}.items():
        store.set_model_version_tag(registry.MODEL_NAME, "1", key, value)

    asked = run("models", "--waiting", str(NIGHT))

    said = "1 als: nDCG@10 0.2500, beside the champion 0.009 [-0.004, 0.024]; too few to tell\n"
    assert (asked.exit_code, asked.output) == (0, said)


def test_models_says_what_came_of_the_lists_beside_what_was_foretold(home: Path, run: Run) -> None:
    counts = {"lists": 10, "listed": 100, "watched": 7, "liked": 2, "disliked": 1, "dismissed": 0}
    nights = [Online(NIGHT + timedelta(days=n), 2, counts) for n in range(2)]
    online.log(Settings(home=home), nights)

    asked = run("models")

    (line,) = [line for line in asked.output.splitlines() if line.split()[:1] == ["2"]]
    assert "7.00% of 2 nights" in line
    assert asked.output.count("nights") == 1, "version 1 made no lists"
