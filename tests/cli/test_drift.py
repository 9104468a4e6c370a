"""``reelhouse drift``, as an operator sees it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jobs.cli.app import app
from jobs.tables import bronze
from tests.cli.small_lake import EARLIER, HOSTILE, NIGHT, Run, publish
from tests.programs import run_python


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *arguments: CliRunner().invoke(app, arguments)


def put(home: Path) -> None:
    """Two deliveries of one table, the second with a column more; one of another."""
    names = [["userId", ""], ["movieId", ""]]
    then = {"columns": names, "files": ["ratings.csv"]}
    now = {"columns": [*names, [HOSTILE, ""]], "files": ["ratings.csv"]}
    days = {str(EARLIER): "a", str(NIGHT): "b"}
    publish(home, bronze.MOVIELENS_MOVIES, columns={str(EARLIER): then, str(NIGHT): now}, deliveries=days)
    publish(home, bronze.MOVIELENS_LINKS, columns={str(NIGHT): then}, deliveries={str(NIGHT): "b"})
    publish(home, bronze.IMDB_TITLE_CREW, columns={str(EARLIER): then, str(NIGHT): then}, deliveries=days)


def test_shows_what_changed_with_the_edit_and_what_did_not(run: Run, tmp_path: Path) -> None:
    assert run("drift").stdout == "nothing was delivered yet\nnext: reelhouse status\n"
    put(tmp_path)

    shown = run("drift").stdout.splitlines()

    assert shown[0] == f"bronze.movielens_movies  {NIGHT}, beside {EARLIER}"
    assert shown[1].startswith("  new     [red]x[/red]") and shown[1].endswith("is new, and kept in extra")  # noqa: PT018
    assert shown[2].startswith("          jobs/tables/bronze.py, MOVIELENS_MOVIES, after genres: **{")
    assert "\x1b" not in "".join(shown)
    assert shown[3:] == [
        "nothing changed: bronze.imdb_title_crew",
        "no delivery before to compare with: bronze.movielens_links",
        "next: reelhouse status",
    ]
    (told,) = [one for one in json.loads(run("drift", "bronze.movielens", "--json").stdout) if one["changes"]]
    assert (told["table"], told["delivery"], told["before"]) == ("bronze.movielens_movies", str(NIGHT), str(EARLIER))
    assert told["changes"][0]["kind"] == "new"


def test_what_is_not_delivered_is_refused(run: Run) -> None:
    said = run("drift", "silver.titles")
    assert said.exit_code == 2
    assert "silver.titles is not delivered" in said.stderr


def test_needs_neither_spark_nor_great_expectations(run: Run, tmp_path: Path) -> None:
    put(tmp_path)
    program = (
        "import sys\nfrom typer.testing import CliRunner\nfrom jobs.cli.app import app\n"
        "assert CliRunner().invoke(app, ['drift']).exit_code == 0\n"
        "print(sorted({'pyspark', 'great_expectations', 'mlflow'} & sys.modules.keys()))"
    )
    assert run_python(program, tmp_path).stdout == "[]\n"


def test_where_one_table_is_asked_for_a_source_is_told_apart_from_what_is_unknown(run: Run) -> None:
    said = run("history", "bronze.movielens")
    assert said.exit_code == 2
    assert "bronze.movielens is a source; name one of its tables: bronze.movielens_movies" in " ".join(
        said.stderr.split()
    )
