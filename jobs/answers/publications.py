"""What was published, when and from what: read from the ledger, without Spark."""

from dataclasses import dataclass

from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.ledger import Entry, Restore, Rollback
from jobs.tables import TABLES, Table, job_of


@dataclass(frozen=True)
class TableState:
    """What there is of a table."""

    table: Table
    version: int | None
    """None if it was never published."""
    rows: int | None


@dataclass(frozen=True)
class History:
    """Publications of a table."""

    entries: tuple[Entry, ...]
    """Newest first."""
    older_count: int
    """Older ones that were not asked for."""
    undone: frozenset[int] = frozenset()
    """Versions of those whose rows a restore took back."""
    rollbacks: tuple[Rollback, ...] = ()
    """Newest first."""
    restores: tuple[Restore, ...] = ()
    """Newest first."""

    @property
    def in_force(self) -> Entry:
        """The publication whose rows the table holds."""
        return next((entry for entry in self.entries if entry.version not in self.undone), self.entries[0])


def table_states(root: str) -> list[TableState]:
    """What there is of every table, in the order of the data model.

    Raises:
        JobError: The lake was made by a newer version.
    """
    opened = [(table, ledger.open_table(root, table)) for table in TABLES]
    for table, _ in opened:
        ledger.latest(root, table)  # refuses a lake of a newer version
    return [
        TableState(table, delta.version(), delta.count()) if delta else TableState(table, None, None)
        for table, delta in opened
    ]


def history(root: str, table: Table, limit: int) -> History:
    """The newest publications of a table.

    Raises:
        JobError: There is none, or the lake was made by a newer version.
    """
    entries = ledger.history(root, table)
    if not entries:
        raise JobError(f"no history was shown: {_why_none(table, is_there=ledger.open_table(root, table) is not None)}")
    delta = ledger.open_table(root, table)
    standing = {entry.version for entry in ledger.in_turn(table, delta)} if delta else set()
    undone = frozenset(entry.version for entry in entries if entry.version not in standing)
    back, restored = tuple(ledger.rollbacks(root, table)), tuple(ledger.restores(root, table))
    return History(tuple(entries[:limit]), max(0, len(entries) - limit), undone, back, restored)


def _why_none(table: Table, *, is_there: bool) -> str:
    if is_there:
        return f"{table.name} is written beside the publications of other tables and has none"
    return f"{table.name} was never published; run `reelhouse run {job_of(table)}`, or `reelhouse night` for all tables"
