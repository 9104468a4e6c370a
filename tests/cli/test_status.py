"""``reelhouse status``: how tables stand. Without Spark."""

import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from typer.testing import CliRunner

from jobs.answers.standing import Status, reasons_of
from jobs.cli.app import app
from jobs.lakehouse import ledger
from jobs.lakehouse.commit import open_or_create
from jobs.lakehouse.ledger import Part
from jobs.lakehouse.refusals import Refusal, add
from jobs.landing.deliveries import content_hash
from jobs.landing.feedback import FILE
from jobs.landing.hashes import Hashes
from jobs.sample_world.parameters import EVENT_LOG
from jobs.settings import Settings
from jobs.tables import Table, bronze, gold, silver
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

    assert lists.pop("bytes") > 1000
    assert lists == {
        "table": "gold.recommendations", "state": "fresh", "why": "", "night": "2026-03-02", "instead_of": None, "rows": 1,
        "set_aside": 0, "parked": 0, "age_days": 1, "promised_days": 1, "seconds": 0.0, "serves": "model version 4",
        "warnings": [], "volume": "", "run": "test", "waits_for": [],
    }  # fmt: skip
    people = state(run, "silver.people")
    assert (people["state"], people["why"], people["age_days"]) == ("behind", "night 2026-03-02 is not done", 2)
    assert state(run, "silver.credits")["state"] == "never published"
    line = next(line for line in run("status").stdout.splitlines() if "gold.recommendations " in line)
    assert line.split()[:-1] == ["gold.recommendations", "fresh", "2026-03-02", "1", "d", "of", "1", "1"]
    assert "gold.recommendations: made by model version 4" in run("status").stdout.splitlines()


def test_a_day_that_is_being_delivered_is_not_awaited_yet_and_one_that_was_is(run: Run) -> None:
    deliver_events(Settings(), THREE, "tt0000001")
    assert state(run, "silver.titles")["state"] == "fresh"

    found = CliRunner().invoke(app, ["status", "--json"], env={"REELHOUSE_TODAY": "2026-03-04"})

    titles = next(one for one in json.loads(found.stdout) if one["table"] == "silver.titles")
    assert (titles["state"], titles["why"]) == ("behind", "night 2026-03-03 is not done")


def test_a_refused_night_is_stale_until_it_is_published(run: Run, tmp_path: Path) -> None:
    refuse("gold.recommendations", TWO, datetime(2026, 3, 3, tzinfo=UTC))
    assert state(run, "gold.recommendations")["state"] == "fresh", "published since"

    refuse("gold.recommendations", THREE, datetime(2100, 1, 1, tzinfo=UTC))
    refuse(bronze.IMDB_TITLE_RATINGS.name, THREE, datetime(2100, 1, 1, tzinfo=UTC))
    deliver(tmp_path, THREE, "tconst")

    for table in ("gold.recommendations", "bronze.imdb_title_ratings"):
        told = state(run, table)
        assert (told["state"], told["why"]) == ("stale", "night 2026-03-03 was refused: coverage is low")
        assert told["instead_of"] == "2026-03-03"
    publish(tmp_path, gold.RECOMMENDATIONS, night=THREE, accepted={"by": "ada", "reason": "so", "limits": {}})
    assert state(run, "gold.recommendations")["state"] == "stale", "the refusal is the later one"


def test_says_what_a_person_decided(run: Run, tmp_path: Path) -> None:
    publish(tmp_path, silver.TITLES, night=TWO, accepted={"by": "ada", "reason": "so", "limits": {"rows": "found 1"}})
    run("rollback", "gold.recommendations", "--to", "2026-03-01", "--reason", "all the same", "--by", "ada")

    assert state(run, "silver.titles")["why"] == "accepted by ada: so"
    lists = state(run, "gold.recommendations")
    assert (lists["state"], lists["night"]) == ("rolled back", "2026-03-01")
    assert lists["why"] == "night 2026-03-02 was rolled back by ada: all the same"
    lines = run("status").stdout.splitlines()
    assert "gold.recommendations: rolled back, night 2026-03-02 was rolled back by ada: all the same" in lines


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

    assert "gold.recommendation_change_causes: stale, night 2026-03-03 was refused: coverage is low" in lines
    (row,) = [line for line in lines if line.strip().startswith("gold.recommendation_change_causes ")]
    assert row.split() == ["gold.recommendation_change_causes", "stale"]
    assert lines[-1].startswith('next: reelhouse sql "SELECT table_name, night, problems')


