"""Put a table whose files or log are damaged back to a version that is whole, in one commit, without Spark.

A reset undoes nights that were wrong, a rollback serves an earlier night on purpose and holds; a restore is for a disk that
failed: what is lost since is made again by the next night, as nothing of it is in force any more.
"""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError
from pyarrow.fs import LocalFileSystem, copy_files

from jobs.errors import JobError
from jobs.lakehouse import forgetting, ledger, logs, quarantine
from jobs.lakehouse.commit import OvertakenError
from jobs.lakehouse.damage import Damage, Inspection
from jobs.lakehouse.forgotten import KeptOut
from jobs.lakehouse.mending import mend
from jobs.lakehouse.storage import remove
from jobs.tables import Table
from jobs.tables.ops import FORGOTTEN, QUARANTINE, REFUSALS


@dataclass(frozen=True)
class Version:
    """What a table held at a version, and what there is of it."""

    version: int
    at: datetime
    """When it was committed, UTC."""
    night: date | None
    """Of the publication whose rows it held; None of a table beside the publications of others."""
    rows: int | None = None
    """By the log; None where it does not tell."""
    damages: tuple[Damage, ...] = ()
    """The files of it that cannot be read."""
    is_gone: bool = False
    """Whether its log, or any entry that it needs, is not there."""
    unforgets: str = ""
    """Whom it would bring back who was forgotten since, in words: it may not be put back."""

    @property
    def is_whole(self) -> bool:
        """Whether all of it can be read, and may be put back."""
        return not self.damages and not self.is_gone and not self.unforgets


@dataclass
class Versions:
    """The versions of a table that its log tells of, each looked at when it is asked for; nothing is changed.

    Where the log is damaged, a copy of it is mended and looked at: that is what a restore would find.

    Args:
        root: The lake's root.
        table: Which table.
        deep: Whether every page of the files is read.
    """

    root: str
    table: Table
    deep: bool = False
    problems: list[str] = field(init=False)
    """What is wrong with the log."""
    _log: str = field(init=False)
    """The lake's root, or that of the copy."""
    _copy: tempfile.TemporaryDirectory[str] = field(init=False)
    _inspection: Inspection = field(init=False)
    _told: dict[int, tuple[datetime, date | None]] = field(init=False)
    """When each version was committed, and of which night it is, by the entries that can be read."""
    _forgot: int = field(init=False)
    """The last version that took a person out; 0 if none did."""

    def __post_init__(self) -> None:
        log = logs.examine(self.root, self.table)
        if log.newest < 0:
            raise JobError(f"{self.table.name} was not restored: it was never published")
        self.problems, self._log = log.problems, self.root
        self._inspection = Inspection(f"{self.root}/{self.table.path}", self.deep)
        if self.problems:
            self._copy = tempfile.TemporaryDirectory(prefix="reelhouse-log-")
            self._log = self._copy.name
            folder = Path(self._log) / self.table.path / "_delta_log"
            folder.mkdir(parents=True)
            copy_files(
                log.folder, str(folder), source_filesystem=log.filesystem, destination_filesystem=LocalFileSystem()
            )
            mend(self._log, self.table)
        log = logs.examine(self._log, self.table)
        self._told = dict(_nights(log))
        self._forgot = max((version for version, info in _infos(log) if ledger.FORGETS in info), default=0)

    def __iter__(self) -> Iterator[Version]:
        """Newest first; not the first one, which is the table being made, empty."""
        return (self.look(version) for version in sorted(self._told, reverse=True) if version)

    def look(self, version: int) -> Version:
        """What there is of a version.

        Raises:
            JobError: The log does not tell of it.
        """
        if version not in self._told:
            raise JobError(
                f"{self.table.name} was not restored to version {version}: its log tells of "
                f"{min(self._told, default=0)} to {max(self._told, default=0)}; nothing was changed"
            )
        told = Version(version, *self._told[version])
        try:
            delta = DeltaTable(f"{self._log}/{self.table.path}", version=version)
            damages = tuple(self._inspection.damages(delta))
        except DeltaError:
            return replace(told, is_gone=True)
        return replace(told, rows=delta.count(), damages=damages, unforgets=self._unforgets(delta))

    def newest_whole(self) -> Version | None:
        """The newest version of which everything can be read; None if there is none."""
        return next((one for one in self if one.is_whole), None)

    def find(self, to: int | date) -> Version:
        """The version, or the newest whole one of a night, to restore.

        Raises:
            JobError: There is none, or it is not whole; names the newest that is.
        """
        if isinstance(to, int):
            found = self.look(to)
        else:
            of_night = [version for version, (_, night) in sorted(self._told.items()) if night == to]
            looked_at = [self.look(version) for version in reversed(of_night)]
            found_whole = [one for one in looked_at if one.is_whole]
            if not looked_at:
                raise JobError(f"{self._said(to)}: nothing was published for it; {self._instead()}")
            found = (found_whole or looked_at)[0]
        if found.is_gone:
            raise JobError(f"{self._said(to)}: its log is damaged, or not kept any more; {self._instead()}")
        if found.unforgets:
            raise JobError(f"{self._said(to)}: {found.unforgets}; {self._instead()}")
        if found.damages:
            raise JobError(f"{self._said(to)}: {'; '.join(map(str, found.damages[:3]))}; {self._instead()}")
        return found

    def _unforgets(self, delta: DeltaTable) -> str:
        """Whom a version would bring back; of other tables it goes back without them, whom ``user_id`` tells."""
        if self.table == FORGOTTEN:
            newest = DeltaTable(f"{self._log}/{self.table.path}").count()
            fewer = newest - delta.count()
            return f"{fewer:,} {'person' if fewer == 1 else 'people'} would not be kept out any more" if fewer else ""
        if self.table in (QUARANTINE, REFUSALS) and delta.version() < self._forgot:
            return "texts of it may name somebody who was forgotten since"
        return ""

    @property
    def without_any(self) -> str:
        """What to do where no version may be put back."""
        folder = f"{self.root}/{self.table.path}"
        if self.table == FORGOTTEN:
            return (
                f"bring {folder} back from a backup; without one, move it away and forget everybody again who was on it"
            )
        anew = "starts" if self.table.layer == "ops" else "makes"
        return f"move {folder} away and run the night again, which {anew} the table anew"

    def _said(self, to: int | date) -> str:
        return f"{self.table.name} was not restored to {'version' if isinstance(to, int) else 'night'} {to}"

    def _instead(self) -> str:
        whole = self.newest_whole()
        if whole is None:
            return f"no version is whole: {self.without_any}"
        return (
            f"nothing was changed; the newest whole one is `reelhouse restore {self.table.name} --to {whole.version}`"
        )


