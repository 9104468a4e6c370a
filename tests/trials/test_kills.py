"""kill -9 at each step of the door, for a table of each kind, and after each commit of a night and of a replay."""

import gzip
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from jobs.lakehouse import ledger, quarantine, refusals
from jobs.lakehouse.storage import STAGING
from jobs.settings import Settings
from jobs.tables import TABLES, Table
from jobs.tables.ops import QUARANTINE
from tests.runs.any_order import content
from tests.trials.forker import FIRST, KINDS, REPLAY, SECOND
from tests.trials.processes import environment_of
from tests.trials.sample_nights import BROKEN, TinyNight
from tests.trials.spark_server import BIN, ROOT, Server

logger = logging.getLogger(__name__)
KILLED = -signal.SIGKILL
TWO_DAYS = 2 * 24 * 60 * 60


class Forker:
    """A process with everything imported, and forks of it that publish."""

    def __init__(self, log: Path, environment: dict[str, str]) -> None:
        self._log = log.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.trials.forker"],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def run(self, home: Path, kind: str, night: date, last: int = 0) -> int:
        """Publish in a process of its own, or run a night; how it ended."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(
            json.dumps({"home": str(home), "kind": kind, "night": str(night), "last": last}) + "\n"
        )
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def end(self) -> None:
        self._process.communicate(timeout=30)
        self._log.close()


@pytest.fixture(scope="module")
def forker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forker]:
    forker = Forker(tmp_path_factory.mktemp("forker") / "log", environment_of(ROOT, BIN))
    yield forker
    forker.end()


def rows(root: str, table: Table, *left_out: str) -> list[dict[str, Any]]:
    """Rows of a table in order, without some columns."""
    delta = ledger.open_table(root, table)
    held = delta.to_pyarrow_table().drop_columns(list(left_out)).to_pylist() if delta else []
    return sorted(held, key=lambda row: json.dumps(row, default=str))


def state(home: Path, table: Table) -> tuple[Any, ...]:
    """What there is of a table: its rows, those set aside or refused, why it was refused; without names of publications."""
    root = Settings(home=home).lake
    refused = {key: list(one.problems) for key, one in refusals.newest(root).items()}
    entry = ledger.latest(root, table)
    told = (entry.night, entry.published, entry.quarantined, entry.deliveries) if entry else None
    return rows(root, table), rows(root, QUARANTINE, "publication"), refused, told


def orphans(home: Path, table: Table) -> list[str]:
    """Files in a table's folder that no version of it names, once what was left for a day has been swept up."""
    folder, root = home / "lake" / table.path, Settings(home=home).lake
    for left in (folder / STAGING).glob("*"):
        os.utime(left, (time.time() - TWO_DAYS,) * 2)
    quarantine.settle(root, [table])
    newest = DeltaTable(folder).version() if folder.exists() else -1
    named = {
        uri.removeprefix("file://")
        for version in range(newest + 1)
        for uri in DeltaTable(folder, version=version).file_uris()
    }
    return [
        str(file) for file in folder.rglob("*.parquet") if "_delta_log" not in file.parts and str(file) not in named
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_killed_after_any_step_a_table_is_the_old_one_or_the_new_one_and_ends_as_if_nothing_had_been(
    forker: Forker, tmp_path: Path, kind: str
) -> None:
    table, before, calm = KINDS[kind].table, tmp_path / "before", tmp_path / "calm"
    before.mkdir()
    assert forker.run(before, kind, FIRST) == 0
    shutil.copytree(before, calm)
    ends_with = forker.run(calm, kind, SECOND)
    assert ends_with == (1 if kind == "refused" else 0)
    steps, old, new = int((calm / "steps").read_text()), state(before, table), state(calm, table)
    assert steps >= 10
    assert old != new
    assert orphans(calm, table) == []
    became = []

    for step in range(1, steps + 1):
        home = tmp_path / "killed"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(before, home)
        assert forker.run(home, kind, SECOND, step) == KILLED
        quarantine.settle(Settings(home=home).lake, [table])
        now = state(home, table)
        if kind == "refused":
            # What is visible stays; the evidence of the refusal comes in two commits.
            assert (now[0], now[3]) == (old[0], old[3])
        else:
            assert now in (old, new), f"after step {step}"
            became.append(now == new)
        if step % 3 == 0 or step == steps:
            assert orphans(home, table) == [], f"after step {step}"
        assert forker.run(home, kind, SECOND) == ends_with
        assert state(home, table) == new, f"after step {step}"
        assert orphans(home, table) == [], f"after step {step}"

    assert became == sorted(became)
    assert set(became) == (set() if kind == "refused" else {False, True})


def published(home: Path) -> dict[str, Any]:
    """What every table of a home that was published holds, and the champion is."""
    return {name: held for name, held in content(Settings(home=home)).items() if held}


@pytest.fixture(scope="module")
def on_server(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[Forker]:
    forker = Forker(tmp_path_factory.mktemp("forker") / "log", server.environment)
    yield forker
    forker.end()


def versions(home: Path) -> list[int | None]:
    """Of every table."""
    return [ledger.version(Settings(home=home).lake, table) for table in TABLES]


def set_aside(home: Path) -> list[dict[str, Any]]:
    return rows(Settings(home=home).lake, QUARANTINE, "publication")


def test_a_night_killed_after_each_of_its_commits_ends_like_one_that_was_left_alone(
    tiny_night: TinyNight, on_server: Forker, tmp_path: Path
) -> None:
    killed, kills = tmp_path / "killed", 0
    shutil.copytree(tiny_night.before, killed)
    whole, aside = published(tiny_night.home), set_aside(tiny_night.home)
    assert aside

    while (ended := on_server.run(killed, "", tiny_night.night, 1)) == KILLED:
        kills += 1
        # What is visible between two tables of a night is theirs, whole; what is not published is not there.
        assert [name for name, held in published(killed).items() if held != whole[name]] == []
        assert [row for row in set_aside(killed) if row not in aside] == []

    assert ended == 0
    logger.info("%d kills in a night of %d tables", kills, len(whole))
    # Two jobs run at once: one may have committed, too, when the other's commit kills the process.
    assert kills > len(whole) * 2 / 3
    assert published(killed) == whole
    assert set_aside(killed) == aside
    # What was made before a kill was not made again.
    assert versions(killed) == versions(tiny_night.home)
    assert [left for table in TABLES if table.name in whole for left in orphans(killed, table)] == []


def test_a_replay_killed_after_each_of_its_commits_ends_like_one_that_was_left_alone(
    tiny_night: TinyNight, on_server: Forker, server: Server, tmp_path: Path
) -> None:
    before, alone, killed = (tmp_path / name for name in ("before", "alone", "killed"))
    shutil.copytree(tiny_night.home, before)
    shutil.rmtree(before / "lake" / "gold")  # what is made from events and from nothing else is enough
    mended = before / "landing" / BROKEN.format(tiny_night.night)
    mended.write_text(json.dumps(event_of(before, tiny_night.night) | {"event_id": "mended"}) + "\n")
    for home in (alone, killed):
        shutil.copytree(before, home)
    assert on_server.run(alone, REPLAY, tiny_night.night) == 0
    whole, aside, kills = published(alone), set_aside(alone), 0
    made = versions(alone)
    assert (whole == published(before), aside == set_aside(before)) == (False, False)

    while (ended := on_server.run(killed, REPLAY, tiny_night.night, 1)) == KILLED:
        kills += 1

    assert ended == 0
    assert kills >= 2
    assert (published(killed), set_aside(killed)) == (whole, aside)
    assert [left for table in TABLES for left in orphans(killed, table)] == []
    # Again, as the command: it does nothing.
    again = subprocess.run(
        [BIN / "reelhouse", "replay", "bronze.interactions"],
        env=server.environment | {"REELHOUSE_HOME": str(alone)},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert "nothing changed" in again.stdout
    assert versions(alone) == made


def event_of(home: Path, night: date) -> dict[str, str]:
    """An event of a delivery."""
    (log,) = (home / "landing" / "interactions" / str(night)).glob("*.jsonl.gz")
    with gzip.open(log, "rt", encoding="utf-8") as lines:
        found: dict[str, str] = json.loads(next(lines))
    return found
