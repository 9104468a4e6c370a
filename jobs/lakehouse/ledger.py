"""The ledger: what each publication says of itself, kept as the metadata of its Delta commit.

Read with delta-rs, so that no Spark session is needed.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from jobs.errors import GoneError, JobError
from jobs.lakehouse.opening import opened
from jobs.tables import Table

FORMAT = 2
"""Version of the lake's layout and of this metadata; a lake that carries a larger one was made by newer code."""

FORGETS = "forgets"
"""In the metadata of a commit: it only takes rows of a forgotten person out of what is in force, rolled back or not."""
_LOOKED_AT_FIRST = 3
"""Commits: the publication in force is nearly always the last, or just before some maintenance."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What became of the rows of one partition, or of a whole table that has none."""

    published: int
    broken: int = 0
    """Rows set aside with a reason."""
    parked: int = 0
    """Rows that wait for another table."""
    by_reason: dict[str, int] = field(default_factory=dict)
    """Rows set aside or parked by reason code; a row with two reasons counts under both."""
    duplicates: int = 0
    """Rows of the spine that said exactly the same as one of those offered."""
    superseded: int = 0
    """Rows of the spine that one of those offered replaced or summed up."""
    of_other_inputs: int = 0
    """Rows offered that do not come from the spine."""

    @property
    def offered(self) -> int:
        """Rows offered to the door."""
        return self.published + self.broken + self.parked


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a publication says of itself: it becomes the metadata of its commit."""

    night: date
    publication: str = ""
    """Names the publication in the table's files and in ops.quarantine."""
    offered: int
    published: int
    """Rows that are there after it; of a dated table, rows of the partitions it replaced."""
    quarantined: dict[str, int] = field(default_factory=dict)
    """Rows set aside by reason; a row with two reasons counts under both."""
    parked: int = 0
    spine: dict[str, int] = field(default_factory=dict)
    """What became of every row of the spine: rows, published, set_aside, parked, duplicates, superseded, and what the job
    left out by reason. Of bronze: records in the files, published, set_aside, parked. Empty for a table without a spine
    whose rows are counted."""
    counts: dict[str, int] = field(default_factory=dict)
    """What the job counted of its rows while they were written."""
    compared_by: dict[str, str] = field(default_factory=dict)
    """What must be the same of the next publication for the two to be compared, beside the settings."""
    limits: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What was observed of each limit, by its name: promise, found, state."""
    profile: dict[str, dict[str, float]] = field(default_factory=dict)
    """What was measured, by name of the measure, of each delivery; of a current table under no name."""
    columns: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Of bronze, of each of the newest deliveries: ``columns``, names with their types, and ``files``."""
    accepted: dict[str, Any] = field(default_factory=dict)
    """Who overruled limits and why, and what was found of them: by, reason, limits."""
    replaces: str = ""
    """The decision of a person that it replaces, in words: a rollback."""
    replaced: list[str] | None = None
    """Partitions that it replaced; None for the whole table."""
    parts: dict[str, Part] = field(default_factory=dict)
    """Counts by partition: of a current table all it has, of a dated one those replaced."""
    inputs: dict[str, int | None] = field(default_factory=dict)
    """Version of each input: of a table its Delta version, of the model its registered version; None if not there."""
    deliveries: dict[str, str] = field(default_factory=dict)
    """For bronze: content hash of the delivery behind each partition."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Values of the settings that shape the table."""
    code: str = ""
    """Hash of the sources that made it."""
    code_version: str = ""
    run: str = ""
    """The Airflow run, or the command that published."""
    seconds: float = 0.0
    forgotten: int = 0
    """Rows that were taken out of what was published, as they were of people who were forgotten: the rows that are left were
    never made by a job from the inputs that it names."""


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """A person served a kept night again: what the commit that did it says of itself."""

    by: str
    reason: str
    since: date
    """The night that was served until then."""
    to: date
    """The night that is served since."""
    holds: date | None
    """The last night that is not served by being run again; None if the newest that was published serves."""
    at: datetime
    """When, UTC."""


@dataclass(frozen=True, kw_only=True)
class Restore:
    """A person put a damaged table back to a version that was whole."""

    by: str
    reason: str
    to: int
    """The version."""
    at: datetime
    """When, UTC."""


