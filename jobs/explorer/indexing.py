"""The index of titles, made beside the pages whenever gold.title_facts has a newer version."""

import shutil
from pathlib import Path
from threading import Lock, Thread

from jobs.answers.title_search import Index, build
from jobs.lakehouse.views import Views
from jobs.tables.gold import TITLE_FACTS

_WAITS = 1.0
"""Seconds that a reader waits for an index that is being made: that of a hundred thousand titles is made in them."""
_PREFIX = "titles-"


class Indexing:
    """Indexes by version, of which the newest is kept.

    Args:
        folder: Where they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, Lock()
        self._made: tuple[int, Index] | None = None
        self._making: dict[int, Thread] = {}

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
                making = self._making[version] = Thread(target=build, args=(views.root, version, folder), daemon=True)
                making.start()
        if making is not None:
            making.join(_WAITS)
            if making.is_alive():
                return None
        if not folder.exists():
            return None
        with self._lock:
            self._made = (version, Index(folder))
            self._forget_others(folder)
            return self._made[1]

    def _forget_others(self, kept: Path) -> None:
        """Remove the indexes of other versions, and what was begun and never finished."""
        for other in self._folder.iterdir():
            if other != kept and other.name.lstrip(".").startswith(_PREFIX):
                shutil.rmtree(other, ignore_errors=True)
