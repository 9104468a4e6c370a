"""The door under fire: killed when Spark has written, used by several nights at once, and without a server.

What it is like after each of its steps is tried in test_kills.py.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.lakehouse import ledger, quarantine
from jobs.lakehouse.storage import STAGING
from jobs.settings import Settings
from jobs.tables import Table, bronze, silver
from jobs.tables.ops import QUARANTINE
from tests.trials.processes import Processes
from tests.trials.publisher import STEPS, TABLE
from tests.trials.sample_nights import TinyNight
from tests.trials.spark_server import ROOT, Server

FIRST, SECOND = date(2026, 3, 1), date(2026, 3, 2)
TWO_DAYS = 2 * 24 * 60 * 60


def finish(program: subprocess.Popen[str]) -> str:
    """Wait for a job; what it said on the error stream if it was overtaken, to be run again."""
    _, said = program.communicate(timeout=600)
    assert program.returncode == 0 or (said.count("\n") == 1 and "run it again" in said), said[-2000:]
    return said if program.returncode else ""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, processes: Processes) -> Server:
    return Server(tmp_path_factory.mktemp("server"), processes, memory="1g")


def held(home: Path, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    """Rows of a table, in order; None where it was never published."""
    opened = ledger.open_table(Settings(home=home).lake, table)
    if opened is None:
        return []
    rows = opened.to_pyarrow_table(columns=list(columns)).to_pylist()
    return sorted(tuple(str(row[name]) for name in columns) for row in rows)


def published(home: Path) -> set[str]:
    return {user[0] for (user,) in held(home, TABLE, "user_id")}


def set_aside(home: Path) -> set[tuple[str, str]]:
    return {(state, record[12]) for state, record in held(home, QUARANTINE, "state", "record")}


@pytest.mark.parametrize("step", STEPS)
def test_killed_when_spark_has_written_the_table_is_the_old_one_or_the_new_one(
    server: Server, tmp_path: Path, step: str
) -> None:
    first = server.publish(tmp_path, FIRST, "a")
    assert first.returncode == 0, first.stderr[-2000:]

    assert server.publish(tmp_path, SECOND, "b", step).returncode == -signal.SIGKILL

    lake = Settings(home=tmp_path).lake
    quarantine.settle(lake, [TABLE])
    # Whichever it is, all of it, and what quarantine holds is of the same publication.
    now = "b" if step == "commit" else "a"
    assert (published(tmp_path), set_aside(tmp_path)) == ({now}, {("set_aside", now)})
    again = server.publish(tmp_path, SECOND, "b")
    assert again.returncode == 0, again.stderr[-2000:]
    assert (published(tmp_path), set_aside(tmp_path)) == ({"b"}, {("set_aside", "b")})
    for folder in (Path(lake) / TABLE.path / STAGING).glob("*"):
        os.utime(folder, (time.time() - TWO_DAYS,) * 2)
    quarantine.settle(lake, [TABLE])
    assert list((Path(lake) / TABLE.path / STAGING).glob("*")) == []


def test_two_nights_and_a_backfill_at_once_end_like_one_after_the_other(
    server: Server, tiny_night: TinyNight, tmp_path: Path
) -> None:
    nights = [tiny_night.night - timedelta(days=before) for before in range(3)]
    jobs = {"bronze.interactions": bronze.INTERACTIONS, "silver.interactions": silver.INTERACTIONS}
    calm, busy = tmp_path / "calm", tmp_path / "busy"
    shutil.copytree(tiny_night.home, calm)
    for table in jobs.values():
        shutil.rmtree(calm / "lake" / table.path)
    shutil.copytree(calm, busy)

    for job in jobs:
        assert finish(server.run(calm, job, nights[0])) == ""
    for job in jobs:
        together = [server.run(busy, job, night) for night in nights]
        for program, night in zip(together, nights, strict=True):
            if finish(program):
                finish(server.run(busy, job, night))
    for job in jobs:
        finish(server.run(busy, job, nights[0]))

    for table, column in ((bronze.INTERACTIONS, "night"), (silver.INTERACTIONS, "month")):
        columns = ("event_id", "user_id", "title_id", "occurred_at", column)
        assert held(calm, table, *columns) == held(busy, table, *columns), table.name
        assert held(calm, table, *columns)


HUNGRY = """
import sys
from jobs.errors import LostServerError
from jobs.lakehouse.spark import Watch, session
from jobs.settings import Settings

spark = session(Settings())
try:
    with Watch(spark, Settings(), "silver.titles"):
        spark.sql("SELECT size(collect_list(repeat(id, 1000))) FROM range(1000000000)").collect()
except LostServerError as lost:
    sys.exit(str(lost))
"""


def test_a_server_without_memory_costs_its_job_one_line_and_is_started_again(
    server: Server, processes: Processes, tmp_path: Path
) -> None:
    java = server.java()

    hungry = subprocess.run(
        [sys.executable, "-c", HUNGRY],
        env=server.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert hungry.returncode == 1
    assert hungry.stderr.startswith(
        f"silver.titles was not done: the Spark Connect server at sc://127.0.0.1:{server.port}"
    )
    assert hungry.stderr.count("\n") == 1
    assert not java.is_running()
    processes.wait_until("the server is there again", server.listens, 120)
    again = server.publish(tmp_path, FIRST, "a")
    assert (again.returncode, published(tmp_path)) == (0, {"a"}), again.stderr[-2000:]
