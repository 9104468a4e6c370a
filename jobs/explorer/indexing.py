"""The index of titles, made beside the pages whenever gold.title_facts is another."""

import os
import shutil
import signal
import time
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from pathlib import Path
from threading import Lock

from jobs.answers.title_search import Index, build
from jobs.lakehouse.views import Views
from jobs.tables.gold import TITLE_FACTS

_PREFIX = "titles-"
_OF_ID = 8
"""Characters of a table's identifier that tell it from one of the same version that was made in its place."""
_APART = get_context("spawn")
"""A process of its own: what making one takes is given back when it ends, and pages do not wait for it."""


class Indexing:
    """Indexes by edition of the table, of which the newest is kept.

    Args:
        folder: Where they are.
        waits: Seconds that a reader waits for an index that is being made: that of some ten thousand titles is made in two.
        rests: Seconds until one is begun again that could not be made.
    """

    def __init__(self, folder: Path, waits: float = 2.0, rests: float = 60.0) -> None:
        self._folder, self._waits, self._rests, self._lock = folder, waits, rests, Lock()
        self._made: tuple[Path, Index] | None = None
        self._making: dict[Path, SpawnProcess] = {}
        self._ended_at: dict[Path, float] = {}

    def of(self, views: Views) -> Index | None:
        """The index of these titles; None while there is none."""
        if TITLE_FACTS not in views.editions:
            return None
        identifier, version = views.editions[TITLE_FACTS]
        folder = self._folder / f"{_PREFIX}{identifier[:_OF_ID]}-{version}"
        with self._lock:
            if self._made is not None and self._made[0] == folder:
                return self._made[1]
            making = self._at_work(views.root, version, folder)
        if making is not None:
            making.join(self._waits)
        if not folder.exists():
            return None
        with self._lock:
            try:
                self._made = (folder, Index(folder))
            except (OSError, ValueError):  # damaged, or another process has taken it away: it is made again
                shutil.rmtree(folder, ignore_errors=True)
                return None
            self._forget_others(folder)
            return self._made[1]

    def _at_work(self, root: str, version: int, folder: Path) -> SpawnProcess | None:
        """The process that makes an index; None where there is one, or where it could not be made a moment ago."""
        making = self._making.get(folder)
        if making is not None and not making.is_alive():
            del self._making[folder]
            self._ended_at[folder] = time.monotonic()
            making = None
        is_resting = time.monotonic() - self._ended_at.get(folder, -self._rests) < self._rests
        if making is None and not folder.exists() and not is_resting:
            making = self._making[folder] = _APART.Process(target=_make, args=(root, version, folder), daemon=True)
            making.start()
        return making

    def _forget_others(self, kept: Path) -> None:
        """Remove the indexes of other editions, and what was begun by a process that is not there any more."""
        for other in self._folder.iterdir():
            if (other != kept and other.name.startswith(_PREFIX)) or _is_left(other):
                shutil.rmtree(other, ignore_errors=True)


def _make(root: str, version: int, folder: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the site, which was interrupted too, ends it
    build(root, version, folder)


def _is_left(folder: Path) -> bool:
    """Whether it was begun by a process that did not finish it, and is not there any more."""
    if not folder.name.startswith(f".{_PREFIX}"):
        return False
    with suppress(ValueError, PermissionError):
        try:
            os.kill(int(folder.name.rpartition("-")[2]), 0)
        except ProcessLookupError:
            return True
    return False
