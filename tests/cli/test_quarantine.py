"""``reelhouse quarantine``: what was set aside, why, and where it stands. Without Spark."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from jobs.cli.app import app
from jobs.lakehouse.commit import open_or_create
from jobs.tables.ops import QUARANTINE
from tests.cli.small_lake import HOSTILE, Run
from tests.programs import run_python

ONE, TWO = date(2026, 3, 1), date(2026, 3, 2)
RATINGS, EVENTS = "bronze.imdb_title_ratings", "silver.interactions"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *arguments: CliRunner().invoke(app, arguments)


def aside(
    table: str, night: date, reasons: list[str], record: str, state: str = "set_aside", **more: Any
) -> dict[str, Any]:
    return {"table_name": table, "night": night, "reasons": reasons, "record": record, "state": state} | {
        "file": None, "line": None, "part": str(night), "publication": "p",
    } | more  # fmt: skip


def put(home: Path, *rows: dict[str, Any], without_lines: bool = False) -> None:
    """Rows in quarantine."""
    kinds = {"night": pa.date32(), "reasons": pa.list_(pa.string()), "line": pa.int64()}
    names = [name for name in QUARANTINE.column_names if not (without_lines and name == "line")]
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    held = pa.Table.from_pylist([{name: row[name] for name in names} for row in rows], schema)
    if without_lines:
        write_deltalake(f"{home}/lake/{QUARANTINE.path}", held, partition_by=["table_name"])
        write_deltalake(f"{home}/lake/{QUARANTINE.path}", held, mode="overwrite")
    else:
        write_deltalake(open_or_create(f"{home}/lake", QUARANTINE), held, mode="append")


def put_some(home: Path) -> None:
    cut = {"file": "title.ratings.tsv.gz"}
    put(
        home,
        aside(RATINGS, ONE, ["line:field_count"], HOSTILE, **cut, line=9),
        aside(RATINGS, TWO, ["averageRating:match_regex", "numVotes:match_regex"], "tt1\tx\ty", **cut, line=7),
        aside(RATINGS, TWO, ["averageRating:match_regex"], "tt2\tx\t1", **cut, line=5),
        aside(EVENTS, TWO, ["parked:title_id"], '{"title_id":"tmdb:9"}', "parked", part="2026-03-01"),
    )


def test_nothing_set_aside_is_said_in_a_sentence_of_its_own(run: Run) -> None:
    found = run("quarantine")

    assert found.exit_code == 0, found.output
    assert found.stdout.splitlines() == [
        "nothing is set aside: every row that was ever offered and counts today is published",
        "next: reelhouse status",
    ]


def test_shows_counts_by_reason_with_what_each_promises_and_where_examples_stand(run: Run, tmp_path: Path) -> None:
    put_some(tmp_path)

    found = run("quarantine", RATINGS)

    assert found.exit_code == 0, found.output
    assert [line.strip() for line in found.stdout.splitlines()] == [
        RATINGS,
        "2  set aside  averageRating:match_regex  2026-03-02",
        r"averageRating matches ^(\d|10)(\.\d+)?$",
        "2026-03-02/title.ratings.tsv.gz:5  tt2␉x␉1",
        "2026-03-02/title.ratings.tsv.gz:7  tt1␉x␉y",
        "1  set aside  line:field_count  2026-03-01",
        "a line has as many fields as there are columns",
        "2026-03-01/title.ratings.tsv.gz:9  [red]x[/red]␛[31m",
        "1  set aside  numVotes:match_regex  2026-03-02",
        r"numVotes matches ^\d{1,9}$",
        "2026-03-02/title.ratings.tsv.gz:7  tt1␉x␉y",
        "3 rows in quarantine",
        f"next: reelhouse replay {RATINGS} --dry-run",
    ]


def test_what_waits_is_no_fault_and_all_tables_show_an_example_each(run: Run, tmp_path: Path) -> None:
    put_some(tmp_path)

    found = run("quarantine")

    lines = [line.strip() for line in found.stdout.splitlines()]
    at = lines.index(EVENTS)
    assert lines[at + 1] == "1  parked  parked:title_id  2026-03-02"
    assert lines[at + 2].endswith("; a row that is not waits and is offered again every night")
    assert sum(line.startswith("2026-03-0") for line in lines) == 3
    assert lines[-2:] == ["4 rows in quarantine", f"next: reelhouse quarantine {RATINGS}"]


def test_asks_for_a_night_a_reason_or_a_column_as_json_too(run: Run, tmp_path: Path) -> None:
    put_some(tmp_path)

    def codes(*arguments: str) -> list[tuple[str, int, int]]:
        found = run("quarantine", *arguments, "--json")
        assert found.exit_code == 0, found.output
        return [(one["reason"], one["rows"], len(one["examples"])) for one in json.loads(found.stdout)]

    assert codes("bronze.imdb", "--night", "2026-03-01") == [("line:field_count", 1, 1)]
    assert codes("--reason", "averageRating") == [("averageRating:match_regex", 2, 1)]
    assert codes("--reason", "numVotes:match_regex", "--limit", "0") == [("numVotes:match_regex", 1, 0)]
    assert (
        "nothing of bronze.tmdb is set aside; there are rows of others, of 2026-03-01 to 2026-03-02"
        in run("quarantine", "bronze.tmdb").stdout
    )


def test_a_lake_that_set_nothing_aside_since_lines_are_known_is_shown_without_them(run: Run, tmp_path: Path) -> None:
    put(tmp_path, aside(RATINGS, ONE, ["line:field_count"], "cut", file="a.tsv"), without_lines=True)

    assert "2026-03-01/a.tsv  cut" in run("quarantine").stdout


def test_needs_no_spark(tmp_path: Path) -> None:
    put_some(tmp_path)
    program = (
        "import sys; from typer.testing import CliRunner; from jobs.cli.app import app;"
        "assert CliRunner().invoke(app, ['quarantine']).exit_code == 0; print('jobs.lakehouse.spark' in sys.modules)"
    )

    assert run_python(program, tmp_path).stdout == "False\n"
