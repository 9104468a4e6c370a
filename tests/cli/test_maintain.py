"""``reelhouse maintain``: what would go, what went, that nothing is to do, and tables that were left alone."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from jobs.cli.app import app
from jobs.tables import silver
from tests.cli.small_lake import EARLIER, NIGHT, publish, refused
from tests.lakehouse.aging import age


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two nights of a table, both older than files are kept, and a third."""
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    for night in (EARLIER, NIGHT):
        publish(tmp_path, silver.TITLES, {"title_id": str(night)}, night=night)
        age(tmp_path, 40)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["maintain", *arguments])


def test_it_says_what_would_go_then_what_went_then_that_nothing_is_to_do(home: Path) -> None:
    planned, told = run("--dry-run"), json.loads(run("--dry-run", "--json").output)
    done, again = run(), run()

    (row,) = [line.split() for line in planned.output.splitlines() if "silver." in line]
    assert row[:3] == ["silver.titles", "files", "1"]
    assert planned.output.splitlines()[-1].endswith("would go: run it without --dry-run")
    assert told["done"] == [{"name": "silver.titles", "what": "files", "count": 1, "bytes": told["bytes"]}]
    assert told["bytes"] > 0
    assert done.output.splitlines()[-1] == "0.0 MB went"
    assert again.output == "nothing to do: everything that is there is needed\n"
    assert [one.exit_code for one in (planned, done, again)] == [0, 0, 0]
    assert len(list((home / "lake" / "silver" / "titles").glob("*.parquet"))) == 1


def test_what_is_kept_longer_stays(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELHOUSE_KEEPS__FILES_DAYS", "100")

    assert run("--dry-run").output.startswith("nothing to do")
    assert len(list((home / "lake" / "silver" / "titles").glob("*.parquet"))) == 2


def test_while_a_table_cannot_be_read_no_table_is_touched_and_one_line_says_so(home: Path) -> None:
    publish(home, silver.PEOPLE)
    (home / "lake" / "silver" / "people" / "_delta_log" / f"{1:020}.json").write_text("{")

    said = refused(run())

    assert said.startswith("error: not everything was maintained: no table was touched: silver.people cannot be opened")
    assert len(list((home / "lake" / "silver" / "titles").glob("*.parquet"))) == 2
