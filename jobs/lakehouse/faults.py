"""What storage does to a job, in one line: a full disk, one that only reads, files that are damaged or gone.

Spark tells of these in pages of Java, and other readers often without the table. So nothing is taken from their words but
that it was storage: then this looks at the disks and the tables itself, and says only what it has found.
"""

import functools
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import duckdb
import pyarrow as pa
from deltalake.exceptions import DeltaError
from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException

from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.commit import abandon
from jobs.lakehouse.damage import Damage, Inspection
from jobs.settings import Settings
from jobs.tables import Table, nodes_of
from jobs.tables.ops import QUARANTINE, REFUSALS

if TYPE_CHECKING:
    from jobs.lakehouse.lake import Lake
    from jobs.lakehouse.publication import Staged

C = TypeVar("C", bound=Callable[..., Any])
_STORAGE = (OSError, DeltaError, pa.ArrowException)
_ENGINES = (PySparkException, Py4JError, duckdb.Error)
_FULL, _READ_ONLY = "No space left on device", "Read-only file system"
_SAID = re.compile(
    rf"{_FULL}|{_READ_ONLY}|Mkdirs failed|FAILED_READ_FILE|CANNOT_READ_FILE_FOOTER|DELTA_|No such file|No magic bytes"
    r"|Invalid Error|IO Error|Parquet|checksum"
)
"""What Spark's and DuckDB's errors say that come of storage."""


@contextmanager
def told(settings: Settings, job: str) -> Iterator[None]:
    """Turn what storage did to a job into a line; anything else is left as it is.

    Args:
        settings: Where everything is.
        job: The job.

    Raises:
        JobError: A disk is full or only reads, or files that the job needs are damaged.
    """
    try:
        yield
    except (*_ENGINES, *_STORAGE) as error:
        line = _line(error, settings, job) if _is_of_storage(error) else ""
        if not line:
            raise
        raise JobError(line) from error


def require_writable(settings: Settings, job: str) -> None:
    """Refuse to begin where nothing can be written: Spark would only find out at the end.

    Raises:
        JobError: The lake's disk, or that of the home, only reads.
    """
    for place in _places(settings)[:2]:
        if os.statvfs(place).f_flag & os.ST_RDONLY or not os.access(place, os.W_OK):
            raise JobError(_only_reads(job, place))


def takes_back(commit: C) -> C:
    """Let nothing stay of a publication whose commit fails before it is visible: a full disk needs the room."""

    @functools.wraps(commit)
    def commit_or_take_back(lake: "Lake", staged: "Staged", *args: Any, **named: Any) -> Any:
        try:
            return commit(lake, staged, *args, **named)
        except (OSError, DeltaError, JobError):
            with suppress(OSError, DeltaError, JobError):
                abandon(lake.settings.lake, staged.suite.of, staged.name)
            raise

    return cast("C", commit_or_take_back)


def _is_of_storage(error: Exception) -> bool:
    return isinstance(error, _STORAGE) or _SAID.search(str(error)) is not None


def _line(error: Exception, settings: Settings, job: str) -> str:
    """What was found; empty if nothing was."""
    places = _places(settings)
    for place in places[:2]:
        if os.statvfs(place).f_flag & os.ST_RDONLY:
            return _only_reads(job, place)
    if _FULL in str(error):
        room = ", ".join(f"{place} has {shutil.disk_usage(place).free / 1e6:,.1f} MB free" for place in places)
        return (
            f"{job} was not done: a disk is full ({_FULL}; now that what was half done is gone, {room}); "
            "every table is as it was; make room, then run it again"
        )
    for table in _touched(job):
        if found := _damages(settings.lake, table):
            return (
                f"{job} was not done: {len(found)} {'file' if len(found) == 1 else 'files'} of {table.name} cannot be read: "
                f"{'; '.join(map(str, found[:3]))}; earlier versions can be; `reelhouse restore {table.name} --deep` shows them"
            )
    return ""


def _damages(root: str, table: Table) -> list[Damage]:
    delta, address = ledger.open_table(root, table), f"{root}/{table.path}"
    # What sizes and footers tell is told at once.
    looks = (Inspection(address), Inspection(address, deep=True)) if delta else ()
    return next((found for look in looks if delta and (found := list(look.damages(delta)))), [])


def _touched(job: str) -> list[Table]:
    """Tables that a job reads or writes."""
    nodes = [one for node in nodes_of(job) for one in (node, *node.inputs)]
    return list(dict.fromkeys([one for one in nodes if isinstance(one, Table)] + [QUARANTINE, REFUSALS]))


def _places(settings: Settings) -> list[Path]:
    """Folders on the disks that a job writes to, each as far as it is there: the lake, the home, and Spark's own."""
    lake = [] if "://" in settings.lake else [Path(settings.lake)]
    wanted = [*lake, settings.root, Path(tempfile.gettempdir())]
    return [next(place for place in (one, *one.parents) if place.exists()) for one in wanted]


def _only_reads(job: str, place: Path) -> str:
    return (
        f"{job} was not done: nothing can be written to {place} ({_READ_ONLY}, or it is not ours); every table is as it was "
        "and can be read; make it writable, then run it again"
    )
