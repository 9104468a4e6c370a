"""What was published, when and from what: read from the ledger, without Spark."""

from dataclasses import dataclass
from datetime import date

from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.ledger import Entry
from jobs.tables import TABLES, Table, job_of


@dataclass(frozen=True)
class TableState:
    """How a table stands."""

    table: Table
    version: int | None
    """None if it was never published."""
    rows: int | None
    night: date | None
    """The night that it carries; None where no publication says one."""
    days_behind: int | None
    """Days from that night to the newest night of any table."""


@dataclass(frozen=True)
class History:
    """Publications of a table."""

    entries: tuple[Entry, ...]
    """Newest first."""
    older_count: int
    """Older ones that were not asked for."""
    undone: frozenset[int] = frozenset()
    """Versions of those whose rows a restore took back."""

    @property
    def in_force(self) -> Entry:
        """The publication whose rows the table holds."""
        return next((entry for entry in self.entries if entry.version not in self.undone), self.entries[0])


def table_states(root: str) -> list[TableState]:
    """How every table stands, in the order of the data model.

    Raises:
        JobError: The lake was made by a newer version.
    """
    entries = {table.name: ledger.latest(root, table) for table in TABLES}
    newest = max((entry.night for entry in entries.values() if entry), default=None)
    states = []
    for table in TABLES:
        delta, entry = ledger.open_table(root, table), entries[table.name]
        states.append(
            TableState(
                table,
                delta.version() if delta else None,
                delta.count() if delta else None,
                entry.night if entry else None,
                (newest - entry.night).days if newest and entry else None,
            )
        )
    return states


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
    return History(tuple(entries[:limit]), max(0, len(entries) - limit), undone)


def _why_none(table: Table, *, is_there: bool) -> str:
    if is_there:
        return f"{table.name} is written beside the publications of other tables and has none"
    return f"{table.name} was never published; run `reelhouse run {job_of(table)}`"
