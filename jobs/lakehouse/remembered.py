"""What ledgers said, remembered until somebody commits: for a program that asks again and again, such as the site.

To open a table is to read its log; to see whether anything of the log is another is to look into one folder.
"""

import os
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar, cast

from jobs.lakehouse import ledger, opening
from jobs.lakehouse.ledger import Entry, Served
from jobs.lakehouse.opening import Edition
from jobs.tables import Table

Said = TypeVar("Said")
_Mark = frozenset[tuple[str, int, int, int]]
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


def edition(root: str, table: Table) -> Edition | None:
    """The newest edition of a table, None if it was never published.

    Raises:
        DamagedError: Its log is damaged.
    """

    def ask() -> Edition | None:
        delta = ledger.open_table(root, table)
        return opening.edition(delta) if delta else None

    return _once(root, table, "edition", ask)


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
    """What tells whether any file of a log is another than before; None of a store elsewhere, or of no log."""
    try:
        with os.scandir(log) as files:
            states = [(file.name, file.stat()) for file in files]
    except OSError:
        return None
    return frozenset((name, state.st_ino, state.st_mtime_ns, state.st_size) for name, state in states)
