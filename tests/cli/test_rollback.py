"""``reelhouse rollback``: a kept night serves again at once, holds, says so, and can be undone. Without Spark."""

from datetime import date
from pathlib import Path

import pytest
from deltalake import DeltaTable
from typer.testing import CliRunner

from jobs.cli.app import app
from jobs.lakehouse import ledger, quarantine, undoing
from jobs.lakehouse.ledger import Entry
from jobs.runs import resets
from jobs.runs.decisions import decide
from jobs.settings import Settings
from jobs.tables import gold
from tests.cli.small_lake import Run, listed, publish, refused
from tests.runs.test_night import deliver_events

ONE, TWO, THREE, FOUR = (date(2026, 3, day) for day in range(1, 5))
LISTS = gold.RECOMMENDATIONS


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on a home where three nights of lists were published, and the last is to be taken back."""
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    for night in (ONE, TWO, THREE):
        deliver_events(Settings(home=tmp_path), night, "tt0000001")
        rows = [{**listed("u1", 1, f"of {night}"), "night": night}]
        publish(tmp_path, LISTS, *rows, night=night, publication=f"of {night}")
        publish(tmp_path, gold.RECOMMENDATION_HISTORY, *rows, night=night)
    return lambda *arguments: CliRunner().invoke(app, arguments)


def back(run: Run, night: date, reason: str = "all the same") -> str:
    result = run("rollback", LISTS.name, "--to", str(night), "--reason", reason, "--by", "ada")
    assert result.exit_code == 0, result.output
    return result.output


def served() -> list[str]:
    return list(DeltaTable(f"{Settings().lake}/{LISTS.path}").to_pyarrow_table()["title_id"].to_pylist())


def in_force() -> Entry:
    entry = ledger.latest(Settings().lake, LISTS)
    assert entry is not None
    return entry


def test_serves_a_kept_night_in_one_commit_and_says_who_why_and_what_undoes_it(run: Run) -> None:
    version = DeltaTable(f"{Settings().lake}/{LISTS.path}").version()

    said = back(run, TWO)

    assert DeltaTable(f"{Settings().lake}/{LISTS.path}").version() == version + 1
    assert served() == ["of 2026-03-02"]
    assert "now in force  gold.recommendations  night 2026-03-02 instead of 2026-03-03, 1 rows" in said
    assert "to undo it: reelhouse rollback gold.recommendations --to 2026-03-03 --reason TEXT" in said
    told = in_force().rollback
    assert told is not None
    assert (told.by, told.reason, told.since, told.to, told.holds) == ("ada", "all the same", THREE, TWO, THREE)
    shown = run("history", LISTS.name).output
    assert "2026-03-03 (undone)" in shown
    assert "rolled back from night 2026-03-03 to 2026-03-02" in shown
    assert "by ada: all the same" in shown


def test_the_nights_that_were_taken_back_are_not_served_by_being_run_again(run: Run) -> None:
    back(run, TWO)
    back(run, ONE)

    for job in (LISTS.name, gold.RECOMMENDATION_HISTORY.name):
        for night in (ONE, THREE):
            (outcome,) = decide(Settings(), job, night).idle
            assert outcome.state == "kept"
            assert outcome.note == (
                "gold.recommendations was rolled back to night 2026-03-01 by ada (all the same): nights up to 2026-03-03 are "
                "not served, a later one is; to make them anew, run `reelhouse reset gold.recommendations --to 2026-03-01` first"
            )
    deliver_events(Settings(), FOUR, "tt0000001")
    assert not decide(Settings(), LISTS.name, FOUR).idle


def test_going_forward_to_the_newest_night_undoes_it(run: Run) -> None:
    back(run, ONE)
    back(run, TWO)
    assert in_force().held_against(THREE)

    back(run, THREE)

    assert served() == ["of 2026-03-03"]
    assert not in_force().held_against(THREE)


def test_a_reset_ends_it_so_that_the_nights_can_be_made_anew(run: Run) -> None:
    back(run, TWO)

    result = run("reset", LISTS.name, "--to", "2026-03-02", "--yes")

    assert "ends its rollback: nights after it can be made again" in result.output
    assert "next: reelhouse night --night 2026-03-03" in result.output
    assert served() == ["of 2026-03-02"]
    assert not decide(Settings(), LISTS.name, THREE).idle
    assert run("reset", LISTS.name, "--to", "2026-03-02", "--yes").output.startswith("nothing to undo")


@pytest.mark.parametrize(
    ("table", "night", "line"),
    [
        (LISTS.name, "2026-02-01", "to night 2026-02-01: nothing was published for it; there are 2026-03-01, 2026-03-02"),
        (LISTS.name, "2026-03-03", "it serves night 2026-03-03 already, as version 3"),
        ("gold.popular_titles", "2026-03-01", "it was never published"),
        ("silver.titles", "2026-03-01", "`reelhouse reset silver.titles --to 2026-03-01` takes it back"),
        ("bronze.imdb_title_basics", "2026-03-01", "`reelhouse reset bronze.imdb --to 2026-03-01` takes it back"),
        ("ops.refusals", "2026-03-01", "it tells what happened, which nothing takes back; name a table of gold"),
        (gold.RECOMMENDATION_HISTORY.name, "2026-03-01", "it is not served but read by jobs"),
    ],
)  # fmt: skip
def test_says_in_one_line_why_it_does_not(run: Run, table: str, night: str, line: str) -> None:
    assert line in refused(run("rollback", table, "--to", night, "--reason", "so"))
    assert served() == ["of 2026-03-03"]


def test_wants_a_reason(run: Run) -> None:
    assert "give one with --reason" in refused(run("rollback", LISTS.name, "--to", "2026-03-02", "--reason", " "))


def test_a_night_whose_files_are_gone_is_named_with_those_there_are(run: Run) -> None:
    lists = DeltaTable(f"{Settings().lake}/{LISTS.path}")
    lists.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)

    line = refused(run("rollback", LISTS.name, "--to", "2026-03-02", "--reason", "so"))

    assert "its files were deleted (vacuumed) since; there are no other nights" in line
    assert served() == ["of 2026-03-03"]


@pytest.mark.parametrize(("step", "left"), [("_restore", THREE), ("bring_back", TWO)])
def test_whoever_dies_in_between_leaves_one_night_or_the_other(
    run: Run, monkeypatch: pytest.MonkeyPatch, step: str, left: date
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(undoing if step == "_restore" else quarantine, step, die)
        with pytest.raises(KeyboardInterrupt):
            resets.rollback(Settings(), LISTS, TWO, "ada", "so", "test")

    assert served() == [f"of {left}"]
    quarantine.settle(Settings().lake, [LISTS])
    assert (in_force().night, served()) == (left, [f"of {left}"])
    assert bool(in_force().held_against(THREE)) == (left == TWO)