def restore(
    root: str, table: Table, to: Version, by: str, reason: str, run: str, out: KeptOut | None = None
) -> tuple[int, list[str]]:
    """Make a table what it was at a version, in one commit; its rows in quarantine follow.

    Args:
        root: The lake's root.
        table: Which table.
        to: A whole version.
        by: Who does it.
        reason: Why.
        run: What does it: a command.
        out: People who were forgotten: it goes back without them. None where nobody was.

    Returns:
        The new version, and what was done to the log so that there could be one.

    Raises:
        JobError: Somebody published the table meanwhile, or its log cannot be mended.
    """
    mended = mend(root, table)
    base = ledger.open_table(root, table)
    if base is None:
        raise JobError(f"{table.name} was not restored: it was never published")
    if base.version() == to.version:
        return to.version, mended
    # Looked at before the restore: delta-rs numbers the commits of an earlier version wrongly.
    entry = ledger.in_force(table, base, to.version) if to.night else None
    name = (entry.publication if entry else "") or f"{to.version}-{uuid4().hex[:12]}"
    filesystem, folder = quarantine.announce(root, table, name, is_restored=True) if entry else (None, "")
    metadata = {"run": run, "restore": ledger.restore_metadata(by, reason, to.version)}
    if entry and entry.rollback:
        # What held then holds again.
        metadata["rollback"] = ledger.rollback_metadata(entry.rollback)
    try:
        found = forgetting.go_back(root, table, base, entry, to.version, out, metadata) if out else None
        if found is None:
            base.restore(to.version, commit_properties=CommitProperties(custom_metadata=metadata, max_commit_retries=0))
    except (CommitFailedError, OvertakenError) as overtaken:
        if filesystem:
            remove(filesystem, folder)
        raise JobError(
            f"{table.name} was not restored: another run published it meanwhile, and what it published stays; "
            f"`reelhouse restore {table.name}` shows it"
        ) from overtaken
    if entry and filesystem:
        quarantine.bring_back(root, table, entry)
        remove(filesystem, folder)
    return found or base.version(), mended


def _infos(log: logs.Log) -> Iterator[tuple[int, dict[str, Any]]]:
    """What each commit that can be read says of itself, oldest first."""
    for version in sorted(log.entries):
        info = next((action["commitInfo"] for action in log.read(version) or () if "commitInfo" in action), None)
        if info is not None:
            yield version, info


def _nights(log: logs.Log) -> Iterator[tuple[int, tuple[datetime, date | None]]]:
    """When each version was committed, and the night of the publication whose rows it held, oldest first."""
    nights: dict[int, date | None] = {}
    for version, info in _infos(log):
        nights[version] = _night(info, nights) or nights.get(version - 1)
        yield version, (datetime.fromtimestamp(info.get("timestamp", 0) / 1000, tz=UTC), nights[version])


def _night(info: dict[str, object], nights: dict[int, date | None]) -> date | None:
    if isinstance(said := info.get("userMetadata"), str):
        try:
            return date.fromisoformat(json.loads(said)["night"])
        except (ValueError, KeyError, TypeError):
            return None
    parameters = info.get("operationParameters")
    to = parameters.get("version") if info.get("operation") == "RESTORE" and isinstance(parameters, dict) else None
    return nights.get(int(to)) if to else None