@dataclass(frozen=True, kw_only=True)
class Entry(Account):
    """One publication of one table: one Delta commit."""

    table: str
    version: int
    at: datetime
    """When it was committed, UTC."""
    rollback: Rollback | None = None
    """By what it is in force again, if that was a rollback."""

    def held_against(self, night: date) -> str:
        """Why a night is not to be served although it is run, and what to type; empty if it is to be."""
        told = self.rollback
        if told is None or told.holds is None or night > told.holds:
            return ""
        return (
            f"{self.table} was rolled back to night {told.to} by {told.by} ({told.reason}): nights up to {told.holds} are "
            f"not served, a later one is; to make them anew, run `reelhouse reset {self.table} --to {told.to}` first"
        )


def open_table(root: str, table: Table) -> DeltaTable | None:
    """The table as delta-rs sees it, None if it was never published.

    Raises:
        DamagedError: Its log is damaged.
    """
    try:
        with opened(root, table):
            delta = DeltaTable(f"{root}/{table.path}")
    except TableNotFoundError:
        return None
    # Version 0 is the table being made, empty: a run that died then has published nothing.
    return None if delta.version() == 0 and not delta.file_uris() else delta


def open_version(root: str, table: Table, version: int) -> DeltaTable:
    """The table as it was at an earlier version.

    Raises:
        GoneError: Its log, or files that it held, are not kept any more.
    """
    try:
        delta = DeltaTable(f"{root}/{table.path}", version=version)
    except (TableNotFoundError, DeltaError) as gone:
        raise GoneError(f"version {version} of {table.name} cannot be read: its log is not kept any more") from gone
    files = [unquote(uri).removeprefix("file://") for uri in delta.file_uris()]
    # Of a store elsewhere the reader finds out.
    if any("://" not in file and not Path(file).exists() for file in files):
        raise GoneError(f"version {version} of {table.name} cannot be read: its files were deleted (vacuumed) since")
    return delta


def history(root: str, table: Table, limit: int | None = None) -> list[Entry]:
    """Publications of a table, newest first; commits of others, such as maintenance, are left out.

    Args:
        root: The lake's root.
        table: Which table.
        limit: How many commits to look at; all, if None.

    Raises:
        JobError: The lake was made by a newer version.
    """
    delta = open_table(root, table)
    return [] if delta is None else list(_entries(table, delta.history(limit)))


def latest(root: str, table: Table) -> Entry | None:
    """The publication in force, None before the first.

    After a restore that is the publication of the version that was restored.
    """
    delta = open_table(root, table)
    return None if delta is None else in_force(table, delta)


@dataclass(frozen=True)
class Served:
    """What a table holds now."""

    version: int
    """The newest Delta version, which may be later than that of the publication."""
    entry: Entry
    rows: int
    bytes: int
    """Of its files, as the log has them."""


def served(root: str, table: Table) -> Served | None:
    """What a table holds now, None before the first publication."""
    delta = open_table(root, table)
    entry = in_force(table, delta) if delta else None
    if delta is None or entry is None:
        return None
    sizes = delta.get_add_actions(flatten=True)["size_bytes"].to_pylist()
    return Served(delta.version(), entry, delta.count(), sum(sizes))


def is_served(root: str, table: Table, now: Served, version: int) -> bool:
    """Whether a table holds the rows that it held at a version: maintenance and a rollback that was undone change none."""
    if version >= now.version:  # a later one is of a table that was there before this one
        return version == now.version
    then = as_of(root, table, version)
    return then is not None and then.version == now.entry.version


def as_of(root: str, table: Table, version: int) -> Entry | None:
    """The publication whose rows a table held at an earlier version; None if its log is gone."""
    while (delta := open_table(root, table)) is not None:
        entry = in_force(table, delta, version)
        # delta-rs numbers commits back from the version it opened, whatever was committed since: then look again.
        if DeltaTable(delta.table_uri).version() == delta.version():
            return entry
    return None


def in_force(table: Table, delta: DeltaTable, upto: int | None = None) -> Entry | None:
    """The publication whose rows a table holds.

    Args:
        table: Which table.
        delta: The table at its newest version: delta-rs numbers the commits of an earlier one wrongly.
        upto: The version to look at; the newest, if None.

    Raises:
        JobError: The lake was made by a newer version.
    """
    if table.layer == "ops":
        return None  # commits there are no publications, and there are many
    limit: int | None = _LOOKED_AT_FIRST
    while True:
        commits = delta.history(limit)
        found = next(_followed(table, delta, commits, delta.version() if upto is None else upto), None)
        if found or limit is None or len(commits) < limit:
            return found
        limit = None


