"""Content hashes of delivered files, remembered so that an unchanged file is not read again to know that it is."""

import contextlib
import hashlib
import json
import os
from pathlib import Path

_FILE = ".hashes.json"
"""In a source's folder. It may be deleted at any time: then every file is read once more."""


class Hashes:
    """SHA-256 of the files below a source's folder.

    A file is known by its size and by when its content and its inode last changed; whoever changes a file without that
    wanted to hide it.

    Args:
        folder: The source's folder in ``landing/``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, list[object]] = {}
        # Without the file, or with one that was cut short, everything is read once more.
        with contextlib.suppress(OSError, ValueError):
            read = json.loads((folder / _FILE).read_bytes())
            self._known = read if isinstance(read, dict) else {}
        self._looked_at: dict[str, list[object]] = {}

    def of(self, file: Path) -> str:
        """The hash of a file's bytes as delivered."""
        digest = self.remembered(file)
        if digest is None:
            with file.open("rb") as delivered:
                digest = hashlib.file_digest(delivered, "sha256").hexdigest()
        self._looked_at[self._name(file)] = [*_seen(file), digest]
        return digest

    def remembered(self, file: Path) -> str | None:
        """The hash of a file that was read before and is as it was then; None of any other."""
        known = self._known.get(self._name(file))
        return str(known[-1]) if isinstance(known, list) and known[:-1] == _seen(file) else None

    def _name(self, file: Path) -> str:
        return file.relative_to(self._folder).as_posix()

    def save(self) -> None:
        """Remember what was looked at, and forget files that are gone."""
        kept = {name: known for name, known in self._known.items() if (self._folder / name).is_file()} | self._looked_at
        if kept == self._known:
            return
        unfinished = self._folder / f"{_FILE}.{os.getpid()}"
        # A landing folder that may only be read costs time, not the night.
        with contextlib.suppress(OSError):
            unfinished.write_text(json.dumps(kept, sort_keys=True), encoding="utf-8")
            unfinished.replace(self._folder / _FILE)


def _seen(file: Path) -> list[object]:
    """What a file is known by."""
    status = file.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
