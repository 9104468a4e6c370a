"""Maintenance: what nobody needs any more goes, and what lies in many small files is put together. Without Spark.

It goes beside nights: it deletes only what no needed version names, and its commits give way to everybody else's. Done twice
in a row it does nothing the second time.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError

from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.needed import Needed
from jobs.lakehouse.storage import open_storage
from jobs.tables import Table
from jobs.tables.ops import QUARANTINE, REFUSALS

ABANDONED_AFTER = timedelta(days=1)
"""No publication takes that long: a file that no version names is older only if what wrote it died."""
_LOG = "_delta_log"
_CHECKPOINT_EVERY = 10
"""Commits after which a table's log is summed up, so that readers open few files."""
_SMALL = 32 * 1024**2
_MOST_SMALL = 4
"""Files of fewer bytes, and how many of them a partition may have."""
_FULL = 128 * 1024**2
"""Bytes of a file of several."""
_ATTEMPTS = 3
_OWN_CLEANUP = "delta.enableExpiredLogCleanup"


@dataclass(frozen=True)
class Done:
    """One thing that was done, or would be."""

    name: str
    """The table, or the folder below the home."""
    what: str
    """Of what there is less now."""
    count: int
    bytes: int = 0
    """How many bytes went; 0 where none did yet."""


@contextmanager
def noting(name: str, problems: list[str]) -> Iterator[None]:
    """Note what a damaged table, or a disk, says; the others are maintained all the same."""
    try:
        yield
    except (JobError, DeltaError, OSError, ValueError) as error:
        problems.append(f"{name}: {' '.join(str(error).split())}")


def trim_refusals(root: str, earliest: datetime, *, dry_run: bool) -> list[Done]:
    """Forget refusals of long ago, but for the newest of each table, and the rows that were refused.

    Args:
        root: The lake's root.
        earliest: Those before it go.
        dry_run: Whether to say only what would be done.
    """
    refusals, quarantine = ledger.open_table(root, REFUSALS), ledger.open_table(root, QUARANTINE)
    rows = (
        refusals.to_pyarrow_table(columns=["table_name", "publication", "refused_at"]).to_pylist() if refusals else []
    )
    newest = {row["table_name"]: row["refused_at"] for row in sorted(rows, key=lambda row: row["refused_at"])}
    old = {r["publication"] for r in rows if r["refused_at"] < earliest and r["refused_at"] != newest[r["table_name"]]}
    stay = {row["publication"] for row in rows} - old
    done = []
    if refusals and old - stay:
        gone = sum(row["publication"] in old for row in rows)
        done.append(Done(REFUSALS.name, "rows", gone))
        if not dry_run:
            _delete_rows(refusals, f"publication IN ({_listed(old)})")
    if quarantine:
        held = quarantine.to_pyarrow_table(columns=["publication"], filters=[("state", "=", "refused")])
        counted = {one["values"]: one["counts"] for one in pc.value_counts(held["publication"]).to_pylist()}
        if unknown := counted.keys() - stay:
            done.append(Done(QUARANTINE.name, "rows", sum(counted[name] for name in unknown)))
            if not dry_run:
                _delete_rows(quarantine, f"state = 'refused' AND publication IN ({_listed(unknown)})")
    return done


def _listed(publications: set[str]) -> str:
    return ", ".join(repr(name) for name in sorted(publications))


def _delete_rows(delta: DeltaTable, condition: str) -> None:
    try:
        delta.delete(condition)
    except CommitFailedError:
        return  # somebody writes there: the next time


def put_together(root: str, table: Table, *, dry_run: bool) -> list[Done]:
    """Merge the files of partitions that have many small ones: of dated tables, and of those of ops.

    Tables whose files are sorted are left alone: their readers find what they want by the bounds of files and row groups.

    Args:
        root: The lake's root.
        table: Which table.
        dry_run: Whether to say only what would be done.
    """
    delta = ledger.open_table(root, table)
    if delta is None or not table.is_dated or table.clustered_by:
        return []
    crowded = {part: sizes for part, sizes in _small_files(delta).items() if len(sizes) > _MOST_SMALL}
    if not crowded:
        return []
    if not dry_run:
        filters = [(table.partitioned_by, "in", sorted(crowded))] if table.partitioned_by else None
        try:
            delta.optimize.compact(filters, target_size=_FULL)
        except CommitFailedError:
            return []  # somebody replaced them meanwhile
    return [Done(table.name, "small files", sum(map(len, crowded.values())) - len(crowded))]


def _small_files(delta: DeltaTable) -> dict[str, list[int]]:
    """Sizes of small files by partition."""
    actions, found = delta.get_add_actions(flatten=True), defaultdict[str, list[int]](list)
    told = zip(actions.column("path").to_pylist(), actions.column("size_bytes").to_pylist(), strict=True)
    for path, size in told:
        if size < _SMALL:
            found[path.rpartition("/")[0].partition("=")[2]].append(size)
    return found


