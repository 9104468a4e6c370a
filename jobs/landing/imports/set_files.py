"""Open the files of a public rating set, from a folder or a zip, and refuse what is not to be trusted."""

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from jobs.errors import JobError

# ratings.csv of the largest set (ml-32m) has 0.9 GiB.
RATINGS_LIMIT_BYTES = 8 << 30
# The largest catalogue has about 6 MiB; catalogues are held in memory.
CATALOGUE_LIMIT_BYTES = 128 << 20
# Rating sets have about ten members.
MEMBERS_LIMIT = 1000

# Bad lines that a message shows.
EXAMPLES = 3

# How damaged zips and gzips announce themselves when they are read.
DAMAGE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError)


@dataclass(frozen=True)
class SetFile:
    """One file of a set.

    Attributes:
        set_name: Name of the set, e.g. movielens.
        label: What messages call the file: its path, inside a zip too.
        open_bytes: Opens it, unpacked.
    """

    set_name: str
    label: str
    open_bytes: Callable[[], IO[bytes]]

    @contextmanager
    def reading(self) -> Iterator[IO[bytes]]:
        """Open the file; damage met while it is read is a JobError."""
        try:
            with self.open_bytes() as stream:
                yield stream
        except DAMAGE as error:
            raise refused(self.set_name, f"{self.label} cannot be read to its end ({error})") from None

    def read_text(self, limit_bytes: int = CATALOGUE_LIMIT_BYTES, *, is_old: bool = False) -> tuple[bytes, str]:
        """Return the whole file, as bytes and as text.

        Args:
            limit_bytes: It may have so many.
            is_old: Whether it may be written in Latin-1, as GroupLens' first sets are: what is not UTF-8 then is.

        Raises:
            JobError: It cannot be read, is too large, or is not UTF-8.
        """
        content = self.read_bytes(limit_bytes)
        try:
            return content, content.decode("utf-8")
        except UnicodeDecodeError as error:
            if is_old:
                return content, content.decode("latin-1")
            line = content.count(b"\n", 0, error.start) + 1
            example = content[error.start : error.start + 12]
            raise refused(self.set_name, f"{self.label} line {line} is not UTF-8 ({example!r})") from None

    def read_bytes(self, limit_bytes: int = CATALOGUE_LIMIT_BYTES) -> bytes:
        """Return the whole file.

        Raises:
            JobError: It cannot be read, or is too large.
        """
        with self.reading() as stream:
            content = stream.read(limit_bytes + 1)
        if len(content) > limit_bytes:
            raise refused(self.set_name, f"{self.label} has more than {limit_bytes:,} bytes")
        return content


def refused(set_name: str, problem: str, advice: str = "download the set again") -> JobError:
    """Return the error that says why a set was not read."""
    return JobError(f"{set_name} was not read: {problem}; {advice}")


def bad_lines(file: SetFile, count: int, examples: Sequence[str]) -> JobError:
    """Return the error that says how many lines of a file do not parse, and the first few: "line 7 has …"."""
    noun = "line that does" if count == 1 else "lines that do"
    return refused(file.set_name, f"{file.label} has {count:,} {noun} not parse: {'; '.join(examples[:EXAMPLES])}")


@contextmanager
def present_files(set_name: str, path: Path, limits: dict[str, int]) -> Iterator[dict[str, SetFile]]:
    """Yield those of the files named in ``limits`` that a set has, by name.

    Of a folder, plain or as ``<name>.gz``; of a zip, at its top or in its one top folder; of one file, that file and
    those beside it. Nothing is unpacked to disk, and of a zip's member no more bytes are read than it declares.

    Args:
        set_name: Name of the set.
        path: The set's folder, its zip, or its file of ratings.
        limits: Bytes that each file may have in a zip, by file name.

    Raises:
        JobError: There is nothing at the path, it is not a zip, a file is twice there or too large, or a name points
            outside.
    """
    if not path.exists():
        raise refused(set_name, f"{path} is not there", "give the set's folder or zip")
    # A pipe would wait for whoever writes it.
    if not (path.is_dir() or path.is_file()):
        raise refused(set_name, f"{path} is a pipe or device", "give the set's folder or zip")
    folder = path if path.is_dir() else path.parent
    if path.is_dir() or path.name.removesuffix(".gz") in limits:
        yield {name: found for name in limits if (found := _folder_file(set_name, folder, name)) is not None}
        return
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        advice = "download the set again, or give its folder or zip if it is another file"
        raise refused(set_name, f"{path} is not a whole zip ({error})", advice) from None
    except OSError as error:
        raise refused(set_name, f"{path} cannot be read ({error.strerror})", "give the set's folder or zip") from None
    with archive:
        members = archive.infolist()
        if len(members) > MEMBERS_LIMIT:
            raise refused(set_name, f"{path} has {len(members):,} members, and a rating set has about ten")
        for member in members:
            _check_member(set_name, path, member)
        held = {name: _zip_file(set_name, path, archive, name, limit) for name, limit in limits.items()}
        yield {name: file for name, file in held.items() if file is not None}


def _folder_file(set_name: str, folder: Path, name: str) -> SetFile | None:
    plain, packed = folder / name, folder / f"{name}.gz"
    if plain.is_file():
        return SetFile(set_name, str(plain), lambda: plain.open("rb"))
    if packed.is_file():
        return SetFile(set_name, str(packed), lambda: cast("IO[bytes]", gzip.open(packed)))
    return None


def _check_member(set_name: str, path: Path, member: zipfile.ZipInfo) -> None:
    parts = PurePosixPath(member.filename.replace("\\", "/")).parts
    if not parts or parts[0] == "/" or ".." in parts or ":" in parts[0]:
        raise refused(set_name, f"{path} has a member that points outside ({member.filename!r})")


def _zip_file(set_name: str, path: Path, archive: zipfile.ZipFile, name: str, limit_bytes: int) -> SetFile | None:
    """Return one wanted member, if it is there.

    Raises:
        JobError: It is there more than once, is encrypted, or is too large.
    """
    found = [
        member
        for member in archive.infolist()
        if (parts := PurePosixPath(member.filename).parts)[-1] == name and len(parts) <= 2 and not member.is_dir()
    ]
    if not found:
        return None
    if len(found) > 1:
        raise refused(set_name, f"{path} holds {name} {len(found)} times")
    (member,) = found
    if member.file_size > limit_bytes:
        raise refused(set_name, f"{path}/{member.filename} has {member.file_size:,} bytes, more than {limit_bytes:,}")
    if member.flag_bits & 1:
        raise refused(set_name, f"{path}/{member.filename} is encrypted")
    return SetFile(set_name, f"{path}/{member.filename}", lambda: archive.open(member))
