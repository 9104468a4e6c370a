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
        name, status = file.relative_to(self._folder).as_posix(), file.stat()
        seen: list[object] = [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
        known = self._known.get(name)
        if isinstance(known, list) and known[:-1] == seen:
            digest = str(known[-1])
        else:
            with file.open("rb") as delivered:
                digest = hashlib.file_digest(delivered, "sha256").hexdigest()
        self._looked_at[name] = [*seen, digest]
        return digest

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
