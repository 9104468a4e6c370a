"""The file of one day's feedback: lines appended one by one, whole whoever reads it meanwhile and whoever is killed.

A line lies within one page of the file, and systems write a page whole or not at all: where the rest of a page is too
short, blanks fill it, and a line of blanks is no record. Where a line was torn nevertheless, by a disk that was full or a
machine that went down, the next one begins on a line of its own, and a night sets the torn one aside.

What a process knows of a file it keeps, and reads what came since: a thousand lines a second cost no more than the first.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from jobs.landing.durable import sync_folder

_PAGE = 4096
_COMPARED = 64
"""Bytes at the end of what was read that tell whether a file still begins so."""
_FILES_KNOWN = 4
_EVENT_ID = re.compile(rb'\{"event_id":("(?:[^"\\\n]|\\.)*"),')


@dataclass
class _Known:
    """What a process has read of a file: whole lines only."""

    inode: int = 0
    modified: int = 0
    end: int = 0
    lines: int = 0
    torn: int = 0
    """Bytes after the last whole line."""
    last: bytes = b""
    """The last bytes before ``end``."""
    event_ids: set[int] = field(default_factory=set)
    """Hashes of the identifiers as they are written: a few bytes each, however long they are."""

    def is_beginning_of(self, file: BinaryIO, state: os.stat_result) -> bool:
        """Whether nothing but new lines came since; somebody may have edited the file."""
        if self.inode != state.st_ino or state.st_size < self.end:
            return False
        if state.st_size == self.end and state.st_mtime_ns != self.modified:
            return False
        file.seek(self.end - len(self.last))
        return file.read(len(self.last)) == self.last

    def take(self, content: bytes, state: os.stat_result) -> None:
        """Read on."""
        whole = content[: content.rfind(b"\n") + 1]
        self.event_ids.update(hash(found[1]) for found in _EVENT_ID.finditer(whole))
        self.inode, self.modified = state.st_ino, state.st_mtime_ns
        self.end, self.lines = self.end + len(whole), self.lines + whole.count(b"\n")
        self.torn, self.last = len(content) - len(whole), (self.last + whole)[-_COMPARED:]


class DayFile:
    """One day's file. Whoever uses it is alone with it, but for those who only read.

    Args:
        path: The file; it need not be there.
    """

    _known: dict[Path, _Known] = {}  # noqa: RUF012
    _lock = Lock()

    def __init__(self, path: Path) -> None:
        self.path = path
        self._at = self._read_on()

    @property
    def lines(self) -> int:
        """Lines that the file has had."""
        return self._at.lines + bool(self._at.torn)

    def may_hold(self, event_id: str) -> bool:
        """Whether a line begins with an identifier, given as JSON; seldom one that only has the same hash."""
        return hash(event_id.encode()) in self._at.event_ids or bool(self._at.torn)

    def append(self, line: bytes) -> None:
        """Add a line, which ends with its break: all of it, or nothing.

        Raises:
            OSError: It cannot be written.
        """
        if not self.path.exists():
            _begin(self.path, line)
            return
        with self.path.open("ab", buffering=0) as file:
            size = file.tell()
            before = b"\n" if self._at.torn else b""
            room = -(size + len(before)) % _PAGE
            if room < len(line) <= _PAGE and room:
                before += b" " * (room - 1) + b"\n"
            written = file.write(before + line)
            if written != len(before + line):
                file.truncate(size)
                raise OSError(f"{written} of {len(before + line)} bytes were written")

    def sync(self) -> None:
        """Make what was appended durable: not alone, so that others append while the disk works."""
        with suppress(FileNotFoundError), self.path.open("rb") as file:
            os.fsync(file.fileno())

    def _read_on(self) -> _Known:
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return _Known()
        with file:
            state = os.fstat(file.fileno())
            with self._lock:
                known = self._known.pop(self.path, None)
            if known is None or not known.is_beginning_of(file, state):
                known = _Known()
            file.seek(known.end)
            known.take(file.read(), state)
        with self._lock:
            self._known[self.path] = known
            for old in list(self._known)[:-_FILES_KNOWN]:
                del self._known[old]
        return known


def content(path: Path) -> bytes:
    """What is in a day's file now, in whole lines: none if it is not there."""
    try:
        held = path.read_bytes()
    except FileNotFoundError:
        return b""
    # Somebody may have edited it.
    return held if held.endswith(b"\n") or not held else held + b"\n"


def lines_with(path: Path, needle: bytes) -> Iterator[bytes]:
    """Lines of a day's file that hold some bytes, in order."""
    held = content(path)
    at = held.find(needle)
    while at >= 0:
        end = held.index(b"\n", at)
        yield held[held.rfind(b"\n", 0, at) + 1 : end]
        at = held.find(needle, end)


def _begin(path: Path, line: bytes) -> None:
    """Make the file: it is seen with its first line, and its folder never without a file."""
    folder = path.parent
    arriving = folder.with_name(f".{folder.name}.{path.stem}")
    arriving.mkdir(exist_ok=True)
    with (arriving / path.name).open("wb") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    if not folder.exists():
        try:
            arriving.rename(folder)
        except OSError:
            # Another delivery of the day came between.
            if not folder.is_dir():
                raise
    if (arriving / path.name).exists():
        (arriving / path.name).replace(path)
        arriving.rmdir()
    sync_folder(folder)
    sync_folder(folder.parent)
