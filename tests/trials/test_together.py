"""Commands at once on one home: one waits, gives way or is refused in one line; nothing is lost, nothing is there twice."""

import json
import logging
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event

from deltalake import DeltaTable

from jobs.lakehouse import ledger
from jobs.runs.maintaining import maintain
from jobs.sample_world import write_world
from jobs.settings import Keeps, Settings
from jobs.tables import TABLES, bronze, gold, silver
from tests.lakehouse.aging import age
from tests.runs.any_order import content
from tests.trials.sample_nights import TINY, TinyNight
from tests.trials.spark_server import BIN, Server

logger = logging.getLogger(__name__)
FIRST, SECOND, THIRD = (date(2026, 3, day) for day in (6, 7, 8))
SAYS = 8
"""How often a viewer says something while deliveries are ingested."""


def begin(server: Server, home: Path, *arguments: str) -> subprocess.Popen[str]:
    """Begin a command; files that were replaced are kept for a day, and lists are short."""
    told = {"REELHOUSE_HOME": str(home), "REELHOUSE_KEEPS__FILES_DAYS": "1", "COLUMNS": "160"}
    return subprocess.Popen(
        [str(BIN / "reelhouse"), *arguments],
        env=server.environment | told,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(program: subprocess.Popen[str]) -> str:
    """Wait for a command; what it said on the error stream if it was not done: a line, and before it one for each job."""
    _, said = program.communicate(timeout=900)
    is_told = all(line.startswith("error: ") for line in said.splitlines())
    assert program.returncode == 0 or (program.returncode == 1 and said and is_told), said[-2000:]
    return said if program.returncode else ""


@contextmanager
def again_and_again(server: Server, home: Path, *arguments: str) -> Iterator[list[str]]:
    """Run a command over and over meanwhile; what it said each time, of times that it was not done."""
    said, is_over = list[str](), Event()

    def work() -> None:
        while not is_over.is_set():
            said.append(end(begin(server, home, *arguments)))

    with ThreadPoolExecutor(1) as threads:
        working = threads.submit(work)
        try:
            yield said
        finally:
            is_over.set()
        working.result()


def all_rows_are_there_once(home: Path) -> None:
    """Every table can be read, holds as many rows as its account says, and each key once."""
    root = Settings(home=home).lake
    for table in TABLES:
        opened, entry = ledger.open_table(root, table), ledger.latest(root, table)
        if opened is None or entry is None:
            continue
        rows = opened.to_pyarrow_table(columns=list(table.key) or None).to_pylist()
        if not table.is_dated:
            assert len(rows) == entry.published, table.name
        if table.key:
            keys = Counter(tuple(row[name] for name in table.key) for row in rows)
            assert [key for key, count in keys.items() if count > 1] == [], table.name


def test_a_night_beside_a_replay_maintenance_another_night_and_a_rollback(
    server: Server, tiny_night: TinyNight, tmp_path: Path
) -> None:
    home, calm = tmp_path / "busy", tmp_path / "calm"
    root = Settings(home=home).lake
    shutil.copytree(tiny_night.home, home)
    left = home / "lake" / gold.RECOMMENDATIONS.path / "left-by-a-kill.parquet"
    left.write_bytes(b"of no version")
    age(home / "lake", 3)
    with again_and_again(server, home, "replay", "silver.interactions") as replayed:
        second = end(begin(server, home, "night", "--sample"))
    logger.info("a night beside %d replays, overtaken %d times", len(replayed), sum(map(bool, (second, *replayed))))
    # Who was overtaken says so, and has spoilt nothing for the other; run again, it does what is missing.
    assert all("run it again" in said for said in (second, *replayed) if said), (second, replayed)
    assert end(begin(server, home, "night", "--night", str(SECOND))) == ""
    all_rows_are_there_once(home)

    third = begin(server, home, "night", "--sample")
    while not (home / "night.lock").exists() or str(THIRD) not in (home / "night.lock").read_text():
        assert third.poll() is None
        time.sleep(0.1)
    with again_and_again(server, home, "maintain") as maintained:
        beside = end(begin(server, home, "night", "--night", str(SECOND)))
        back = end(begin(server, home, "rollback", "gold.recommendations", "--to", str(FIRST), "--reason", "a trial"))
        assert end(third) == ""

    assert beside.startswith(f"error: `reelhouse night --night {SECOND}` did not run: process {third.pid}, ")
    assert "runs on this home" in beside
    assert back == ""
    assert not left.exists()
    assert set(maintained) == {""}
    all_rows_are_there_once(home)
    served = ledger.latest(root, gold.RECOMMENDATIONS)
    assert served is not None
    assert (served.night, served.rollback) == (THIRD, None)

    # What happened at once ends like what happens alone: another home, which only saw the last night.
    shutil.copytree(home / "landing", calm / "landing")
    assert end(begin(server, calm, "night", "--night", str(THIRD))) == ""
    assert end(begin(server, home, "night", "--night", str(THIRD))) == ""
    busy, alone = (
        {name: rows for name, rows in content(Settings(home=one)).items() if name.startswith("silver.")}
        for one in (home, calm)
    )
    assert busy == alone
    assert maintain(Settings(home=home, keeps=Keeps(files_days=1)), datetime.now(UTC)).done == ()


def test_what_is_said_while_it_is_ingested_is_heard_once(server: Server, tiny_night: TinyNight, tmp_path: Path) -> None:
    home = tmp_path / "home"
    root = Settings(home=home).lake
    shutil.copytree(tiny_night.home, home)
    write_world(home / "landing", TINY, SECOND)
    title = min(
        DeltaTable(f"{root}/{silver.TITLES.path}").to_pyarrow_table(columns=["title_id"])["title_id"].to_pylist()
    )

    said = ("feedback", "somebody new", title, "--like", "--new-viewer", "--token")
    ingest = ("run", "bronze.interactions", "--night", str(SECOND))
    with again_and_again(server, home, *ingest) as ingested:
        spoken = [begin(server, home, *said, f"said-{number % (SAYS // 2)}") for number in range(SAYS)]
        assert [end(one) for one in spoken] == [""] * SAYS
    assert set(ingested) == {""}
    assert end(begin(server, home, *ingest)) == ""

    file = home / "landing" / "interactions" / str(SECOND) / "feedback.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    events = DeltaTable(f"{root}/{bronze.INTERACTIONS.path}").to_pyarrow_table(columns=["event_id", "source"])
    heard = [row["event_id"] for row in events.to_pylist() if row["source"] == "feedback"]
    assert sorted(heard) == sorted(line["event_id"] for line in lines)
    assert len(set(heard)) == SAYS // 2
