"""``reelhouse evaluate``: its table, its last line, and what it refuses. No Spark session is started, nothing is written."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jobs import recommenders
from jobs.cli.app import app
from tests.evaluation.sets import START, random_ratings


@pytest.fixture(scope="module")
def ml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ml")
    lines = (f"{viewer}\t{title}\t{stars:g}\t{START + at}\n" for viewer, title, stars, at in random_ratings(60, 40, 12))
    (folder / "u.data").write_text("".join(lines))
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"
    assert not (tmp_path / "home").exists()


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments), "--no-log"])


def last_line(*arguments: object) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("protocol", "metric"),
    [
        ("temporal", "ndcg_at_10"),
        ("msr-stratified", "map_at_10"),
        ("replay-time", "mrr_at_10"),
        ("liang-strong", "capped_recall_at_20"),
        ("ncf-100neg", "hit_rate_at_10"),
    ],
)
def test_every_protocol_of_lists_ends_with_one_line_of_figures(ml: Path, protocol: str, metric: str) -> None:
    found = last_line("popularity", "--protocol", protocol, "--data", ml, "--seeds", 2)

    assert (found["model"], found["protocol"], found["seeds"]) == ("popularity", protocol, 2)
    figures = found["metrics"][metric]
    assert 0 <= figures["low"] <= figures["mean"] <= figures["high"] <= 1
    assert figures["mean"] > 0


def test_coverage_novelty_and_segments_are_told_too(ml: Path) -> None:
    found = last_line("popularity", "--data", ml)

    assert {"coverage_at_10", "gini_at_10", "novelty_at_10", "tail_share_at_10"} <= set(found["metrics"])
    assert {"cold", "light", "heavy", "head", "tail"} == set(found["segments"])
    assert found["viewers"] == sum(found["segments"][kind]["viewers"] for kind in ("cold", "light", "heavy"))


def test_of_a_segment_of_few_viewers_only_their_number_is_told(ml: Path) -> None:
    told = ("popularity", "--protocol", "msr-stratified", "--data", ml)

    found, shown = last_line(*told)["segments"], run(*told).stdout

    few = {kind: one["viewers"] for kind, one in found.items() if 0 < one["viewers"] < 30}
    assert few
    assert {kind for kind, one in found.items() if one["metrics"]} == {
        k for k, n in found.items() if n["viewers"] >= 30
    }
    for kind, viewers in few.items():
        assert f"{kind}: {viewers} viewer" in shown
    assert shown.count("too few") == len(few)


def test_the_same_command_says_the_same(ml: Path) -> None:
    command = ("ease", "--protocol", "msr-stratified", "--data", ml, "--param", "reg_param=20")

    assert last_line(*command) == last_line(*command)
    assert last_line(*command) != last_line(*command, "--seed", 5)


def test_seeds_of_a_protocol_with_one_split_change_nothing_of_a_model_without_chance(ml: Path) -> None:
    several = last_line("popularity", "--protocol", "replay-time", "--data", ml, "--seeds", 5)
    one = last_line("popularity", "--protocol", "replay-time", "--data", ml)

    assert several["metrics"] == one["metrics"]
    assert (several["seeds"], len(several["parameters"])) == (5, 1)


def test_tuning_searches_what_is_not_given(ml: Path) -> None:
    found = last_line("ease", "--protocol", "msr-stratified", "--data", ml, "--tune", 3, "--param", "recency_weight=0")

    assert found["parameters"][0]["recency_weight"] == 0
    assert "reg_param" in found["parameters"][0]


def test_the_table_is_shown_without_json(ml: Path) -> None:
    result = run("popularity", "--data", ml)

    assert "popularity under temporal on" in result.stdout
    assert "ndcg_at_10" in result.stdout
    assert "{" not in result.stdout


def test_published_rows_stand_beside_the_figures(ml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.evaluation.interactions._PUBLIC_SETS", {(720, 60): "MovieLens 100k"})

    result = run("popularity", "--protocol", "msr-stratified", "--data", ml)

    assert "popularity, here" in result.stdout
    assert any(line.split()[0] == "BiVAE" and "0.4751" in line for line in result.stdout.splitlines() if line.split())


@pytest.mark.parametrize("command", ["evaluate", "tune"])
def test_help_names_every_recommender(command: str) -> None:
    said = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "400"}).stdout

    assert ", ".join(recommenders.names()) in said


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("popularty",), "there is no recommender popularty; did you mean popularity?"),
        (("popularity", "--protocol", "kfold"), "there is no protocol kfold; did you mean kfold-rating?"),
        (("popularity", "--data", "nowhere"), "nowhere is not there; give the set's folder or zip"),
        (("popularity", "--param", "window_days"), "--param window_days has no value; write --param name=value"),
        (("popularity", "--param", "window_days=-1"), "window_days=-1: Input should be greater than 0"),
        (("popularity", "--param", "windw=1"), "did you mean window_days?"),
        (("popularity",), "silver.interactions"),
    ],
)
def test_what_cannot_be_evaluated_is_said_in_one_line(arguments: tuple[str, ...], problem: str) -> None:
    result = run(*arguments)

    assert result.exit_code == 1
    assert problem in result.stderr.splitlines()[-1]
    assert result.stderr.splitlines()[-1].startswith("error: ")


def test_a_model_without_predictions_is_refused_by_the_rating_protocol(ml: Path) -> None:
    result = run("popularity", "--protocol", "kfold-rating", "--data", ml)

    assert result.exit_code == 1
    assert "popularity predicts no ratings" in result.stderr
