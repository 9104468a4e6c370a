"""Make a damaged log whole as far as it can be, so that its table can be opened."""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.fs

from jobs.errors import JobError
from jobs.lakehouse.commit import make
from jobs.lakehouse.logs import HINT, LOST, Log, examine
from jobs.lakehouse.storage import move_into
from jobs.tables import Table

ASIDE = "_damaged"
"""Folder below a table's address where damaged files of its log are kept; readers and maintenance pass it by."""


def mend(root: str, table: Table) -> list[str]:
    """Make a log whole as far as it can be: damaged files are set aside, entries that are lost are made up for.

    The first entry only says what the table consists of, which its definition says too. Any other entry that is lost is
    replaced by one that names a file that is not there: the versions from it on cannot be read, those before it can, and
    no number is given twice. A restore leaves these versions behind.

    Returns:
        What was done, in words; nothing if nothing was wrong.

    Raises:
        JobError: Too much is gone: the log does not reach back to the table's beginning, nor to a checkpoint.
    """
    log = examine(root, table)
    if log.begins_after < 0 and log.entries and min(log.entries) > 1:
        raise JobError(
            f"{table.name} was not restored: its log has neither a checkpoint nor the entries before version "
            f"{min(log.entries)}, and no version can be read; move the folder {table.path} of the lake away and run the "
            "night again: what is in landing/ and in the tables that it is made from makes it anew, its history is lost"
        )
    done = []
    for version in log.damaged_checkpoints:
        for path in log.checkpoints[version]:
            _set_aside(log, path)
        done.append(f"set aside the checkpoint of version {version}")
    if log.damaged_checkpoints or log.names_no_checkpoint:
        hint = f"{log.folder}/{HINT}"
        if log.filesystem.get_file_info(hint).type == pa.fs.FileType.File:
            log.filesystem.delete_file(hint)
            done.append(f"deleted {HINT}, which names no checkpoint")
    for version, what in log.lost.items():
        if version in log.entries:
            _set_aside(log, log.entries[version])
        _put(log, version, _first_entry(table) if version == 0 else _made_up(table, version))
        done.append(f"made up for the entry of version {version}, which {what}")
    return done


def _set_aside(log: Log, path: str) -> None:
    aside = f"{log.folder.removesuffix('/_delta_log')}/{ASIDE}/{PurePosixPath(path).name}"
    move_into(log.filesystem, path, aside)


def _put(log: Log, version: int, text: str) -> None:
    """Write an entry beside its place and put it there whole: who dies meanwhile leaves it missing."""
    beside = f"{log.folder.removesuffix('/_delta_log')}/{ASIDE}/{version:020d}.made"
    log.filesystem.create_dir(str(PurePosixPath(beside).parent), recursive=True)
    with log.filesystem.open_output_stream(beside) as stream:
        stream.write(text.encode())
    log.filesystem.move(beside, f"{log.folder}/{version:020d}.json")


def _first_entry(table: Table) -> str:
    """Version 0 of every table is the table being made, empty."""
    with tempfile.TemporaryDirectory() as folder:
        make(folder, table)
        return (Path(folder) / "_delta_log" / f"{0:020d}.json").read_text("utf-8")


def _made_up(table: Table, version: int) -> str:
    now = int(datetime.now(UTC).timestamp() * 1000)
    parts = [table.partitioned_by] if table.partitioned_by else []
    info = {"timestamp": now, "operation": "LOST", "operationParameters": {}}
    add = {
        "path": f"{LOST}{version:020d}.parquet",
        "partitionValues": dict.fromkeys(parts),
        "size": 0,
        "modificationTime": now,
        "dataChange": True,
        "stats": json.dumps({"numRecords": 0}),
    }
    return "".join(json.dumps({name: action}) + "\n" for name, action in (("commitInfo", info), ("add", add)))
