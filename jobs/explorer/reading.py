"""The tables as the site reads them: one version of each for a whole request, kept while nothing new is published."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

from jobs.errors import DamagedError, JobError
from jobs.lakehouse import remembered
from jobs.lakehouse.opening import Edition
from jobs.lakehouse.views import Views
from jobs.tables import TABLES, Table

Answer = TypeVar("Answer")
READS = tuple(table for table in TABLES if table.layer != "bronze")
"""What pages are made of: bronze is as it was delivered, and for operators at a terminal."""
_MEMORY = "256MB"
"""Of one query: a page asks for little, and the whole site keeps within 300 MB."""
_LOOKS_EVERY = 1.0
"""Seconds between two looks for a newer version: a page is never older than that."""


class Reading:
    """Views of the published tables, opened again once any of them has a newer version.

    Args:
        root: The lake's root.
    """

    def __init__(self, root: str) -> None:
        self._root, self._lock = root, Lock()
        self._views: Views | None = None
        self._looked_at = 0.0

    def views(self) -> Views:
        """The tables, each at one version: whatever is asked of them says what was published at that moment.

        Raises:
            JobError: The lake was made by a newer version.
        """
        with self._lock:
            now = time.monotonic()
            if self._views is None or now - self._looked_at >= _LOOKS_EVERY:
                newest = self._newest()
                published = {table: edition for table, edition in newest.items() if edition is not None}
                if self._views is None or published != self._views.editions:
                    self._views = Views(self._root, newest, memory=_MEMORY)
                self._looked_at = time.monotonic()
            return self._views

    def _newest(self) -> dict[Table, Edition | None]:
        """The edition of each table, None of one that was never published; without those whose log is damaged."""
        found = dict[Table, Edition | None]()
        for table in READS:
            with suppress(DamagedError):
                found[table] = remembered.edition(self._root, table)
        return found


@dataclass(frozen=True)
class Section(Generic[Answer]):
    """A part of a page: an answer, or in one line why there is none and what to run."""

    answer: Answer | None
    missing: str = ""


def section(ask: Callable[[], Answer]) -> Section[Answer]:
    """Ask for a part of a page that the rest does without."""
    try:
        return Section(ask())
    except JobError as error:
        return Section(None, str(error))
