"""How tables stand: which night each carries, and if that is not the newest, why. Without Spark."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from jobs.lakehouse import ledger, refusals
from jobs.lakehouse.ledger import Entry
from jobs.lakehouse.refusals import Refusal
from jobs.landing.deliveries import delivered_days
from jobs.settings import Settings
from jobs.tables import TABLES, Table
from jobs.tables.gold import RECOMMENDATIONS
from jobs.tables.model import CHAMPION

State = Literal["fresh", "stale", "behind", "rolled back", "never published"]
"""``stale``: a later night was refused. ``behind``: a later night was delivered, or is carried by others."""


@dataclass(frozen=True)
class Status:
    """How a table stands."""

    table: str
    state: State
    why: str = ""
    """What stands behind a state other than fresh, or what a person decided."""
    night: date | None = None
    """The night that it carries."""
    rows: int | None = None
    age_days: int | None = None
    """Days from that night to today."""
    serves: str = ""
    """Of the lists: what made them."""

    @property
    def is_fresh(self) -> bool:
        """Whether it is as it should be."""
        return self.state == "fresh"


def statuses(settings: Settings, today: date) -> list[Status]:
    """How the tables of silver and gold stand, and those of bronze of which a delivery is refused.

    Args:
        settings: Where everything is.
        today: Today's date; what was delivered before it should be there.

    Raises:
        JobError: The lake was made by a newer version.
    """
    root = settings.lake
    entries = {table: ledger.latest(root, table) for table in TABLES if table.layer != "ops"}
    refused = _open_refusals(root)
    nights = [entry.night for entry in entries.values() if entry]
    newest = max([*nights, *(day for day in delivered_days(settings.landing) if day < today)], default=None)
    return [
        _status(settings.lake, table, entry, refused.get(table.name), newest, today)
        for table, entry in entries.items()
        if table.layer != "bronze" or table.name in refused
    ]


def _open_refusals(root: str) -> Mapping[str, Refusal]:
    """The last refusal of each table that was not published since."""
    tables = {table.name: table for table in TABLES}
    by_time = sorted(refusals.newest(root).values(), key=lambda refusal: (refusal.refused_at, refusal.night))
    last = {refusal.table_name: refusal for refusal in by_time if refusal.table_name in tables}
    return {name: one for name, one in last.items() if not refusals.is_settled(root, tables[name], one)}


def _status(
    root: str, table: Table, entry: Entry | None, refusal: Refusal | None, newest: date | None, today: date
) -> Status:
    """One table, beside the newest night that there is."""
    state: State = "fresh"
    why = f"accepted by {entry.accepted['by']}: {entry.accepted['reason']}" if entry and entry.accepted else ""
    rolled_back = entry.rollback if entry and entry.rollback and entry.rollback.holds else None
    if refusal:
        state, why = "stale", f"refused for night {refusal.night} because {'; '.join(refusal.problems)}"
    elif rolled_back:
        why = f"from night {rolled_back.since} by {rolled_back.by}: {rolled_back.reason}"
        state = "rolled back"
    elif entry is None:
        state = "never published"
    elif newest and entry.night < newest:
        state, why = "behind", f"night {newest} is there"
    delta = ledger.open_table(root, table)
    if entry is None or delta is None:
        return Status(table.name, state, why)
    version = entry.inputs.get(CHAMPION.name) if table == RECOMMENDATIONS else None
    return Status(
        table.name,
        state,
        why,
        entry.night,
        delta.count(),
        (today - entry.night).days,
        f"model version {version}" if version is not None else "",
    )
