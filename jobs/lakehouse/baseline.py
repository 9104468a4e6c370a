"""What the ledger knows of a table's nights: the numbers that tonight's are held against."""

from collections.abc import Iterable, Mapping
from datetime import date

from deltalake import DeltaTable

from jobs.lakehouse import ledger
from jobs.lakehouse.audit.usual import Held
from jobs.lakehouse.ledger import Entry
from jobs.lakehouse.staging import WHOLE
from jobs.tables import Table

_COMMITS = 60
"""So many of the newest commits are looked at: what a year of nights costs must not grow with it."""


def publications(table: Table, delta: DeltaTable | None) -> list[Entry]:
    """The newest publications that a table holds, newest first, without those that were taken back."""
    return list(ledger.in_turn(table, delta, commits=_COMMITS)) if delta else []


def nights_of(table: Table, entries: Iterable[Entry], shaping: Mapping[str, object]) -> list[Held]:
    """What each night tells, by its newest publication, in order of night.

    Nights count in their own order, whenever they were published: one that is caught up with, or run again, is held
    against those before it.

    Args:
        table: The table.
        entries: What :func:`publications` returned.
        shaping: Values of the settings that shape the table; what others shaped is another table.
    """
    found: dict[date, Held | None] = {}
    for entry in entries:
        for part in (entry.replaced or ()) if table.is_dated else (WHOLE,):
            night = date.fromisoformat(part) if part else entry.night
            found.setdefault(night, _held(entry, part, night) if entry.settings == shaping else None)
    return sorted((held for held in found.values() if held), key=lambda held: held.night)


def _held(entry: Entry, part: str, night: date) -> Held | None:
    """What a publication tells of one of its nights; None if it took that night away."""
    if part and part not in entry.parts:
        return None
    rows = entry.parts[part].published if part else entry.published
    accepted = {limit.removesuffix(f" {part}") for limit in entry.accepted.get("limits", ()) if limit.endswith(part)}
    return Held(night, {"rows": rows, **entry.profile.get(part, {})}, accepted)
