"""The Spark Connect server over many sample nights: its memory after each, as one warm driver serves all of them.

REELHOUSE_BENCH_NIGHTS says how many; 30 unless set.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import psutil

from jobs.sample_world import WorldParameters, write_world
from tests.benchmarks.measure import BARS, REELHOUSE, family_bytes, plain_environment, run_program
from tests.trials.processes import free_port

_NIGHTS = int(os.environ.get("REELHOUSE_BENCH_NIGHTS", "30"))
_WORLD = WorldParameters(viewers=200, titles=300, events_per_day=500, first_day=date(2026, 1, 1), days=20)
_STARTED_WITHIN = 120


def run(say: Callable[[str], object]) -> None:
    """Night after night of a small sample world by `reelhouse night` on one server: seconds, resident memory."""
    with tempfile.TemporaryDirectory(prefix="reelhouse-bench-") as folder:
        home, port = Path(folder), free_port()
        given = {"REELHOUSE_HOME": folder, "REELHOUSE_SPARK_PORT": str(port)}
        with _served(given, home / "server.log", port) as server:
            say(f"started    {_held(server)}")
            given["REELHOUSE_SPARK_REMOTE"] = f"sc://127.0.0.1:{port}"
            after: list[int] = []
            for number in range(1, _NIGHTS + 1):
                night = _WORLD.last_day + timedelta(days=number - 1)
                write_world(home / "landing", _WORLD, night)
                seconds = run_program([REELHOUSE, "night", "--night", str(night)], given).seconds
                after.append(_java(server).memory_info().rss)
                say(f"night {number:3d}  {_held(server)}   {seconds:.0f} s")
    say(f"resident   {''.join(BARS[(len(BARS) - 1) * held // max(after)] for held in after)}")
    early = after[min(len(after), 5) - 1]
    say(f"after the last night {after[-1] / early:.2f} x what it was after the fifth")


@contextmanager
def _served(given: dict[str, str], log: Path, port: int) -> Iterator[psutil.Process]:
    """A server, once it listens."""
    with log.open("wb") as said:
        server = psutil.Popen(
            [sys.executable, "-m", "infra.spark_server"],
            env=plain_environment(given),
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    try:
        began = time.monotonic()
        while not _listens(port):
            if not server.is_running() or time.monotonic() - began > _STARTED_WITHIN:
                raise SystemExit(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.5)
        yield server
    finally:
        server.terminate()
        server.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _java(server: psutil.Process) -> psutil.Process:
    """The driver itself; a new one if it was started again."""
    return next(child for child in server.children(recursive=True) if "java" in child.name())


def _held(server: psutil.Process) -> str:
    java = _java(server)
    resident, all_of_it = java.memory_info().rss / 2**30, family_bytes(server.pid) / 2**30
    return f"driver {resident:.2f} GiB resident (process {java.pid}), with its workers {all_of_it:.2f} GiB"
