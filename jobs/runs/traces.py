"""What names a person beside tables and deliveries: pages, logs, exports, and what is not ours to change."""

import html
import json
from collections.abc import Iterator
from pathlib import Path

from jobs.lakehouse.files import MANIFEST, File, describe, write_over
from jobs.lakehouse.person import Person
from jobs.landing.forgetting import rewrite
from jobs.settings import Settings

_PAGES = ("docs",)
_LOGS = ("spark", "services", "airflow/logs")
"""They may be written while they are read: letters are replaced where they stand, and no line moves."""
_EXPORTS = "exports"
_OURS = (*_PAGES, *_LOGS, _EXPORTS, "lake")
_CHUNK = 1 << 24


def clean(settings: Settings, person: Person) -> Iterator[str]:
    """Take a person out of pages, logs and exports.

    Returns:
        What was done with what, in words, as it is done.
    """
    for path in _files(settings.root, _PAGES):
        if _mask_page(path, person):
            yield f"{path}  names nobody any more"
    for path in _files(settings.root, _LOGS):
        if _mask_log(path, person):
            yield f"{path}  names nobody any more"
    for manifest in sorted((settings.root / _EXPORTS).glob(f"**/{MANIFEST}")):
        if records := _clean_export(manifest.parent, person):
            yield f"{manifest.parent}  {records:,} records taken out; what was copied from it is not ours"


def named_elsewhere(settings: Settings, person: Person) -> list[Path]:
    """Files of the home that hold the identifier and that are not ours to change: databases, artifacts, other deliveries."""
    if not person.is_telling:
        return []
    ours = tuple(settings.root / name for name in _OURS)
    return [
        path
        for path in sorted(settings.root.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and not any(path.is_relative_to(one) for one in ours)
        and _holds(path, person)
    ]


def _files(root: Path, folders: tuple[str, ...]) -> Iterator[Path]:
    for name in folders:
        yield from (path for path in sorted((root / name).rglob("*")) if path.is_file() and not path.is_symlink())


def _holds(path: Path, person: Person) -> bool:
    """Whether a file holds the identifier, as UTF-8 or as NumPy writes text; what is packed is not unpacked."""
    needles = [person.user_id.encode(), person.user_id.encode("utf-32-le")]
    longest, before = max(map(len, needles)), b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if any(needle in before + chunk for needle in needles):
                return True
            before = chunk[-longest:]
    return False


def _mask_page(path: Path, person: Person) -> bool:
    """Let a page say something else where it names the person."""
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    told = Person(html.escape(person.user_id)).masked(person.masked(text)) if person.is_telling else text
    if told == text:
        return False
    beside = path.with_name(f".{path.name}.forget")
    beside.write_text(told, encoding="utf-8", errors="surrogateescape")
    beside.replace(path)
    return True


def _mask_log(path: Path, person: Person) -> bool:
    """Write letters over the identifier where a log names the person."""
    needle = person.user_id.encode()
    if not person.is_telling or not _holds(path, person):
        return False
    write_over(path, needle)
    return True


def _clean_export(folder: Path, person: Person) -> int:
    """Take a person's records out of an export, and let its manifest say so; how many."""
    told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    files, gone = [], 0
    for held in told["files"]:
        file = File(**held)
        done = rewrite(folder / file.name, person, may_be_empty=True)
        if done and done.beside:
            gone += done.records
            done.put()
            file = File.of(folder / file.name, file.rows - done.records)
        files.append(file)
    if gone:
        describe(folder, files, {name: value for name, value in told.items() if name not in {"rows", "files"}})
    return gone
