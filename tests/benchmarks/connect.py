"""The Spark Connect server over many sample nights: its memory after each, as one warm driver serves all of them.

REELHOUSE_BENCH_NIGHTS says how many; 30 unless set.
"""

import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

from jobs.sample_world import WorldParameters, write_world
from tests.benchmarks.measure import BARS, REELHOUSE, family_bytes, run_program
from tests.trials.processes import Processes
from tests.trials.spark_server import Server

_NIGHTS = int(os.environ.get("REELHOUSE_BENCH_NIGHTS", "30"))
_WORLD = WorldParameters(viewers=200, titles=300, events_per_day=500, first_day=date(2026, 1, 1), days=20)


def run(say: Callable[[str], object]) -> None:
    """Night after night of a small sample world by `reelhouse night` on one server: seconds, resident memory."""
    with ExitStack() as held:
        home = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="reelhouse-bench-")))
        processes = Processes(home)
        held.callback(processes.end)
        server = Server(home, processes)
        given = {name: value for name, value in server.environment.items() if name.startswith("REELHOUSE_")}
        say(f"started    {_held(server)}")
        after: list[int] = []
        for number in range(1, _NIGHTS + 1):
            night = _WORLD.last_day + timedelta(days=number - 1)
            write_world(home / "landing", _WORLD, night)
            seconds = run_program([REELHOUSE, "night", "--night", str(night)], given).seconds
            after.append(server.java().memory_info().rss)
            say(f"night {number:3d}  {_held(server)}   {seconds:.0f} s")
    say(f"resident   {''.join(BARS[(len(BARS) - 1) * one // max(after)] for one in after)}")
    early = after[min(len(after), 5) - 1]
    say(f"after the last night {after[-1] / early:.2f} x what it was after the fifth")


def _held(server: Server) -> str:
    java = server.java()
    resident, all_of_it = java.memory_info().rss / 2**30, family_bytes(server.pid) / 2**30
    return f"driver {resident:.2f} GiB resident (process {java.pid}), with its workers {all_of_it:.2f} GiB"