def sum_up(root: str, table: Table) -> None:
    """Make a checkpoint of a table whose log has grown since the last one.

    Delta then deletes commits by their age alone, unless the table says otherwise: those made before it did are told to.
    """
    delta = ledger.open_table(root, table)
    if delta is None:
        return
    lacking = {_OWN_CLEANUP: "false"} if delta.metadata().configuration.get(_OWN_CLEANUP) != "false" else {}
    try:
        delta.alter.set_table_properties(lacking) if lacking else None
    except CommitFailedError:
        return  # somebody publishes it: the next time
    filesystem, path = open_storage(f"{root}/{table.path}/{_LOG}")
    if delta.version() - max(_checkpoints(_log_files(filesystem, path)), default=-1) >= _CHECKPOINT_EVERY:
        delta.create_checkpoint()


def delete_files(root: str, table: Table, needed: Needed, now: datetime, *, dry_run: bool) -> list[Done]:
    """Delete the files that no needed version of a table names.

    Args:
        root: The lake's root.
        table: Which table.
        needed: What is needed of it.
        now: What time it is.
        dry_run: Whether to say only what would be done.
    """
    filesystem, base = open_storage(f"{root}/{table.path}")
    for _ in range(_ATTEMPTS):
        version = DeltaTable(f"{root}/{table.path}").version()
        named = _named(root, table, needed, version)
        gone = [
            info
            for info in _parquet_files(filesystem, base)
            if info.path.removeprefix(f"{base}/") not in named and _is_old(info, now)
        ]
        # What was committed meanwhile may name an old file again: a restore does.
        if DeltaTable(f"{root}/{table.path}").version() == version:
            break
    else:
        return []
    if not gone:
        return []
    if not dry_run:
        for info in gone:
            filesystem.delete_file(info.path)
        _delete_empty_folders(filesystem, base, now)
    return [Done(table.name, "files", len(gone), sum(info.size for info in gone))]


def _named(root: str, table: Table, needed: Needed, version: int) -> set[str]:
    """Paths of the files that needed versions name."""
    log = f"{root}/{table.path}/{_LOG}"
    found = set(_added(log, needed.since + 1, version))
    for one in {needed.since, *(rows for rows in needed.rows if rows < needed.since)}:
        try:
            then = DeltaTable(f"{root}/{table.path}", version=one)
        except DeltaError:
            continue  # its log has gone before: so have its files
        found |= set(map(unquote, then.get_add_actions(flatten=True).column("path").to_pylist()))
    return found


def _added(log: str, first: int, last: int) -> Iterator[str]:
    """Paths of the files that commits have added or restored."""
    filesystem, path = open_storage(log)
    for version in range(first, last + 1):
        with filesystem.open_input_stream(f"{path}/{version:020}.json") as commit:
            actions = map(json.loads, filter(None, commit.read().decode().splitlines()))
            yield from (unquote(action["add"]["path"]) for action in actions if "add" in action)


def _parquet_files(filesystem: pa.fs.FileSystem, base: str) -> list[pa.fs.FileInfo]:
    """Data files of a table: not those of its log, nor what is staged."""
    found = filesystem.get_file_info(pa.fs.FileSelector(base, recursive=True))
    return [
        info
        for info in found
        if info.path.endswith(".parquet") and not info.path.removeprefix(f"{base}/").startswith("_")
    ]


def _is_old(info: pa.fs.FileInfo, now: datetime) -> bool:
    return info.mtime is not None and now - info.mtime > ABANDONED_AFTER


def _delete_empty_folders(filesystem: pa.fs.FileSystem, base: str, now: datetime) -> None:
    """Delete folders of partitions that hold nothing any more; an object store has none."""
    if not isinstance(filesystem, pa.fs.LocalFileSystem):
        return
    for folder in Path(base).glob("[!_]*=*/"):
        is_idle = now.timestamp() - folder.stat().st_mtime > ABANDONED_AFTER.total_seconds()
        if is_idle and not any(folder.iterdir()):
            folder.rmdir()


def delete_commits(root: str, table: Table, needed: Needed, *, dry_run: bool) -> list[Done]:
    """Delete the log of versions before the first that is needed: as far as a checkpoint sums it up.

    Args:
        root: The lake's root.
        table: Which table.
        needed: What is needed of it.
        dry_run: Whether to say only what would be done.
    """
    filesystem, path = open_storage(f"{root}/{table.path}/{_LOG}")
    files = _log_files(filesystem, path)
    first = max((one for one in _checkpoints(files) if one <= needed.first_commit), default=0)
    # Oldest first: what a kill leaves has no gap.
    gone = sorted((info for info in files if _version_of(info) < first), key=lambda info: info.base_name)
    if not gone:
        return []
    if not dry_run:
        for info in gone:
            filesystem.delete_file(info.path)
    return [Done(table.name, "commits", len(gone), sum(info.size for info in gone))]


def _log_files(filesystem: pa.fs.FileSystem, path: str) -> list[pa.fs.FileInfo]:
    """Files of a log that are named by a version."""
    found = filesystem.get_file_info(pa.fs.FileSelector(path, allow_not_found=True))
    return [info for info in found if info.base_name[:20].isdigit()]


def _checkpoints(files: list[pa.fs.FileInfo]) -> set[int]:
    return {_version_of(info) for info in files if PurePosixPath(info.path).suffixes[:1] == [".checkpoint"]}


def _version_of(info: pa.fs.FileInfo) -> int:
    return int(info.base_name[:20])
