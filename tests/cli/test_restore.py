"""``reelhouse restore``: which versions of a damaged table are whole, and one of them again in one commit. Without Spark."""

import errno
import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NoReturn

import pytest
from deltalake import DeltaTable
from typer.testing import CliRunner

from jobs.cli.app import app
from jobs.lakehouse import ledger, quarantine
from jobs.runs.decisions import decide
from jobs.settings import Settings
from jobs.tables import Table, bronze, gold, silver
from jobs.tables.ops import QUARANTINE
from tests.cli.small_lake import Run, listed, publish, refused
from tests.lakehouse.damaged import NIGHTS, TABLE, entry, files, flip, published, titles, truncate
from tests.runs.test_night import deliver_events


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(app, arguments)


def shown(run: Run, *arguments: str, table: Table = TABLE) -> dict[int, str]:
    """State by version."""
    result = run("restore", table.name, "--json", *arguments)
    assert result.exit_code == 0, result.output
    return {one["version"]: one["state"] for one in json.loads(result.output)["versions"]}


def in_force(home: Path, table: Table = TABLE) -> ledger.Entry:
    found = ledger.latest(Settings(home=home).lake, table)
    assert found is not None
    return found


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "truncated": (truncate, "bytes, not"),
    "deleted": (Path.unlink, "is not there"),
    "flipped": (flip, "is damaged"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_shows_which_versions_are_whole_and_puts_the_newest_of_them_back(run: Run, tmp_path: Path, damage: str) -> None:
    folder = published(tmp_path)
    (file,) = files(folder, 4)
    harm, what = DAMAGES[damage]
    harm(file)
    deep = ["--deep"] if damage == "flipped" else []

    said = run("restore", TABLE.name, *deep).output
    assert f"{file.name} " in said
    assert what in said
    assert "next: reelhouse restore gold.popular_titles --to 3" in said
    assert shown(run, *deep) == {4: "damaged", 3: "whole", 2: "whole", 1: "whole"}
    assert "the newest whole one is `reelhouse restore gold.popular_titles --to 3`" in refused(
        run("restore", TABLE.name, "--to", "4", *deep)
    )
    done = run("restore", TABLE.name, "--to", "3", "--yes", "--by", "ada", "--reason", "bad sectors", *deep)

    assert done.exit_code == 0, done.output
    assert (
        "now in force  gold.popular_titles  version 5: what version 3 held of night 2026-03-03, 1 rows" in done.output
    )
    assert titles(folder) == ["of 2026-03-03"]
    assert (DeltaTable(folder).version(), in_force(tmp_path).version) == (5, 3)
    assert "restored to version 3" in run("history", TABLE.name).output
    assert "by ada: bad sectors" in run("history", TABLE.name).output
    # The night that is lost is made again.
    deliver_events(Settings(home=tmp_path), NIGHTS[3], "tt0000001")
    assert not decide(Settings(home=tmp_path), TABLE.name, NIGHTS[3]).idle


def test_bytes_that_a_disk_changed_are_only_found_by_reading_every_page(run: Run, tmp_path: Path) -> None:
    folder = published(tmp_path)
    flip(files(folder, 4)[0])

    said = run("restore", TABLE.name).output

    assert "the newest version is whole, as far as sizes and footers tell" in said
    assert "next: reelhouse restore gold.popular_titles --deep" in said
    assert shown(run, "--deep")[4] == "damaged"


@pytest.mark.parametrize(("lost", "whole"), [(4, 3), (2, 1)])
def test_a_lost_entry_of_the_log_costs_the_versions_from_it_on(run: Run, tmp_path: Path, lost: int, whole: int) -> None:
    folder = published(tmp_path)
    truncate(entry(folder, lost))
    before = sorted(folder.rglob("*"))

    states = shown(run)
    said = run("restore", TABLE.name)

    assert sorted(folder.rglob("*")) == before, "to look changes nothing"
    assert states == {version: "whole" if version < lost else "damaged" for version in (4, 3, 2, 1)}
    assert f"log: the entry of version {lost} is damaged" in said.output
    assert f"next: reelhouse restore {TABLE.name} --to {whole}" in said.output
    assert "stands for what an entry of the log said that was lost" in refused(run("restore", TABLE.name, "--to", "4"))
    done = run("restore", TABLE.name, "--to", str(NIGHTS[whole - 1]), "--yes")
    assert done.exit_code == 0, done.output
    assert titles(folder) == [f"of {NIGHTS[whole - 1]}"]
    assert in_force(tmp_path).version == whole
    publish(tmp_path, TABLE, {"title_id": "again"}, night=NIGHTS[3])
    assert titles(folder) == ["again"]
    assert shown(run)[6] == "whole"


def test_a_damaged_checkpoint_costs_nothing(run: Run, tmp_path: Path) -> None:
    folder = published(tmp_path)
    DeltaTable(folder).create_checkpoint()
    truncate(next(folder.glob("_delta_log/*.checkpoint.parquet")))

    assert "log: the checkpoint of version 4 is damaged" in run("restore", TABLE.name).output
    assert shown(run) == dict.fromkeys((4, 3, 2, 1), "whole")
    assert run("restore", TABLE.name, "--to", "4", "--yes").exit_code == 0

    assert titles(folder) == ["of 2026-03-04"]


def test_of_a_dated_table_deliveries_since_are_to_be_ingested_again_and_quarantine_is_as_it_was(
    run: Run, tmp_path: Path
) -> None:
    table, lake = bronze.INTERACTIONS, Settings(home=tmp_path).lake
    days = [{"night": night, "event_id": f"of {night}"} for night in NIGHTS]
    for n, night in enumerate(NIGHTS):
        deliver_events(Settings(home=tmp_path), night, "tt0000001")
        told = {str(day): "hash" for day in NIGHTS[: n + 1]}
        publish(tmp_path, table, *days[: n + 1], night=night, publication=f"p{n}", deliveries=told)
    publish(tmp_path, QUARANTINE, {"table_name": table.name, "record": "of now", "part": "2026-03-04"})
    folder = Path(lake) / table.path
    next(Path(one) for one in map(str, files(folder, 4)) if "2026-03-03" in str(one)).unlink()

    assert run("restore", table.name, "--to", "2026-03-02", "--yes").exit_code == 0

    assert sorted(DeltaTable(folder).to_pyarrow_table()["event_id"].to_pylist()) == ["of 2026-03-01", "of 2026-03-02"]
    assert sorted(in_force(tmp_path, table).deliveries) == ["2026-03-01", "2026-03-02"]
    assert not decide(Settings(home=tmp_path), "bronze.interactions", NIGHTS[3]).idle
    assert DeltaTable(f"{lake}/{QUARANTINE.path}").to_pyarrow_table().num_rows == 0


def test_what_held_then_holds_again(run: Run, tmp_path: Path) -> None:
    published(tmp_path)
    assert run("rollback", TABLE.name, "--to", "2026-03-02", "--reason", "bad").exit_code == 0
    publish(tmp_path, TABLE, {"title_id": "new"}, night=date(2026, 3, 5))

    assert run("restore", TABLE.name, "--to", "5", "--yes").exit_code == 0

    assert in_force(tmp_path).held_against(NIGHTS[3])


@pytest.mark.parametrize("step", ["restore", "bring_back"])
def test_whoever_dies_in_between_leaves_the_one_version_or_the_other(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    folder = published(tmp_path)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(DeltaTable if step == "restore" else quarantine, step, die)
        run("restore", TABLE.name, "--to", "2", "--yes")
    assert titles(folder) == ["of 2026-03-04" if step == "restore" else "of 2026-03-02"]
    quarantine.settle(str(tmp_path / "lake"), [TABLE])
    assert run("restore", TABLE.name, "--to", "2", "--yes").exit_code == 0

    assert titles(folder) == ["of 2026-03-02"]
    assert not list((folder / "_staging").glob("*"))


def test_commands_that_read_a_damaged_table_say_so_in_a_line(run: Run, tmp_path: Path) -> None:
    publish(tmp_path, gold.RECOMMENDATIONS, listed("u1", 1, "tt0000001"))
    publish(tmp_path, silver.TITLES, {"title_id": "tt0000001", "title": "Heat", "genres": []})
    truncate(files(tmp_path / "lake" / gold.RECOMMENDATIONS.path, 1)[0])

    for asked in (
        ("show", "u1"),
        ("sql", "FROM gold.recommendations"),
        ("export", gold.RECOMMENDATIONS.name, "--format", "csv"),
    ):
        result = run(*asked)
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1), (asked, result.output, result.exception)
        assert "gold/recommendations" in result.stderr


def test_commands_that_write_say_in_a_line_that_a_disk_is_full(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/home/landing")

    monkeypatch.setattr("jobs.sample_world.write_world", refuse)
    result = run("world", "--days", "2")

    assert result.exit_code == 1, result.output
    assert "error: not done, as nothing can be written to /home/landing: No space left on device" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((TABLE.name, "--to", "9"), "its log tells of 0 to 4; nothing was changed"),
        (
            (TABLE.name, "--to", "2026-02-01"),
            "nothing was published for it; nothing was changed; the newest whole one is",
        ),
        (
            (TABLE.name, "--to", "1"),
            "there is no terminal to ask on; `reelhouse restore gold.popular_titles --to 1 --yes`",
        ),
        ((gold.TITLE_FACTS.name,), "it was never published"),
    ],
)
def test_says_in_one_line_why_it_does_not(run: Run, tmp_path: Path, arguments: tuple[str, ...], line: str) -> None:
    folder = published(tmp_path)

    result = run("restore", *arguments)

    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert line in result.stderr
    assert titles(folder) == ["of 2026-03-04"]