def test_checks_whether_everything_is_fresh(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("status").exit_code == 0
    assert run("status", "--check").exit_code == 1
    monkeypatch.setattr("jobs.answers.status.NODES", [silver.TITLES])
    assert run("status", "--check").exit_code == 0


def test_a_table_is_late_that_is_older_than_is_promised_where_nothing_later_is_there(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert state(run, "silver.titles")["state"] == "fresh", "in the morning it carries the night before"

    monkeypatch.setenv("REELHOUSE_TODAY", "2026-03-05")

    titles, people = state(run, "silver.titles"), state(run, "silver.people")
    assert (titles["state"], titles["age_days"], titles["promised_days"]) == ("late", 3, 1)
    assert titles["why"] == "carries 2026-03-02, 3 days ago, and no later night is there; promised within 1 day"
    assert people["state"] == "behind", "a later night is there: it can be run"
    assert "; promised within 1 day" in run("status").stdout
    assert run("status").stdout.splitlines()[-1] == "next: reelhouse night"
    refuse("silver.titles", THREE, datetime(2100, 1, 1, tzinfo=UTC))
    assert state(run, "silver.titles")["state"] == "stale"


def test_a_sample_world_s_days_end_with_its_last_one(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "landing" / "interactions" / str(TWO) / EVENT_LOG
    log.parent.mkdir(parents=True)
    log.write_text("")

    monkeypatch.setenv("REELHOUSE_TODAY", "2026-12-24")

    titles = state(run, "silver.titles")
    assert (titles["state"], titles["age_days"]) == ("fresh", 1)

    # What people say meanwhile waits for the world's next day: nobody has missed its night.
    said = log.parents[1] / str(THREE) / FILE
    said.parent.mkdir()
    said.write_text("{}\n")
    assert state(run, "silver.titles")["state"] == "fresh"
    assert str(THREE) not in run("status").stdout


def deliver(home: Path, day: date, content: str) -> Path:
    """One IMDb file of a day, as it was read by an ingest."""
    file = home / "landing" / "imdb" / str(day) / "title.ratings.tsv"
    file.parent.mkdir(parents=True)
    file.write_text(content)
    return file


def ratings(home: Path, file: Path) -> None:
    """Publish a delivery of ratings, and remember its hash, as an ingest does."""
    hashes = Hashes(home / "landing" / "imdb")
    content = content_hash([hashes.of(file)])
    hashes.save()
    night = date.fromisoformat(file.parent.name)
    publish(home, bronze.IMDB_TITLE_RATINGS, night=night, deliveries={str(night): content})


def test_what_was_refused_and_came_again_like_the_last_good_delivery_is_fresh(run: Run, tmp_path: Path) -> None:
    name = "bronze.imdb_title_ratings"
    ratings(tmp_path, deliver(tmp_path, ONE, "tconst"))
    again = deliver(tmp_path, TWO, "tconst")
    refuse(name, TWO, datetime(2100, 1, 1, tzinfo=UTC))
    assert state(run, name)["state"] == "stale"

    hashes = Hashes(tmp_path / "landing" / "imdb")
    hashes.of(again)
    hashes.save()

    assert state(run, name)["state"] == "fresh", "what was refused is not what lies there now"
    refuse(name, THREE, datetime(2100, 1, 2, tzinfo=UTC))
    other = deliver(tmp_path, THREE, "other")
    assert state(run, name)["state"] == "stale", "that is another day"
    other.unlink()
    assert state(run, name)["state"] == "fresh", "it was taken away: the nights go on with what is held"


def test_a_later_dump_takes_the_place_of_one_that_was_refused_and_a_later_log_does_not(
    run: Run, tmp_path: Path
) -> None:
    ratings(tmp_path, deliver(tmp_path, ONE, "tconst"))
    deliver(tmp_path, TWO, "cut")
    publish(tmp_path, bronze.INTERACTIONS, night=ONE, deliveries={str(ONE): "x"})
    for day in (TWO, THREE):
        deliver_events(Settings(), day, "tt0000001")
    for table in (bronze.IMDB_TITLE_RATINGS, bronze.INTERACTIONS):
        refuse(table.name, TWO, datetime(2100, 1, 1, tzinfo=UTC))
        assert state(run, table.name)["state"] == "stale"

    ratings(tmp_path, deliver(tmp_path, THREE, "whole"))
    publish(tmp_path, bronze.INTERACTIONS, night=THREE, deliveries={str(ONE): "x", str(THREE): "y"})

    assert state(run, bronze.IMDB_TITLE_RATINGS.name)["state"] == "fresh"
    assert state(run, bronze.INTERACTIONS.name)["state"] == "stale"


def test_a_source_s_table_says_when_it_was_last_delivered_and_whether_that_is_in_the_lake(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [one["table"] for one in json.loads(run("status", "--json").stdout)]
    assert not [table for table in found if table.startswith("bronze.")], "nothing was ever delivered"
    ratings(tmp_path, deliver(tmp_path, ONE, "tconst"))
    name = "bronze.imdb_title_ratings"
    assert [state(run, name)[key] for key in ("state", "night", "age_days", "promised_days")] == [
        "fresh",
        "2026-03-01",
        2,
        7,
    ]

    same = deliver(tmp_path, TWO, "tconst")
    told = state(run, name)
    assert (told["state"], told["night"]) == ("behind", "2026-03-01")
    assert told["why"] == "the delivery of 2026-03-02 was not ingested"
    hashes = Hashes(tmp_path / "landing" / "imdb")
    hashes.of(same)
    hashes.save()
    told = state(run, name)
    assert (told["state"], told["night"], told["age_days"]) == ("fresh", "2026-03-02", 1), "the same, byte for byte"

    monkeypatch.setenv("REELHOUSE_TODAY", "2026-03-09")
    assert state(run, name)["state"] == "fresh"
    monkeypatch.setenv("REELHOUSE_TODAY", "2026-03-10")
    told = state(run, name)
    assert (told["state"], told["why"]) == ("late", "last delivered for 2026-03-02, 8 days ago; promised within 7 days")
    same.write_text("other")
    monkeypatch.setenv("REELHOUSE_TODAY", "2026-03-04")
    assert state(run, name)["state"] == "behind", "its content is another than the last one's"


def test_of_a_log_every_delivery_counts_and_what_promises_nothing_is_never_late(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in (ONE, TWO):
        deliver_events(Settings(), day, "tt0000001")
    name = "bronze.interactions"
    assert (state(run, name)["state"], state(run, name)["why"]) == (
        "never published",
        "the deliveries of 2 days, the last 2026-03-02, were not ingested",
    )
    publish(tmp_path, bronze.INTERACTIONS, night=TWO, deliveries={str(TWO): "x"})
    publish(tmp_path, bronze.MOVIELENS_MOVIES, night=ONE, deliveries={str(ONE): "x"})

    assert state(run, name)["why"] == "the delivery of 2026-03-01 was not ingested"

    monkeypatch.setenv("REELHOUSE_TODAY", "2027-03-03")
    movies = state(run, "bronze.movielens_movies")
    assert (movies["state"], movies["promised_days"], movies["age_days"]) == ("fresh", None, 367)


def test_the_first_line_says_whether_the_night_is_complete_and_if_not_the_worst_reason(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.answers.status.NODES", [silver.TITLES, gold.RECOMMENDATIONS, gold.TITLE_FACTS])
    monkeypatch.setattr("jobs.answers.standing.NODES", [silver.TITLES, gold.RECOMMENDATIONS, gold.TITLE_FACTS])
    publish(tmp_path, gold.TITLE_FACTS, night=TWO)
    assert run("status").stdout.splitlines()[0] == "night 2026-03-02 is complete: all 3 tables fresh"

    refuse("gold.recommendations", THREE, datetime(2100, 1, 1, tzinfo=UTC))
    lines = run("status").stdout.splitlines()
    assert lines[:2] == [
        "night 2026-03-02: 2 of 3 tables fresh; gold.recommendations serves 2026-03-02 because night 2026-03-03 was refused: "
        "coverage is low",
        "gold.recommendations: stale, night 2026-03-03 was refused: coverage is low",
    ]
    rows = [line.split()[0] for line in lines if line.startswith(" ") and "2026" in line]
    assert rows[0] == "gold.recommendations", "what is broken comes first"


def test_tables_that_wait_name_what_has_to_be_mended_first(run: Run, tmp_path: Path) -> None:
    publish(tmp_path, silver.TITLE_PROFILES, night=THREE)
    refuse("silver.titles", THREE, datetime(2100, 1, 1, tzinfo=UTC))
    refuse("bronze.interactions", TWO, datetime(2100, 1, 1, tzinfo=UTC))
    deliver_events(Settings(), TWO, "tt0000001")

    facts, people = state(run, "gold.title_facts"), state(run, "silver.people")
    assert state(run, "silver.interactions")["waits_for"][0] == "bronze.interactions", (
        "no night goes on without a delivery"
    )

    assert facts["waits_for"][:1] == ["silver.titles"]
    assert people["waits_for"] == [], "it is made from no table that is refused"
    assert "waits for silver.titles" in run("status").stdout


def test_shows_counts_seconds_size_and_what_was_unusual_of_the_last_publication(run: Run, tmp_path: Path) -> None:
    unusual = {"rows": {"promise": "rows as usual", "found": 3, "state": "unusual", "said": "rows 3, usually 9 to 12"}}
    kept = {"least": {"promise": "x", "found": 1, "state": "holds"}}
    parts = {"": Part(published=0, broken=2, parked=7, by_reason={"a": 2, "b": 2})}
    row = {"title_id": "tt0000001"}
    publish(tmp_path, silver.TITLES, row, night=TWO, parts=parts, parked=7, seconds=1.25, limits=unusual | kept)

    told = state(run, "silver.titles")

    assert [told[key] for key in ("set_aside", "parked", "seconds", "warnings")] == [
        2,
        7,
        1.2,
        ["rows 3, usually 9 to 12"],
    ]
    files = (tmp_path / "lake" / "silver" / "titles").glob("*.parquet")
    assert told["bytes"] in {file.stat().st_size for file in files}
    lines = run("status").stdout.splitlines()
    assert "silver.titles: unusual, rows 3, usually 9 to 12" in lines
    (line,) = [line for line in lines if line.startswith(" silver.titles ")]
    assert line.split()[-4:] == ["2", "7", "1.2", "0.0"]


@pytest.mark.parametrize(("columns", "last"), [("80", "age"), ("100", "set aside"), ("160", "MB")])
def test_the_least_important_columns_are_left_out_where_the_screen_is_narrow(
    run: Run, monkeypatch: pytest.MonkeyPatch, columns: str, last: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    lines = run("status").stdout.splitlines()

    (headings,) = [line for line in lines if line.strip().startswith("table ")]
    assert headings.rstrip().endswith(last)
    assert max(len(line) for line in lines if line.startswith(" ")) <= int(columns)


def test_each_ledger_is_read_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    open_table = ledger.open_table

    def count(root: str, table: Table) -> DeltaTable | None:
        opened.append(table.name)
        return open_table(root, table)

    monkeypatch.setattr(ledger, "open_table", count)

    assert run("status").exit_code == 0
    assert {table: times for table, times in Counter(opened).items() if times > 1} == {}
    assert "gold.recommendations" in opened


@pytest.mark.parametrize(
    ("waits_for", "why"), [("a", "waits for a"), ("ab", "waits for a and b"), ("abc", "waits for a, b and c")]
)
def test_what_is_waited_for_is_listed_as_people_list_things(waits_for: str, why: str) -> None:
    (reason,) = reasons_of([Status("gold.title_facts", "behind", waits_for=tuple(waits_for))])

    assert reason.why == why
