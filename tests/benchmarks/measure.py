"""Run whole programs: what they say and when, their seconds, and the memory of all their processes."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_EVERY_SECONDS = 1.0
BARS = "▁▂▃▄▅▆▇█"
_OURS = ("AIRFLOW", "REELHOUSE", "SPARK", "PYSPARK", "MLFLOW")
ROOT = Path(__file__).parents[2]
REELHOUSE = str(Path(sys.executable).parent / "reelhouse")


@dataclass
class Ended:
    """A program that has ended well."""

    seconds: float = 0.0
    said: list[tuple[float, str]] = field(default_factory=list)
    """Lines of its output, each with the seconds since the start."""
    memory: list[tuple[float, int]] = field(default_factory=list)
    """Seconds since the start, and bytes: the summed proportional set size of the program and all its children."""

    @property
    def peak_gib(self) -> float:
        """The largest sum that was seen; it is looked at once a second."""
        return max((held for _, held in self.memory), default=0) / 2**30

    @property
    def memory_line(self) -> str:
        """Memory over time as a line of bars, the highest one the peak."""
        peak = max((held for _, held in self.memory), default=0)
        step = max(1, -(-len(self.memory) // 60))
        parts = [max(held for _, held in self.memory[n : n + step]) for n in range(0, len(self.memory), step)]
        return "".join(BARS[round((len(BARS) - 1) * part / peak)] for part in parts)


def plain_environment(given: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without anything that configures what is measured, then what is given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return kept | {"PATH": path, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **given}


def run_program(command: list[str], given: Mapping[str, str]) -> Ended:
    """Run a program to its end, in a plain environment and what is given.

    Raises:
        SystemExit: It failed; with its last lines.
    """
    ended, began = Ended(), time.monotonic()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        program = subprocess.Popen(
            command, env=plain_environment(given), stdout=subprocess.PIPE, stderr=errors, text=True, errors="replace"
        )
        done = threading.Event()
        watch = threading.Thread(target=_watch_memory, args=(program.pid, began, ended.memory, done))
        watch.start()
        try:
            for line in program.stdout or ():
                ended.said.append((time.monotonic() - began, line.rstrip()))
            program.wait()
        finally:
            done.set()
            watch.join()
            if program.poll() is None:
                program.terminate()
        ended.seconds = time.monotonic() - began
        if program.returncode:
            errors.seek(0)
            last = [*(line for _, line in ended.said[-5:]), *errors.read().splitlines()[-15:]]
            raise SystemExit("\n  ".join([f"{' '.join(command)} ended with {program.returncode}:", *last]))
    return ended


def family_bytes(pid: int) -> int:
    """Summed proportional set size of a process and everything it started, 0 once it has ended."""
    total = 0
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for one in family:
        try:
            total += one.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.ZombieProcess):  # ended between the two calls
            continue
    return total


def _watch_memory(pid: int, began: float, memory: list[tuple[float, int]], done: threading.Event) -> None:
    while not done.wait(_EVERY_SECONDS):
        memory.append((time.monotonic() - began, family_bytes(pid)))
