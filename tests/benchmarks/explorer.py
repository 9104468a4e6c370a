"""The page over the lake at 40,000 viewers: milliseconds of every page on the server, warm, and memory."""

import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil

from tests.benchmarks.five_million_world import LAST_DAY, lay_out
from tests.benchmarks.measure import REELHOUSE, plain_environment, run_program
from tests.explorer.crawl import kind_of, pages_of
from tests.trials.processes import free_port

_TIMES = 15
_GOAL_MS, _GOAL_MB = 150, 300


def run(say: Callable[[str], object]) -> None:
    """40,000 viewers with lists of 50, 15,000 titles, five million events: every page that links lead to, 15 times each."""
    with tempfile.TemporaryDirectory(prefix="reelhouse-bench-") as folder:
        home = Path(folder) / "home"
        lay_out(home, say)
        night = run_program([REELHOUSE, "night", "--night", str(LAST_DAY)], {"REELHOUSE_HOME": str(home)})
        say(f"the night took {night.seconds:.0f} s")
        measure(home, say)


def measure(home: Path, say: Callable[[str], object]) -> None:
    """Serve a home and ask for every page."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = plain_environment({"REELHOUSE_HOME": str(home)})
    began = time.monotonic()
    with subprocess.Popen(
        [REELHOUSE, "explore", "--port", str(port)], env=environment, stdout=subprocess.DEVNULL
    ) as site:
        try:
            _wait(f"{address}/health")
            say(f"begins to answer after {time.monotonic() - began:.1f} s")
            with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
                slowest: dict[str, tuple[float, float, str]] = {}
                for path in list(pages_of(address)):
                    for asked in (path, *_pictures(client.get(path).text)):
                        took = sorted(_milliseconds(client, asked) for _ in range(_TIMES))
                        told = (statistics.median(took), took[-2], asked)
                        slowest[kind_of(asked)] = max(told, slowest.get(kind_of(asked), told))
            held = psutil.Process(site.pid).memory_info().rss / 1e6
        finally:
            site.terminate()
    for kind, (median, nearly_worst, path) in sorted(slowest.items(), key=lambda told: -told[1][0]):
        say(
            f"{median:6.0f} ms (of {_TIMES} the second slowest {nearly_worst:4.0f})  {kind}  {path if path != kind else ''}"
        )
    worst = max(median for median, _, _ in slowest.values())
    say("goals")
    say(f"  slowest page, warm   {worst:4.0f} ms (goal {_GOAL_MS})")
    say(f"  resident memory      {held:4.0f} MB (goal {_GOAL_MB})")


def _pictures(page: str) -> list[str]:
    return sorted({found.replace("&amp;", "&") for found in re.findall(r'(?:src|srcset)="(/(?!static)[^" ]*)"', page)})


def _milliseconds(client: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    client.get(path).raise_for_status()
    return 1000 * (time.perf_counter() - began)


def _wait(address: str) -> None:
    for _ in range(300):
        try:
            if httpx.get(address, trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"{address} does not answer")
