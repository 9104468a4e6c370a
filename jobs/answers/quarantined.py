"""What is in quarantine: how many rows, of which table, for which reason, and where in which file. Without Spark."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from jobs.lakehouse.views import Views
from jobs.tables import Table
from jobs.tables.ops import QUARANTINE

READS = (QUARANTINE,)
_RECORD_SHOWN = 200
"""Characters of a record."""


@dataclass(frozen=True)
class Example:
    """One row of those with a reason."""

    night: date
    file: str | None
    line: int | None
    record: str


@dataclass(frozen=True)
class Aside:
    """Rows of one table with one reason and state."""

    table: str
    reason: str
    state: str
    """set_aside, parked or refused."""
    rows: int
    """A row with two reasons counts under both."""
    first_night: date
    last_night: date
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Quarantined:
    """What was asked for of what is in quarantine."""

    rows: int
    """Each counted once, however many reasons it has."""
    found: tuple[Aside, ...]
    """By table, most rows first."""
    nights: tuple[date, ...]
    """All nights that have any, whether or not they were asked for."""


def quarantined(
    views: Views,
    tables: Collection[Table] | None = None,
    night: date | None = None,
    reason: str | None = None,
    examples: int = 3,
) -> Quarantined:
    """Look up what is in quarantine.

    Args:
        views: Of ``READS``.
        tables: Which tables' rows; all, if None.
        night: Of which night (of bronze: of which delivery); of all, if None.
        reason: With which reason, or with any of a column if it names one; with any, if None.
        examples: How many rows to show of each table, reason and state.

    Raises:
        JobError: The lake was made by a newer version.
    """
    columns = {name for (name, *_) in views.rows("DESCRIBE ops.quarantine")}
    line = "line" if "line" in columns else "NULL::BIGINT"  # a lake that set nothing aside since there are lines
    asked, given = ["true"], list[object]()
    if tables is not None:
        asked.append("list_contains(?, table_name)")
        given.append([table.name for table in tables])
    if night is not None:
        asked.append("night = ?")
        given.append(night)
    rows = f"SELECT * REPLACE (substr(record, 1, {_RECORD_SHOWN}) AS record), {line} AS stands FROM ops.quarantine"  # noqa: S608
    nights = views.rows("SELECT DISTINCT night FROM ops.quarantine ORDER BY night")
    if reason is not None:
        asked.append(
            "EXISTS (SELECT 1 FROM (SELECT unnest(reasons) AS code) WHERE code = ? OR starts_with(code, ? || ':'))"
        )
        given += [reason, reason]
    where = " AND ".join(asked)
    ((count,),) = views.rows(f"SELECT count(*) FROM ops.quarantine WHERE {where}", given)  # noqa: S608
    told = "{'night': night, 'file': file, 'line': stands, 'record': record}"
    grouped = f"""
        SELECT table_name, code, state, count(*) AS n, min(night), max(night),
            min_by({told}, (night, coalesce(file, ''), coalesce(stands, 0), record), {max(examples, 1)})
        FROM (SELECT *, unnest(reasons) AS code FROM ({rows}) WHERE {where})
        GROUP BY table_name, code, state ORDER BY table_name, n DESC, code, state
    """  # noqa: S608
    found = [
        Aside(table, code, state, n, first, last, tuple(Example(**one) for one in shown[:examples]))
        for table, code, state, n, first, last, shown in views.rows(grouped, given)
    ]
    if reason is not None:
        found = [one for one in found if one.reason == reason or one.reason.startswith(f"{reason}:")]
    return Quarantined(count, tuple(found), tuple(day for (day,) in nights))
