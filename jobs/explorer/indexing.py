"""The index of titles, made beside the pages whenever gold.title_facts has a newer version."""

import os
import shutil
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from pathlib import Path
from threading import Lock

from jobs.answers.title_search import Index, build
from jobs.lakehouse.views import Views
from jobs.tables.gold import TITLE_FACTS

_PREFIX = "titles-"
_APART = get_context("spawn")
"""A process of its own: what making one takes is given back when it ends, and pages do not wait for it."""


class Indexing:
    """Indexes by version, of which the newest is kept.

    Args:
        folder: Where they are.
        waits: Seconds that a reader waits for an index that is being made: that of some ten thousand titles is made in two.
    """

    def __init__(self, folder: Path, waits: float = 2.0) -> None:
        self._folder, self._waits, self._lock = folder, waits, Lock()
        self._made: tuple[int, Index] | None = None
        self._making: dict[int, SpawnProcess] = {}

    def of(self, views: Views) -> Index | None:
        """The index of these titles; None while it is being made."""
        version = views.versions.get(TITLE_FACTS)
        if version is None:
            return None
        folder = self._folder / f"{_PREFIX}{version}"
        with self._lock:
            if self._made is not None and self._made[0] == version:
                return self._made[1]
            making = self._making.get(version)
            if making is not None and not making.is_alive():  # done, or ended without one: then it is begun again
                del self._making[version]
                making = None
            if making is None and not folder.exists():
                making = self._making[version] = _APART.Process(
                    target=build, args=(views.root, version, folder), daemon=True
                )
                making.start()
        if making is not None:
            making.join(self._waits)
            if making.is_alive():
                return None
        if not folder.exists():
            return None
        with self._lock:
            self._made = (version, Index(folder))
            self._forget_others(folder)
            return self._made[1]

    def _forget_others(self, kept: Path) -> None:
        """Remove the indexes of other versions, and what was begun by a process that is not there any more."""
        for other in self._folder.iterdir():
            if (other != kept and other.name.startswith(_PREFIX)) or _is_left(other):
                shutil.rmtree(other, ignore_errors=True)


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
