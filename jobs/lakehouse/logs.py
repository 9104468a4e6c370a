"""A table's log as files: what of it is missing or damaged.

Delta opens a table from its newest checkpoint and every entry after it; of one that is missing or no JSON it tells in words
of its own. Imports neither Spark nor the ledger.
"""

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq

from jobs.lakehouse.storage import folders_in, open_storage
from jobs.tables import Table

LOST = "lost-"
"""Begins the name of a file that was never there: versions that hold it cannot be read, and are not taken for whole."""
HINT = "_last_checkpoint"
"""File that names the newest checkpoint."""
_ENTRY, _CHECKPOINT = re.compile(r"(\d{20})\.json"), re.compile(r"(\d{20})\.checkpoint(\..*)?\.parquet")


@dataclass(frozen=True)
class Log:
    """The files of a table's log."""

    filesystem: pa.fs.FileSystem
    folder: str
    entries: dict[int, str]
    """Version → path of its entry."""
    checkpoints: dict[int, list[str]] = field(default_factory=dict)
    """Version → paths of its checkpoint."""

    @property
    def newest(self) -> int:
        """The newest version that it tells of; -1 if there is none."""
        return max([*self.entries, *self.checkpoints], default=-1)

    @cached_property
    def damaged_checkpoints(self) -> list[int]:
        """Versions of the checkpoints that cannot be read."""
        return [v for v, paths in self.checkpoints.items() if not all(map(self._is_parquet, paths))]

    @property
    def begins_after(self) -> int:
        """The version of the newest checkpoint that can be read: entries up to there are not needed; -1 if there is none."""
        return max(set(self.checkpoints) - set(self.damaged_checkpoints), default=-1)

    @cached_property
    def lost(self) -> dict[int, str]:
        """Version → what is wrong with its entry, of those that are needed to open the newest version."""
        needed = range(self.begins_after + 1, self.newest + 1)
        found = {v: "is missing" for v in needed if v not in self.entries}
        found |= {v: "is damaged" for v in needed if v in self.entries and self.read(v) is None}
        return dict(sorted(found.items()))

    @property
    def problems(self) -> list[str]:
        """What is wrong with it, in words."""
        return [
            *(f"the checkpoint of version {version} is damaged" for version in self.damaged_checkpoints),
            *(f"the entry of version {version} {what}" for version, what in self.lost.items()),
            *([f"{HINT} names a checkpoint that is not there"] if self.names_no_checkpoint else []),
        ]

    @property
    def names_no_checkpoint(self) -> bool:
        """Whether the hint of the newest checkpoint leads nowhere; a hint that is no JSON is passed by."""
        try:
            told = json.loads(self._text(f"{self.folder}/{HINT}"))
            return int(told["version"]) not in self.checkpoints
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def read(self, version: int) -> list[dict[str, Any]] | None:
        """The actions of an entry; None if it is no JSON."""
        try:
            told = [json.loads(line) for line in self._text(self.entries[version]).splitlines() if line.strip()]
        except (OSError, ValueError):
            return None
        return told if all(isinstance(action, dict) for action in told) else None

    def _text(self, path: str) -> str:
        with self.filesystem.open_input_stream(path) as stream:
            return bytes(stream.read()).decode("utf-8")

    def _is_parquet(self, path: str) -> bool:
        try:
            with self.filesystem.open_input_file(path) as file:
                return bool(pq.ParquetFile(file).read().num_rows)
        except (OSError, pa.ArrowException):
            return False


def examine(root: str, table: Table) -> Log:
    """Look at the files of a table's log; empty where there is none."""
    filesystem, address = open_storage(f"{root}/{table.path}")
    folder = f"{address}/_delta_log"
    log = Log(filesystem, folder, {})
    if not any(one.base_name == "_delta_log" for one in folders_in(filesystem, address)):
        return log
    for info in filesystem.get_file_info(pa.fs.FileSelector(folder)):
        if found := _ENTRY.fullmatch(info.base_name):
            log.entries[int(found[1])] = info.path
        elif found := _CHECKPOINT.fullmatch(info.base_name):
            log.checkpoints.setdefault(int(found[1]), []).append(info.path)
    return log
