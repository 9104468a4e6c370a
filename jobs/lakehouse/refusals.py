"""ops.refusals: one row a publication that was refused; and what a person says who overrules limits. Without Spark."""

import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import TYPE_CHECKING

from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from jobs.lakehouse import ledger, remembered
from jobs.lakehouse.ledger import Entry
from jobs.lakehouse.views import Views
from jobs.tables import Table
from jobs.tables.ops import REFUSALS

if TYPE_CHECKING:
    import pyarrow as pa

_MEMORY = "256MB"
"""Of a table that keeps some weeks of lines: the site, too, reads it."""


@dataclass(frozen=True)
class Acceptance:
    """A person overrules limits, this once."""

    by: str
    reason: str
    limits: Mapping[str, Collection[str]]
    """Table → the names of its limits that were broken when it was refused."""
    night: date | None = None
    """The night that was refused; of deliveries that come together the limits of others are not overruled."""


@dataclass(frozen=True)
class Refusal:
    """A publication that was refused."""

    table_name: str
    night: date
    problems: Sequence[str]
    limits: Sequence[str]
    """Names of the limits that it breaks; empty if it breaks a promise too: nobody can overrule that."""
    page: str
    run: str
    code_version: str
    publication: str
    refused_at: datetime


def add(delta: DeltaTable, refusals: Sequence[Refusal]) -> None:
    """Add rows to ops.refusals; others may do so at the same moment.

    Args:
        delta: The table.
        refusals: The rows.
    """
    write_deltalake(delta, _arrow([asdict(one) for one in refusals]), mode="append")


def mask(root: str, masked: Callable[[str], str]) -> int:
    """Take a person's name out of what was found wrong; how many rows named the person.

    Args:
        root: The lake's root.
        masked: A text, without the name.
    """
    while (delta := ledger.open_table(root, REFUSALS)) is not None:
        rows = delta.to_pyarrow_table().to_pylist()
        told = [row | {"problems": [masked(problem) for problem in row["problems"]]} for row in rows]
        changed = sum(1 for one, other in zip(rows, told, strict=True) if one != other)
        if not changed:
            return 0
        properties = CommitProperties(custom_metadata={ledger.FORGETS: "true"}, max_commit_retries=0)
        # Where another refusal came first, that one is looked at, too.
        with contextlib.suppress(CommitFailedError):
            write_deltalake(delta, _arrow(told), mode="overwrite", commit_properties=properties)
            return changed
    return 0


def newest(root: str) -> dict[tuple[str, date], Refusal]:
    """The newest refusal of each table and night."""
    if remembered.edition(root, REFUSALS) is None:  # as nearly always: no database is opened for it
        return {}
    columns = ", ".join(column.name for column in fields(Refusal))
    query = f"SELECT {columns} FROM {REFUSALS.name} ORDER BY refused_at, publication"  # noqa: S608
    rows = Views(root, [REFUSALS], memory=_MEMORY).rows(query)
    told = [Refusal(*row) for row in rows]
    return {(one.table_name, one.night): one for one in told}


def is_settled(root: str, table: Table, refusal: Refusal) -> bool:
    """Whether the table was published since for the night that was refused, or for a later one, taken back or not."""
    entry = ledger.latest(root, table)
    if entry is None or _settles(entry, table, refusal):
        return entry is not None
    # What is in force may be older than the refusal: a rollback serves it again.
    return any(_settles(one, table, refusal) for one in ledger.history(root, table))


def _settles(entry: Entry, table: Table, refusal: Refusal) -> bool:
    """Whether a publication is what a refusal waited for."""
    if entry.at < refusal.refused_at or entry.night < refusal.night:
        return False
    return not table.is_dated or table.layer != "bronze" or refusal.night.isoformat() in entry.deliveries


def _arrow(rows: Sequence[Mapping[str, object]]) -> "pa.Table":
    """Rows as they are written, by Arrow, which whoever only reads does without."""
    import pyarrow as pa

    schema = pa.schema(
        [
            ("table_name", pa.string()),
            ("night", pa.date32()),
            ("problems", pa.list_(pa.string())),
            ("limits", pa.list_(pa.string())),
            ("page", pa.string()),
            ("run", pa.string()),
            ("code_version", pa.string()),
            ("publication", pa.string()),
            ("refused_at", pa.timestamp("us", "UTC")),
        ]
    )
    return pa.Table.from_pylist(list(rows), schema)
