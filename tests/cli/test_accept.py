"""``reelhouse accept``: what it refuses, in one line, without Spark. What it lets through: tests/runs/test_night.py."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jobs.cli.app import app
from jobs.lakehouse.commit import open_or_create
from jobs.lakehouse.refusals import Refusal, add
from jobs.settings import Settings
from jobs.tables import bronze, silver
from jobs.tables.ops import REFUSALS
from tests.cli.small_lake import NIGHT, Run, publish, refused


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on a home where titles broke a promise, and people a limit that was settled since."""
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    publish(tmp_path, silver.PEOPLE, deliveries={})
    root, at = Settings(home=tmp_path).lake, datetime(2026, 3, 2, 2, tzinfo=UTC)
    told = [
        Refusal(table.name, NIGHT, ["it broke"], limits, "a page", "test", "0.1", "p", at)
        for table, limits in ((silver.TITLES, []), (silver.PEOPLE, ["rows"]), (bronze.IMDB_NAME_BASICS, []))
    ]
    add(open_or_create(root, REFUSALS), told)
    return lambda *arguments: CliRunner().invoke(app, arguments)


@pytest.mark.parametrize(
    ("job", "night", "reason", "line"),
    [
        ("silver.titles", "2026-03-01", "so", "silver.titles breaks promises for 2026-03-01 that nobody can overrule: it broke"),
        ("bronze.imdb", "2026-03-01", "so", "bronze.imdb_name_basics breaks promises"),
        ("silver.titles", "2026-03-02", "so", "nothing of silver.titles was refused for 2026-03-02; refused were 2026-03-01"),
        ("silver.credits", "2026-03-01", "so", "nothing of silver.credits was refused for 2026-03-01\n"),
        ("silver.people", "2026-03-01", "so", "silver.people was published for 2026-03-01 since it was refused"),
        ("silver.titles", "2026-03-01", " ", "give one with --reason"),
    ],
)  # fmt: skip
def test_says_in_one_line_why_nothing_is_accepted(run: Run, job: str, night: str, reason: str, line: str) -> None:
    assert line in refused(run("accept", job, "--night", night, "--reason", reason))
