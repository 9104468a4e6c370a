"""What is known of delivered files, remembered so that an unchanged file is not read again."""

import contextlib
import json
import os
import zlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from jobs.landing.content import Content, Scan
from jobs.settings import Gate

_FILE = ".hashes.json"
"""In a source's folder. It may be deleted at any time: then every file is read once more."""
_KIND = 5
"""Another whenever other things are counted: what is remembered of an earlier kind is found out anew."""


@dataclass(frozen=True)
class _Known:
    """What was found in a file, and what tells that it is still the same."""

    size: int
    modified: int
    """When its content last changed, in nanoseconds."""
    changed: int
    """When its inode last changed, in nanoseconds."""
    sha256: str
    limits: int
    """Sum of the limits that it was held against: under others another verdict may be right."""
    content: Content | None
    """None of a file that was refused: it is read again, and what is wrong with it said again."""
    kind: int = _KIND
    seal: int = 0
    """Sum of all this: what somebody has edited is not believed."""

    def sealed(self) -> "_Known":
        """The same with its sum."""
        return replace(self, seal=_sum(asdict(replace(self, seal=0))))


_ENTRY = TypeAdapter(_Known)


class Hashes:
    """What is known of the files below a source's folder.

    A file is known by its size and by when its content and its inode last changed; whoever changes a file without that
    wanted to hide it.

    Args:
        folder: The source's folder in ``landing/``.
        limits: What a file may not pass; the defaults, if None.
    """

    def __init__(self, folder: Path, limits: Gate | None = None) -> None:
        self._folder, self._limits = folder, limits or Gate()
        self._held: dict[str, object] = {}
        # Without the file, or with one that was cut short, everything is read once more.
        with contextlib.suppress(OSError, ValueError, RecursionError):
            read = json.loads((folder / _FILE).read_bytes())
            self._held = read if isinstance(read, dict) else {}
        self._looked_at: dict[str, object] = {}
        self._scans: dict[str, Scan] = {}
        self._states: dict[str, tuple[int, int, int] | None] = {}

    def of(self, file: Path) -> str:
        """The hash of a file's bytes as delivered; empty of one that cannot be read."""
        return self.remembered(file) or self.scan(file).sha256

    def scan(self, file: Path) -> Scan:
        """What a pass over a file finds: remembered of an unchanged one that was good, else found by reading it."""
        name = self._name(file)
        if name not in self._scans:
            self._states[name] = _state(file)
            known = self._recall(file)
            if known and known.content and known.limits == self._sum_of_limits():
                self._scans[name] = Scan(known.sha256, known.content)
            else:
                self._scans[name] = self._read(file)
        return self._scans[name]

    def is_as_read(self, file: Path) -> bool:
        """Whether a file is still what was found in it."""
        return self._states.get(self._name(file)) == _state(file)

    def remembered(self, file: Path) -> str | None:
        """The hash of a file that was read before and is as it was then; None of any other."""
        known = self._recall(file)
        return known.sha256 if known else None

    def save(self) -> None:
        """Remember what was looked at, and forget files that are gone."""
        kept = {name: known for name, known in self._held.items() if (self._folder / name).is_file()} | self._looked_at
        if kept == self._held:
            return
        unfinished = self._folder / f"{_FILE}.{os.getpid()}"
        # A landing folder that may only be read costs time, not the night.
        with contextlib.suppress(OSError):
            unfinished.write_text(json.dumps(kept, sort_keys=True), encoding="utf-8")
            unfinished.replace(self._folder / _FILE)

    def _read(self, file: Path) -> Scan:
        """Read a file, and remember what was found if it is sure to be of the file as it is."""
        from jobs.landing.scan import scan  # with Arrow, which whoever asks of files that are known does without

        before, found = self._states[self._name(file)], scan(file, self._limits)
        if before and found.sha256 and before == _state(file):
            known = _Known(*before, found.sha256, self._sum_of_limits(), found.content)
            self._looked_at[self._name(file)] = json.loads(json.dumps(asdict(known.sealed())))
        return found

    def _recall(self, file: Path) -> _Known | None:
        """What is remembered of a file, if it is unchanged since."""
        try:
            known = _ENTRY.validate_python(self._looked_at.get(self._name(file)) or self._held.get(self._name(file)))
        except ValidationError:
            return None
        is_same = (known.size, known.modified, known.changed) == _state(file)
        return known if is_same and known.kind == _KIND and known == known.sealed() else None

    def _name(self, file: Path) -> str:
        return file.relative_to(self._folder).as_posix()

    def _sum_of_limits(self) -> int:
        return _sum(self._limits.model_dump(mode="json"))


def _state(file: Path) -> tuple[int, int, int] | None:
    """What changes when a file does; None if there is none, or it cannot be looked at."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _sum(of: dict[str, object]) -> int:
    return zlib.crc32(json.dumps(of, sort_keys=True).encode())
