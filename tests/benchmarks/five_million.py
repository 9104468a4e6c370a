"""A first and a second night over five million events, beside the hand-written peer: seconds by stage, memory."""

import json
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jobs.settings import Settings
from jobs.tracking import runs
from tests.benchmarks.five_million_world import LAST_DAY, NEXT_DAY, lay_out, write_next_day
from tests.benchmarks.measure import REELHOUSE, Ended, run_program

_OUTCOME = re.compile(r"^\W*[a-z]+\s+([a-z]+\.[a-z_0-9]+)\s.*?([\d.]+) s\b")
"""A line of ``reelhouse night`` when a table ends: state, name, what became of it, seconds."""
_GOAL_SECONDS, _GOAL_PEER, _GOAL_NEXT, _GOAL_BEFORE, _GOAL_FITS, _GOAL_GIB = 300, 5, 0.60, 0.20, 2, 6
_LONGEST = 8


@dataclass(frozen=True)
class Night:
    """A night by its stages, in seconds of the clock."""

    ended: Ended
    jobs: dict[str, float]
    before: float
    """Until the model's training begins."""
    training: float
    after: float
    fits: float
    """Of all models of the night, those fitted again on everything included."""


def run(say: Callable[[str], object]) -> None:
    """40,000 viewers, 15,000 titles, 100,000 events x 50 days: first night, next night, and the peer."""
    with tempfile.TemporaryDirectory(prefix="reelhouse-bench-") as folder:
        home = Path(folder) / "home"
        lay_out(home, say)
        peer = _run_peer(home, Path(folder), say)
        first = _run_night(home, str(LAST_DAY))
        _show(say, "first night", first)
        write_next_day(home)
        second = _run_night(home, str(NEXT_DAY))
        _show(say, "next night", second)
    one, two = first.ended, second.ended
    say("goals")
    say(f"  first night                     {one.seconds:5.0f} s (goal {_GOAL_SECONDS})")
    say(f"  first night to peer             {one.seconds / peer:5.1f} x (goal {_GOAL_PEER})")
    say(f"  next night to first             {two.seconds / one.seconds:7.0%} (goal {_GOAL_NEXT:.0%})")
    say(f"  its stages before training      {second.before / first.before:7.0%} (goal {_GOAL_BEFORE:.0%})")
    fits = [night.training / night.fits for night in (first, second)]
    say(f"  training to its fits, each night {fits[0]:4.1f} {fits[1]:.1f} x (goal {_GOAL_FITS})")
    say(f"  peak memory, first and next     {one.peak_gib:5.1f} {two.peak_gib:.1f} GiB (goal {_GOAL_GIB}, not growing)")


def _run_peer(home: Path, folder: Path, say: Callable[[str], object]) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.peer", str(home / "landing"), str(LAST_DAY), str(folder)]
    peer = run_program(command, {})
    told = json.loads(peer.said[-1][1])
    stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in told["seconds"].items())
    say(f"peer        {peer.seconds:4.0f} s   {stages}   peak {peer.peak_gib:.1f} GiB")
    say("  rows: " + ", ".join(f"{name} {count:,}" for name, count in told["rows"].items()))
    return peer.seconds


def _run_night(home: Path, night: str) -> Night:
    ended = run_program([REELHOUSE, "night", "--night", night], {"REELHOUSE_HOME": str(home)})
    found = [(at, match) for at, line in ended.said if (match := _OUTCOME.match(line))]
    jobs: dict[str, float] = {}
    for _, match in found:
        jobs[match[1]] = jobs.get(match[1], 0.0) + float(match[2])
    trained = next((at for at, match in found if match[1] == "model.champion"), None)
    if trained is None:
        said = "\n".join(line for _, line in ended.said)
        raise SystemExit(f"`reelhouse night` did not say when model.champion ended:\n{said}")
    training = jobs["model.champion"]
    return Night(ended, jobs, trained - training, training, ended.seconds - trained, _fits(home, night))


def _fits(home: Path, night: str) -> float:
    """Seconds of a night's fits, as their runs tell them."""
    store = runs.client(Settings(home=home))
    found = store.search_runs([runs.experiment_of(store)], f"tags.night = '{night}'")
    return sum(run.data.metrics.get(name, 0.0) for run in found for name in ("fit_seconds", "refit_seconds"))


def _show(say: Callable[[str], object], name: str, night: Night) -> None:
    say(
        f"{name:11s} {night.ended.seconds:4.0f} s   before training {night.before:.0f}, training {night.training:.0f}, of"
        f" which fits {night.fits:.0f}, after {night.after:.0f}   peak {night.ended.peak_gib:.1f} GiB"
    )
    longest = sorted(night.jobs.items(), key=lambda job: -job[1])[:_LONGEST]
    say("  longest jobs: " + ", ".join(f"{job} {seconds:.0f}" for job, seconds in longest[: _LONGEST // 2]))
    say("                " + ", ".join(f"{job} {seconds:.0f}" for job, seconds in longest[_LONGEST // 2 :]))
    say(f"  memory: {night.ended.memory_line}")
