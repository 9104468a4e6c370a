"""``reelhouse feedback``: an event for the next night, or one line that says why not. No Spark."""

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jobs.cli.app import app
from jobs.runs import resets
from jobs.runs.calendar import next_night
from jobs.sample_world import WorldParameters, write_world
from jobs.settings import Settings
from jobs.tables import TABLES, gold
from tests.cli.small_lake import NIGHT, Run, home, publish, refused, run

__all__ = ["home", "run"]

GOLD = [table for table in TABLES if table.layer == "gold"]


@pytest.fixture(autouse=True)
def landing(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nobody has said anything yet."""
    monkeypatch.setenv("REELHOUSE_TODAY", "2026-03-02")
    shutil.rmtree(home / "landing", ignore_errors=True)
    return home / "landing"


def recorded(landing: Path) -> list[dict[str, Any]]:
    file = landing / "interactions" / "2026-03-02" / "feedback.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.mark.parametrize(
    ("given", "kind", "value", "words"),
    [
        (("--like",), "like", None, "u000001, likes Heat (1995), tt0000001"),
        (("--dislike",), "dislike", None, "u000001, dislikes Heat (1995)"),
        (("--dismiss",), "dismiss", None, "u000001, dismisses Heat (1995)"),
        (("--watchlist",), "watchlist", None, "u000001, wants to watch Heat (1995)"),
        (("--watched",), "view", None, "u000001, watched Heat (1995)"),
        (("--rate", "8.5"), "rating", 8.5, "u000001, gives 8.5 of 10 to Heat (1995)"),
    ],
)
def test_records_an_event_for_the_next_night_and_names_it(
    run: Run, landing: Path, given: tuple[str, ...], kind: str, value: float | None, words: str
) -> None:
    told = run("feedback", "u000001", "tt0000001", *given)

    assert told.exit_code == 0, told.output
    assert f"recorded for the night of 2026-03-02: {words}" in told.stdout
    assert told.stdout.endswith("\nnext: reelhouse night\n")
    (event,) = recorded(landing)
    assert (event["user_id"], event["title_id"], event["event_type"], event["value"]) == (
        *("u000001", "tt0000001"),
        *(kind, value),
    )
    # Said long after the day that this home calls today.
    assert event["occurred_at"] == "2026-03-02T23:59:59.000000Z"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("u000001", "heat"), "say one thing of a title: --like, --dislike"),
        (("u000001", "heat", "--like", "--rate", "3"), "say one thing of a title"),
        (("u000001", "heat", "--rate", "11"), "a rating is from 0 to 10, not 11"),
        (("*", "heat", "--like"), "* stands for everybody who is not known"),
        (("u000001", "haet", "--like"), "silver.titles has no 'haet'; the nearest are Heat"),
        (("u000001", "he", "--like"), "'he' may be several titles, give an identifier: tt0000004 Heat and Dust (1983)"),
        (("u000001", " ", "--like"), "its name is empty"),
        (
            ("u00001", "heat", "--like"),
            "there is no viewer u00001; the nearest are u000001, u000002; a new one is told by --new-viewer",
        ),
    ],
)
def test_what_is_not_clear_is_refused_in_one_line(
    run: Run, landing: Path, given: tuple[str, ...], message: str
) -> None:
    said = refused(run("feedback", *given))

    assert said.startswith("error: nothing was recorded: ")
    assert message in said
    assert recorded(landing) == []


def test_a_new_viewer_is_told_once(run: Run, landing: Path) -> None:
    assert run("feedback", "zoe", "amelie", "--like", "--new-viewer").exit_code == 0
    assert run("feedback", "zoe", "heat", "--like").exit_code == 0
    assert [event["title_id"] for event in recorded(landing)] == ["tt0000002", "tt0000001"]


def test_a_token_counts_once(run: Run, landing: Path) -> None:
    for _ in range(2):
        assert run("feedback", "u000001", "heat", "--like", "--token", "form-7").exit_code == 0

    assert [event["event_id"] for event in recorded(landing)] == ["feedback:form-7"]
    assert "the token form-7 is that of another event" in refused(
        run("feedback", "u000001", "heat", "--dislike", "--token", "form-7")
    )


def test_a_home_without_tables_leads_to_a_night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))

    said = refused(CliRunner().invoke(app, ["feedback", "u", "heat", "--like"]))

    assert "silver.titles was never published; run `reelhouse run silver.titles`" in said


def test_feedback_of_a_sample_world_is_of_the_day_after_the_last_night_that_is_done(tmp_path: Path) -> None:
    settings, parameters = Settings(home=tmp_path), WorldParameters(viewers=5, titles=100, events_per_day=20, days=2)
    write_world(settings.landing, parameters, parameters.last_day)
    first, second, third = date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)
    today = date(2026, 1, 9)

    assert next_night(settings, today) == second, "the first night is of the last day"
    for table in GOLD:
        publish(tmp_path, table, night=first)
    assert next_night(settings, today) == second, "its night is to come, or is not done"
    for table in GOLD:
        publish(tmp_path, table, night=second)
    assert next_night(settings, today) == third, "it is written next"
    assert next_night(settings, second) == second, "the world has come to today"
    resets.rollback(settings, gold.RECOMMENDATIONS, first, "ada", "all the same", "test")
    assert next_night(settings, today) == third, "lists that were taken back are not made again"


def test_feedback_is_of_today_unless_the_data_are_of_the_past(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)

    assert next_night(settings, NIGHT) == NIGHT, "nothing was done yet"
    for table in GOLD:
        publish(tmp_path, table, night=NIGHT)
    assert next_night(settings, date(2026, 3, 31)) == date(2026, 3, 31), "some nights were missed"
    assert next_night(settings, date(2026, 4, 1)) == date(2026, 3, 2), "a public set, or a sample, of the past"
