"""Writing the files of a delivery: reproducible bytes, and nothing visible before it is whole."""

import gzip
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

LINES_PER_WRITE = 20_000
NULL = r"\N"  # IMDb's null


def write_gzip(file: Path, lines: Iterable[str]) -> None:
    """Write lines compressed, without name and time in the header: the same lines are the same bytes."""
    remaining = iter(lines)
    with file.open("wb") as raw, gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as packed:
        while block := "".join(islice(remaining, LINES_PER_WRITE)):
            packed.write(block.encode())


def write_tsv(file: Path, header: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Write rows as IMDb does: tab separated, no quoting.

    Args:
        file: The file to write.
        header: Column names, separated by blanks.
        rows: Values, already in IMDb's spelling.
    """
    lines = ("\t".join(map(str, row)) + "\n" for row in rows)
    write_gzip(file, _after("\t".join(header.split()) + "\n", lines))


def _after(first: str, rest: Iterable[str]) -> Iterator[str]:
    yield first
    yield from rest


@contextmanager
def delivery(folder: Path) -> Iterator[Path]:
    """A folder to write a delivery into, which becomes ``folder`` when everything is written.

    Its name starts with a dot until then, so nobody looks at it. Where ``folder`` is already there, because another
    source of the same day was delivered before, each file is moved into it whole.
    """
    unfinished = folder.parent / f".{folder.name}.world"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir(parents=True)
    yield unfinished
    if folder.exists():
        for file in sorted(unfinished.iterdir()):
            file.replace(folder / file.name)
        unfinished.rmdir()
    else:
        unfinished.rename(folder)
