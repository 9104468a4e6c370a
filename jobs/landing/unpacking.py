"""A delivered file's content in pieces, unpacked, while its bytes are hashed as delivered: read once, in bounded memory."""

import hashlib
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from jobs.settings import Gate

PIECE = 1 << 20
_PACKED_PIECE = 128 << 10
_FIRST_PIECE = 1 << 10
"""Packed bytes that a member of a gzip begins with, twice as many each time: whatever follows its end is copied."""
_GZIP = 31
"""Window size that makes zlib read gzip's header and check its sums."""
_SMALL = 64 << 20
"""Up to here a file may be of one line again and again, however well that packs."""


class TroubleError(ValueError):
    """What is wrong with a file, in words that follow its path."""


class Packed:
    """A file as it was when it was opened; a context manager.

    Args:
        path: The file.
        limits: How much may come out of it.

    Raises:
        TroubleError: It is no file that can be read.
    """

    def __init__(self, path: Path, limits: Gate) -> None:
        self._path, self._limits = path, limits
        try:
            # A pipe would wait for whoever writes it.
            self._file: BinaryIO = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0)
        except OSError as error:
            raise TroubleError(f"cannot be read ({error.strerror})") from None
        self.status = os.fstat(self._file.fileno())
        if not stat.S_ISREG(self.status.st_mode):
            self._file.close()
            raise TroubleError("is no plain file")
        self._digest = hashlib.sha256()
        self._left = self.status.st_size
        self.unpacked = 0
        """Bytes that came out so far."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def pieces(self) -> Iterator[bytes]:
        """The content, unpacked if the file's name ends with .gz.

        Raises:
            TroubleError: It is damaged, passes a limit, or changes while it is read.
        """
        for piece in self._unpacked() if self._path.suffix == ".gz" else self._raw(PIECE):
            self.unpacked += len(piece)
            if self.unpacked > self._limits.unpacked:
                raise passes("unpacks to", self._limits.unpacked, "unpacked")
            packed = self.status.st_size - self._left
            if self.unpacked > max(_SMALL, packed * self._limits.ratio):
                raise TroubleError(
                    f"unpacks to more than {self._limits.ratio} times its size, which files of text do not "
                    "(REELHOUSE_GATE__RATIO)"
                )
            yield piece

    def sha256(self) -> str:
        """The hash of the whole file; reads what was not read of it.

        Raises:
            TroubleError: It changed while it was read, so nothing that was found is sure.
        """
        for _ in self._raw(PIECE):
            pass
        now = os.fstat(self._file.fileno())
        if (now.st_size, now.st_mtime_ns) != (self.status.st_size, self.status.st_mtime_ns):
            raise TroubleError("changed while it was read: write under a name that begins with a dot, then rename")
        return self._digest.hexdigest()

    def _raw(self, size: int) -> Iterator[bytes]:
        """Bytes as delivered, as many as there were when the file was opened."""
        while self._left > 0:
            try:
                block = self._file.read(min(size, self._left))
            except OSError as error:
                raise TroubleError(f"cannot be read to its end ({error.strerror})") from None
            if not block:
                return
            self._left -= len(block)
            self._digest.update(block)
            yield block

    def _unpacked(self) -> Iterator[bytes]:
        """What the members of a gzip hold, one after the other."""
        member, begun, take = zlib.decompressobj(_GZIP), False, _FIRST_PIECE
        for block in self._raw(_PACKED_PIECE):
            start = 0
            while start < len(block):
                if not begun and not block[start]:
                    raise TroubleError("has zeros where a packed member begins, which Spark cannot read: pack it again")
                given = block[start : start + take]
                start, begun, take = start + len(given), True, min(take * 2, _PACKED_PIECE)
                yield from _inflate(member, given)
                if member.eof:
                    start -= len(member.unused_data)
                    member, begun, take = zlib.decompressobj(_GZIP), False, _FIRST_PIECE
        if begun:
            raise TroubleError("is truncated or damaged (it ends within what was packed)")


def _inflate(member: "zlib._Decompress", given: bytes) -> Iterator[bytes]:
    """All that comes out of some packed bytes, a piece at a time."""
    is_full = True
    while (given or is_full) and not member.eof:
        try:
            piece = member.decompress(given, PIECE)
        except zlib.error as damage:
            raise TroubleError(f"is truncated or damaged ({damage})") from None
        given, is_full = member.unconsumed_tail, len(piece) == PIECE
        if piece:
            yield piece


def passes(what: str, limit: int, name: str) -> TroubleError:
    """That a file passes a limit, and which variable sets it."""
    return TroubleError(f"{what} more than {size(limit)} (REELHOUSE_GATE__{name.upper()})")


def size(limit: int) -> str:
    """A limit in the largest unit that it is a whole number of."""
    units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
    return next((f"{limit // unit} {name}" for unit, name in units if limit and limit % unit == 0), f"{limit} bytes")