def in_turn(table: Table, delta: DeltaTable, upto: int | None = None, commits: int | None = None) -> Iterator[Entry]:
    """The publication in force, then the one that it followed, and so on: without those that a restore undid.

    Args:
        table: Which table.
        delta: The table at its newest version.
        upto: The version to begin at; the newest, if None.
        commits: How many of the newest commits to look at; all, if None.

    Raises:
        JobError: The lake was made by a newer version.
    """
    return _followed(table, delta, delta.history(commits), delta.version() if upto is None else upto)


def _followed(table: Table, delta: DeltaTable, commits: list[dict[str, Any]], upto: int) -> Iterator[Entry]:
    """Publications whose rows a table held one after the other, newest first, from a version on."""
    looked_at, restored = upto, list[dict[str, Any]]()
    for commit in commits:
        if commit["version"] > looked_at:
            continue
        if "userMetadata" in commit and (entry := _entry(table, commit)) is not None:
            yield replace(entry, rollback=_rollback(restored[0] if restored else commit))
            restored = []
        elif commit.get("operation") == "RESTORE":
            # The rows are those of an earlier version: so is the publication.
            looked_at = _restored_version(commit, delta)
            restored.append(commit)


def rollbacks(root: str, table: Table) -> list[Rollback]:
    """Every rollback of a table, newest first."""
    delta = open_table(root, table)
    told = [_rollback(commit) for commit in delta.history() if FORGETS not in commit] if delta else []
    return [one for one in told if one]


def restores(root: str, table: Table) -> list[Restore]:
    """Every restore of a damaged table, newest first."""
    delta = open_table(root, table)
    commits = [commit for commit in delta.history() if "restore" in commit] if delta else []
    return [Restore(**json.loads(commit["restore"]), at=_moment(commit)) for commit in commits]


def restore_metadata(by: str, reason: str, to: int) -> str:
    """What the commit of a restore says of itself; the commit has its own time."""
    return json.dumps({"by": by, "reason": reason, "to": to})


def _moment(commit: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(commit["timestamp"] / 1000, tz=UTC)


def rollback_metadata(rollback: Rollback) -> str:
    """What the commit of a rollback says of itself; the commit has its own time."""
    return json.dumps({name: str(value or "") for name, value in asdict(rollback).items() if name != "at"})


def _rollback(commit: dict[str, Any]) -> Rollback | None:
    if "rollback" not in commit:
        return None
    told = json.loads(commit["rollback"])
    nights = {name: date.fromisoformat(told[name]) if told[name] else None for name in ("since", "to", "holds")}
    at = _moment(commit)
    return Rollback(**{**told, **nights}, at=at)


def version(root: str, table: Table) -> int | None:
    """The newest Delta version, None if the table was never published."""
    delta = open_table(root, table)
    return delta.version() if delta else None


def encode(account: Account) -> str:
    """The commit metadata of a publication."""
    return json.dumps({"format": FORMAT, **asdict(account), "night": account.night.isoformat()}, sort_keys=True)


def _entries(table: Table, commits: list[dict[str, Any]]) -> Iterator[Entry]:
    for commit in commits:
        if "userMetadata" in commit and (entry := _entry(table, commit)) is not None:
            yield entry


def _restored_version(commit: dict[str, Any], delta: DeltaTable) -> int:
    """The version that a RESTORE went back to: told by number or, as Delta allows, by a moment."""
    told = {name: value for name, value in commit.get("operationParameters", {}).items() if value}
    if "version" in told:
        return int(told["version"])
    if "datetime" in told:
        moment = int(told["datetime"])  # delta-rs: milliseconds
    else:
        said = datetime.fromisoformat(told["timestamp"])
        moment = int((said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp() * 1000)
    earlier = (c["version"] for c in delta.history() if c["version"] < commit["version"] and c["timestamp"] <= moment)
    return max(earlier, default=-1)


def _entry(table: Table, commit: dict[str, Any]) -> Entry | None:
    """Read one commit's metadata; None if it is not ours."""
    try:
        metadata = json.loads(commit["userMetadata"])
    except json.JSONDecodeError:
        return None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("format"), int) or "night" not in metadata:
        return None
    if metadata.pop("format") > FORMAT:
        raise JobError(
            f"{table.name} was not opened: the lake was written by a newer version of Reelhouse "
            f"({metadata.get('code_version', 'unknown')}); nothing was changed; install that version or a later one"
        )
    known = {item.name for item in fields(Account)}
    told = {name: value for name, value in metadata.items() if name in known}
    parts = {name: Part(**part) for name, part in told.pop("parts", {}).items()}
    return Entry(
        table=table.name,
        night=date.fromisoformat(told.pop("night")),
        version=commit["version"],
        at=_moment(commit),
        parts=parts,
        **told,
    )
