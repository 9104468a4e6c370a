"""The ledger: what each publication says of itself, kept as the metadata of its Delta commit.

Read with delta-rs, so that no Spark session is needed.
"""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from jobs.errors import JobError
from jobs.tables import Table

FORMAT = 1
"""Version of the lake's layout and of this metadata; a lake that carries a larger one was made by newer code."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a publication says of itself: it becomes the metadata of its commit."""

    night: date
    offered: int
    published: int
    quarantined: dict[str, int] = field(default_factory=dict)
    """Rows set aside by reason; a row with two reasons counts under both."""
    parked: int = 0
    inputs: dict[str, int] = field(default_factory=dict)
    """Version of each input that was read: of a table its Delta version, of the model its registered version."""
    deliveries: dict[str, str] = field(default_factory=dict)
    """For bronze: content hash of the delivery behind each partition."""
    code_version: str = ""
    run: str = ""
    """The Airflow run, or the command that published."""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Entry(Account):
    """One publication of one table: one Delta commit."""

    table: str
    version: int
    at: datetime
    """When it was committed, UTC."""


def open_table(root: str, table: Table) -> DeltaTable | None:
    """The table as delta-rs sees it, None if it was never published."""
    try:
        return DeltaTable(f"{root}/{table.path}")
    except TableNotFoundError:
        return None


def history(root: str, table: Table, limit: int | None = None) -> list[Entry]:
    """Publications of a table, newest first.

    Args:
        root: The lake's root.
        table: Which table.
        limit: How many commits to look at; all, if None.

    Raises:
        JobError: The lake was made by a newer version.
    """
    delta = open_table(root, table)
    if delta is None:
        return []
    commits = delta.history(limit)
    return [_entry(table, commit) for commit in commits if "userMetadata" in commit]


def latest(root: str, table: Table) -> Entry | None:
    """The publication that is visible now, None before the first."""
    # Maintenance commits carry no entry; a publication is nearly always the last commit or the one before.
    return next(iter(history(root, table, limit=1) or history(root, table)), None)


def version(root: str, table: Table) -> int | None:
    """The newest Delta version, None if the table was never published."""
    delta = open_table(root, table)
    return delta.version() if delta else None


def encode(account: Account) -> str:
    """The commit metadata of a publication."""
    return json.dumps({"format": FORMAT, **asdict(account), "night": account.night.isoformat()}, sort_keys=True)


def _entry(table: Table, commit: dict[str, Any]) -> Entry:
    """Read one commit's metadata."""
    metadata = json.loads(commit["userMetadata"])
    if metadata.pop("format") > FORMAT:
        raise JobError(
            f"{table.name} was not opened: the lake was written by a newer version of Reelhouse "
            f"({metadata.get('code_version', 'unknown')}); nothing was changed; install that version or a later one"
        )
    return Entry(
        table=table.name,
        night=date.fromisoformat(metadata.pop("night")),
        version=commit["version"],
        at=datetime.fromtimestamp(commit["timestamp"] / 1000, tz=UTC),
        **metadata,
    )
