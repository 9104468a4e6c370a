"""``reelhouse reset``: shows, asks, does, and says what comes next."""

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jobs.cli.app import app
from jobs.lakehouse import ledger
from jobs.settings import Settings
from jobs.tables import gold, silver
from tests.cli.small_lake import Run, publish, refused
from tests.runs.test_night import deliver_events

ONE, TWO = date(2026, 3, 1), date(2026, 3, 2)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on a home with two nights of titles and of lists."""
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    for night in (ONE, TWO):
        deliver_events(Settings(home=tmp_path), night, "tt0000001")
        for table in (silver.TITLES, gold.RECOMMENDATIONS):
            publish(tmp_path, table, night=night, publication=f"of {night}")
    return lambda *arguments, keyboard="": CliRunner().invoke(app, arguments, input=keyboard)


def carried_night() -> date:
    entry = ledger.latest(Settings().lake, silver.TITLES)
    assert entry is not None
    return entry.night


def test_goes_back_and_names_what_is_behind_and_the_next_command(run: Run) -> None:
    result = run("reset", "silver.titles", "--to", "2026-03-01", "--yes")

    assert result.exit_code == 0, result.output
    assert "to undo  silver.titles  goes back from night 2026-03-02 (version 2) to version 1" in result.output
    assert "now in force  silver.titles  version 3  carries night 2026-03-01" in result.output
    assert "made from it, still of later nights: gold.recommendations" in result.output
    assert "to take them back too: reelhouse reset silver.titles --to 2026-03-01 --downstream" in result.output
    assert "next: reelhouse night --night 2026-03-02" in result.output
    assert carried_night() == ONE
    shown = run("history", "silver.titles").output
    assert "2026-03-02 (undone)" in shown
    assert "version 1 was published by test" in shown

    again = run("reset", "silver.titles", "--to", "2026-03-01", "--downstream", "--yes")

    assert "now in force  gold.recommendations  version 3" in again.output
    last = run("reset", "silver.titles", "--to", "2026-03-01")
    assert (last.exit_code, last.output) == (
        0,
        "nothing to undo: silver.titles holds nothing of a night after 2026-03-01\n",
    )


def test_without_a_terminal_it_wants_a_yes(run: Run) -> None:
    result = run("reset", "silver.titles", "--to", "2026-03-01")

    assert result.exit_code == 1
    assert "`reelhouse reset silver.titles --to 2026-03-01 --yes` does it" in result.stderr
    assert result.stdout.startswith("to undo  silver.titles")
    assert carried_night() == TWO


@pytest.mark.parametrize(("answer", "status", "night"), [("n", 1, TWO), ("y", 0, ONE)])
def test_on_a_terminal_it_asks(
    run: Run, monkeypatch: pytest.MonkeyPatch, answer: str, status: int, night: date
) -> None:
    monkeypatch.setattr("jobs.cli.resets._is_terminal", lambda: True)

    result = run("reset", "silver.titles", "--to", "2026-03-01", keyboard=answer)

    assert "Undo this? [y/N]" in result.stdout
    assert result.exit_code == status, result.output
    assert carried_night() == night


def test_a_night_before_the_first_is_refused_in_one_line(run: Run) -> None:
    assert "its first publication is of night 2026-03-01" in refused(
        run("reset", "silver.titles", "--to", "2026-02-01", "--yes")
    )
    assert carried_night() == TWO
