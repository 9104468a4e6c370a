"""``reelhouse status``: how tables stand. Without Spark."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jobs.cli.app import app
from jobs.lakehouse.commit import open_or_create
from jobs.lakehouse.refusals import Refusal, add
from jobs.settings import Settings
from jobs.tables import bronze, gold, silver
from jobs.tables.ops import REFUSALS
from tests.cli.small_lake import Run, listed, publish
from tests.runs.test_night import deliver_events

ONE, TWO, THREE = (date(2026, 3, day) for day in range(1, 4))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on the morning after the second night."""
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    monkeypatch.setenv("REELHOUSE_TODAY", str(THREE))
    monkeypatch.setenv("COLUMNS", "200")
    for night in (ONE, TWO):
        publish(tmp_path, gold.RECOMMENDATIONS, listed("u1", 1, "a"), night=night, inputs={"model.champion": 4})
    publish(tmp_path, silver.TITLES, night=TWO)
    publish(tmp_path, silver.PEOPLE, night=ONE)
    return lambda *arguments: CliRunner().invoke(app, arguments)


def refuse(table: str, night: date, at: datetime) -> None:
    refusal = Refusal(table, night, ["coverage is low"], ["coverage"], "page", "test", "0.1", "p", at)
    add(open_or_create(Settings().lake, REFUSALS), [refusal])


def state(run: Run, table: str) -> dict[str, Any]:
    found = json.loads(run("status", "--json").stdout)
    return dict(next(one for one in found if one["table"] == table))


def test_says_which_night_a_table_carries_and_whether_that_is_the_newest(run: Run) -> None:
    lists = state(run, "gold.recommendations")

    assert lists == {
        "table": "gold.recommendations", "state": "fresh", "why": "", "night": "2026-03-02", "rows": 1, "age_days": 1,
        "serves": "model version 4",
    }  # fmt: skip
    people = state(run, "silver.people")
    assert (people["state"], people["why"], people["age_days"]) == ("behind", "night 2026-03-02 is there", 2)
    assert state(run, "silver.credits")["state"] == "never published"
    line = next(line for line in run("status").stdout.splitlines() if "gold.recommendations " in line)
    assert line.split() == ["gold.recommendations", "fresh", "2026-03-02", "1", "d", "1"]
    assert "gold.recommendations: made by model version 4" in run("status").stdout.splitlines()


def test_a_day_that_is_being_delivered_is_not_awaited_yet_and_one_that_was_is(run: Run) -> None:
    deliver_events(Settings(), THREE, "tt0000001")
    assert state(run, "silver.titles")["state"] == "fresh"

    found = CliRunner().invoke(app, ["status", "--json"], env={"REELHOUSE_TODAY": "2026-03-04"})

    titles = next(one for one in json.loads(found.stdout) if one["table"] == "silver.titles")
    assert (titles["state"], titles["why"]) == ("behind", "night 2026-03-03 is there")


def test_a_refused_night_is_stale_until_it_is_published(run: Run, tmp_path: Path) -> None:
    refuse("gold.recommendations", TWO, datetime(2026, 3, 3, tzinfo=UTC))
    assert state(run, "gold.recommendations")["state"] == "fresh", "published since"

    refuse("gold.recommendations", THREE, datetime(2100, 1, 1, tzinfo=UTC))
    refuse(bronze.IMDB_NAME_BASICS.name, THREE, datetime(2100, 1, 1, tzinfo=UTC))

    for table in ("gold.recommendations", "bronze.imdb_name_basics"):
        told = state(run, table)
        assert (told["state"], told["why"]) == ("stale", "refused for night 2026-03-03 because coverage is low")
    publish(tmp_path, gold.RECOMMENDATIONS, night=THREE, accepted={"by": "ada", "reason": "so", "limits": {}})
    assert state(run, "gold.recommendations")["state"] == "stale", "the refusal is the later one"


def test_says_what_a_person_decided(run: Run, tmp_path: Path) -> None:
    publish(
        tmp_path, silver.TITLES, night=TWO, accepted={"by": "ada", "reason": "so", "limits": {"shrinking": "found 1"}}
    )
    run("rollback", "gold.recommendations", "--to", "2026-03-01", "--reason", "all the same", "--by", "ada")

    assert state(run, "silver.titles")["why"] == "accepted by ada: so"
    lists = state(run, "gold.recommendations")
    assert (lists["state"], lists["night"]) == ("rolled back", "2026-03-01")
    assert lists["why"] == "from night 2026-03-02 by ada: all the same"
    lines = run("status").stdout.splitlines()
    assert "gold.recommendations: rolled back, from night 2026-03-02 by ada: all the same" in lines


def test_a_table_made_from_other_versions_than_are_served_is_outdated(run: Run, tmp_path: Path) -> None:
    made_from = {"silver.titles": 1, "gold.recommendations": 2}
    publish(tmp_path, gold.TITLE_FACTS, night=TWO, inputs=made_from | {"silver.preferences": None})
    publish(tmp_path, gold.RECOMMENDATION_HISTORY, night=TWO, inputs={"gold.recommendations": 2})
    assert state(run, "gold.title_facts")["state"] == "fresh"

    run("rollback", "gold.recommendations", "--to", "2026-03-01", "--reason", "all the same")

    facts = state(run, "gold.title_facts")
    assert (facts["state"], facts["why"]) == ("outdated", "made from version 2 of gold.recommendations, 3 is served")
    assert "gold.title_facts: outdated, made from version 2" in run("status").stdout
    assert state(run, "gold.recommendation_history")["state"] == "fresh", "it keeps what the night made"
    publish(tmp_path, silver.PREFERENCES, night=TWO)
    assert state(run, "gold.title_facts")["why"].startswith(
        "made without silver.preferences, which is there now, and from"
    )

    run("rollback", "gold.recommendations", "--to", "2026-03-02", "--reason", "not so")
    assert state(run, "gold.title_facts")["why"] == "made without silver.preferences, which is there now"


def test_a_rollback_does_not_bring_a_refusal_back_that_was_settled(run: Run, tmp_path: Path) -> None:
    refuse("gold.recommendations", THREE, datetime.now(UTC))
    publish(tmp_path, gold.RECOMMENDATIONS, night=THREE, accepted={"by": "ada", "reason": "so", "limits": {}})
    assert run("rollback", "gold.recommendations", "--to", "2026-03-02", "--reason", "not so").exit_code == 0

    assert state(run, "gold.recommendations")["state"] == "rolled back"
    again = run("accept", "gold.recommendations", "--night", "2026-03-03", "--reason", "so")
    assert "was published for 2026-03-03 since it was refused" in again.stderr


def test_a_long_reason_stands_in_a_line_of_its_own_and_tables_stay_readable_at_80_columns(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    refuse("gold.recommendation_change_causes", THREE, datetime(2100, 1, 1, tzinfo=UTC))

    lines = run("status").stdout.splitlines()

    assert "gold.recommendation_change_causes: refused for night 2026-03-03 because coverage is low" in lines
    (row,) = [line for line in lines if line.strip().startswith("gold.recommendation_change_causes ")]
    assert row.split() == ["gold.recommendation_change_causes", "stale"]
    assert lines[-1].startswith('next: reelhouse sql "SELECT table_name, night, problems')


def test_checks_whether_everything_is_fresh(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("status").exit_code == 0
    assert run("status", "--check").exit_code == 1
    monkeypatch.setattr("jobs.answers.status.NODES", [silver.TITLES])
    assert run("status", "--check").exit_code == 0
