"""What ledgers said, remembered until somebody commits: for a program that asks again and again, such as the site.

To open a table is to read its log; to see whether anything was added to the log is to look into one folder.
"""

import os
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar, cast

from jobs.lakehouse import ledger
from jobs.lakehouse.ledger import Entry, Served
from jobs.tables import Table

Said = TypeVar("Said")
_Mark = tuple[str, int, int, int]
_said: dict[tuple[str, str, str], tuple[_Mark, Any]] = {}
_alone = Lock()
_MOST = 1_000
"""Of three questions about each of some forty tables."""


def served(root: str, table: Table) -> Served | None:
    """See :func:`jobs.lakehouse.ledger.served`."""
    return _once(root, table, "served", lambda: ledger.served(root, table))


def history(root: str, table: Table, limit: int) -> list[Entry]:
    """See :func:`jobs.lakehouse.ledger.history`."""
    return _once(root, table, f"history {limit}", lambda: ledger.history(root, table, limit))


def version(root: str, table: Table) -> int | None:
    """See :func:`jobs.lakehouse.ledger.version`."""
    return _once(root, table, "version", lambda: ledger.version(root, table))


def _once(root: str, table: Table, question: str, ask: Callable[[], Said]) -> Said:
    """What was said, if nothing was committed since."""
    mark, key = _mark(f"{root}/{table.path}/_delta_log"), (root, table.name, question)
    with _alone:
        held = _said.get(key)
    if held and held[0] == mark:
        return cast("Said", held[1])
    told = ask()
    if mark:  # taken before: what was committed while it was read is read again
        with _alone:
            if len(_said) > _MOST:
                _said.clear()
            _said[key] = mark, told
    return told


def _mark(log: str) -> _Mark | None:
    """What changes with every commit, and when files of the log come or go; None of a store elsewhere, or of no log."""
    try:
        newest = max(name for name in os.listdir(log) if name.endswith(".json"))  # noqa: PTH208 - names, of hundreds
        entry, folder = Path(log, newest).stat(), Path(log).stat()
    except (OSError, ValueError):
        return None
    return newest, entry.st_mtime_ns, entry.st_size, folder.st_mtime_ns
