"""Files outside the lake: written beside their place, and put there whole with what they are."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from jobs.errors import JobError

Format = Literal["jsonl", "csv", "parquet"]
MANIFEST, SUMS = "_manifest.json", "_SHA256SUMS"
"""Readers of folders pass names by that begin so: the folder itself can be read."""
_PARTIAL, _REPLACED = ".partial", ".replaced"
LINE = "line"
"""The column that holds a row as JSON."""


@dataclass(frozen=True)
class File:
    """One file of an export."""

    name: str
    rows: int
    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path, rows: int) -> "File":
        """A file that is written already."""
        with path.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        return cls(path.name, rows, path.stat().st_size, digest)


@contextmanager
def placed(folder: Path, what: str, *, replace: bool) -> Iterator[Path]:
    """A new folder to write into, which takes its place once all is written; of a failure nothing is left.

    What a killed export to the same place left goes, too: what it had written, and, once there is a whole one again, what
    it was about to replace.

    Args:
        folder: Its place.
        what: What is written, for the message.
        replace: Whether an export that is there may be replaced. Between the two there is none for a moment.

    Raises:
        JobError: Something is there that may not be replaced, or it cannot be written.
    """
    # Where a link leads, for the link is not the export.
    place = folder.resolve()
    _require_room(place, what, replace=replace)
    beside: Path | None = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        for left in _left(place, _PARTIAL):
            if not _is_being_written(left):
                shutil.rmtree(left, ignore_errors=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{place.name}.", suffix=_PARTIAL, dir=place.parent))
        beside.chmod(0o755)  # mkdtemp's own folders are their owner's only
        with _locked(beside):
            yield beside
            if place.exists():
                place.rename(beside.with_suffix(_REPLACED))
            beside.rename(place)
        for left in _left(place, _REPLACED):
            shutil.rmtree(left, ignore_errors=True)
    except OSError as error:
        raise JobError(f"{what} was not exported: {' '.join(str(error).split())}") from error
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)


def _left(place: Path, suffix: str) -> list[Path]:
    """Folders beside a place that exports to it make and take away."""
    own = re.compile(rf"\.{re.escape(place.name)}\.[a-z0-9_]{{8}}{re.escape(suffix)}")
    return [one for one in place.parent.iterdir() if own.fullmatch(one.name) and one.is_dir() and not one.is_symlink()]


def partial_exports(parent: Path) -> list[Path]:
    """What killed exports had begun to write in a folder, and nobody writes any more."""
    begun = [one for one in parent.glob(f".*.????????{_PARTIAL}") if one.is_dir() and not one.is_symlink()]
    return [one for one in sorted(begun) if not _is_being_written(one)]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Tell others that a folder is being written; a killed process holds no lock."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(held)


def _is_being_written(folder: Path) -> bool:
    try:
        with _locked(folder):
            return False
    except OSError:
        return True


def write_file(rows: pa.Table, kind: Format, path: Path) -> File:
    """Write one file.

    Args:
        rows: What it holds; for JSON lines, a column ``line`` of them.
        kind: How it is written.
        path: Where.
    """
    if kind == "parquet":
        pq.write_table(rows, path, compression="zstd")
    elif kind == "csv":
        csv.write_csv(rows, path)
    else:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for chunk in rows[LINE].chunks for line in chunk.to_pylist())
    return File.of(path, rows.num_rows)


def write_over(path: Path, words: re.Pattern[bytes]) -> bool:
    """Write letters over some words wherever they stand in a file; no other byte moves, so it may be written meanwhile.

    Returns:
        Whether any stood there.
    """
    with path.open("r+b") as file:
        found = list(words.finditer(file.read()))
        for word in found:
            file.seek(word.start())
            file.write(b"x" * len(word[0]))
    return bool(found)


def describe(folder: Path, files: Sequence[File], told: Mapping[str, object]) -> None:
    """Write the manifest, and the checksums as ``sha256sum --check`` reads them."""
    held = {**told, "rows": sum(file.rows for file in files), "files": [asdict(file) for file in files]}
    (folder / MANIFEST).write_text(json.dumps(held, indent=2) + "\n", encoding="utf-8")
    (folder / SUMS).write_text("".join(f"{file.sha256}  {file.name}\n" for file in files), encoding="utf-8")


def _require_room(place: Path, what: str, *, replace: bool) -> None:
    """Refuse to write over anything but an export that may be replaced."""
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return
    if not _is_export(place):
        raise JobError(f"{what} was not exported: {place} is there and is no export; name another folder with --to")
    if not replace:
        raise JobError(f"{what} was not exported: {place} is there; give --replace, or name another folder with --to")


def _is_export(place: Path) -> bool:
    """Whether a folder holds an export and nothing else: many programs call a file of theirs a manifest."""
    try:
        told = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        own = {MANIFEST, SUMS, *(file["name"] for file in told["files"])}
        return {entry.name for entry in place.iterdir()} <= own
    except (OSError, ValueError, KeyError, TypeError):
        return False
