"""The sample night, first and second: seconds, and memory of all its processes."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

_EVERY_SECONDS = 1.0


def run(say: Callable[[str], object]) -> None:
    """`reelhouse night --sample` twice on a new home, with the peak of the summed proportional set size."""
    with tempfile.TemporaryDirectory() as home:
        for name in ("first night", "second night"):
            seconds, peak = _measure(Path(home))
            say(f"{name:13s} {seconds:6.1f} s   {peak / 2**30:4.2f} GiB")


def _measure(home: Path) -> tuple[float, int]:
    began = time.monotonic()
    night = subprocess.Popen(
        [str(Path(sys.executable).parent / "reelhouse"), "night", "--sample"],
        env=os.environ | {"REELHOUSE_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    peak = 0
    while night.poll() is None:
        peak = max(peak, _tree_bytes(psutil.Process(night.pid)))
        time.sleep(_EVERY_SECONDS)
    if night.returncode:
        raise SystemExit(f"the night ended with {night.returncode}; run `reelhouse night --sample` to see why")
    return time.monotonic() - began, peak


def _tree_bytes(process: psutil.Process) -> int:
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            total += one.memory_full_info().pss
        except psutil.NoSuchProcess:  # ended between the two calls
            continue
    return total
