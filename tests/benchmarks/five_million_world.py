"""A landing folder of five million events, written by the sample world's writer, and its next day."""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

from jobs.sample_world import WorldParameters, load_parameters, write_world

PARAMETERS = WorldParameters(viewers=40_000, titles=15_000, events_per_day=100_000, days=50, first_day=date(2026, 1, 1))
LAST_DAY = PARAMETERS.last_day
NEXT_DAY = LAST_DAY + timedelta(days=1)
VARIABLE = "REELHOUSE_BENCH_WORLD"
"""Names a home whose landing/ holds the world already, or is to keep it."""


def lay_out(home: Path, say: Callable[[str], object]) -> None:
    """Put the world's first delivery into a home.

    Args:
        home: A new home; the files of a kept world are linked into it where the disk can do that, else copied.
        say: Gets lines of progress.

    Raises:
        SystemExit: The folder that is named holds another world.
    """
    kept = os.environ.get(VARIABLE)
    source = (Path(kept) if kept else home) / "landing"
    known = load_parameters(source)
    if known is not None and known != PARAMETERS:
        raise SystemExit(f"{source} holds another world; empty it, or set {VARIABLE} to another folder")
    logs = len(list((source / "interactions").glob("*/*.jsonl.gz")))
    if logs < PARAMETERS.days:
        say(f"writing the world to {source} (two to three minutes)")
        write_world(source, PARAMETERS, LAST_DAY)
    if kept:
        shutil.copytree(source, home / "landing", copy_function=_link, ignore=_later_days)


def write_next_day(home: Path) -> None:
    """Write the day after the first delivery into a home."""
    write_world(home / "landing", PARAMETERS, NEXT_DAY)


def _link(source: str, target: str) -> None:
    with suppress(OSError):
        os.link(source, target)
        return
    shutil.copy2(source, target)


def _later_days(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name > str(LAST_DAY) and Path(folder, name).is_dir() and name[0].isdigit()}
