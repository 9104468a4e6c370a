"""What names a person beside tables and deliveries: pages, logs, exports, and what is not ours to change."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from jobs.lakehouse.files import MANIFEST, File, describe, partial_exports, write_over
from jobs.lakehouse.person import Person
from jobs.landing.forgetting import event_logs, rewrite, unreadable
from jobs.settings import Settings

_PAGES = ("docs",)
_LOGS = ("spark", "services", "airflow/logs")
"""They may be written while they are read: letters are replaced where they stand, and no line moves."""
_EXPORTS = "exports"
_WORK = "work"
"""What jobs put aside while they run: what one that read the person left there is of no use to anybody."""
_OURS = (*_PAGES, *_LOGS, _EXPORTS, "lake")
_CHUNK = 1 << 24


def clean(settings: Settings, person: Person) -> Iterator[str]:
    """Take a person out of pages, logs, what people were told of failures, and exports; and out of what killed runs left.

    Returns:
        What was done with what, in words, as it is done.
    """
    for path in _files(settings.root, _PAGES):
        if _mask_page(path, person):
            yield f"{path}  names nobody any more"
    notes = [settings.root / settings.notify_file] if settings.notify_file else []
    for path in (*_files(settings.root, _LOGS), *(note for note in notes if note.is_file())):
        if _mask_log(path, person):
            yield f"{path}  names nobody any more"
    for left in sorted((settings.root / _WORK).glob("*")):
        if person.is_telling and any(_holds(path, person) for path in _files_of(left)):
            _remove(left)
            yield f"{left}  removed: a run that read the person left it, or will be refused"
    for begun in partial_exports(settings.root / _EXPORTS):
        _remove(begun)
        yield f"{begun}  removed: an export that was killed left it"
    for manifest in sorted((settings.root / _EXPORTS).glob(f"**/{MANIFEST}")):
        if records := _clean_export(manifest.parent, person):
            yield f"{manifest.parent}  {records:,} records taken out; what was copied from it is not ours"


def not_known(settings: Settings) -> list[Path]:
    """Delivered files of events that cannot be read, so that whom they name is not known."""
    return unreadable(event_logs(settings.landing))


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
        yield from _files_of(root / name)


def _files_of(place: Path) -> Iterator[Path]:
    below = sorted(place.rglob("*")) if place.is_dir() else [place]
    yield from (path for path in below if path.is_file() and not path.is_symlink())


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)


def _spelled(person: Person) -> re.Pattern[bytes]:
    """The identifier as a whole word of a file, however it is spelled."""
    return re.compile(rb"(?<!\w)(?:" + b"|".join(map(re.escape, person.needles)) + rb")(?!\w)")


def _holds(path: Path, person: Person) -> bool:
    """Whether a file holds the identifier, as text or as NumPy writes text; what is packed is not unpacked."""
    spelled, packed = _spelled(person), person.user_id.encode("utf-32-le")
    longest, before = len(spelled.pattern), b""
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                if spelled.search(before + chunk) or packed in before + chunk:
                    return True
                before = chunk[-longest:]
    except FileNotFoundError:
        pass  # it was somebody's for a moment
    return False


def _mask_page(path: Path, person: Person) -> bool:
    """Let a page say something else where it names the person."""
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    told = person.masked(text) if person.is_telling else text
    if told == text:
        return False
    beside = path.with_name(f".{path.name}.forget")
    beside.write_text(told, encoding="utf-8", errors="surrogateescape")
    beside.replace(path)
    return True


def _mask_log(path: Path, person: Person) -> bool:
    """Write letters over the identifier where a log names the person."""
    return person.is_telling and _holds(path, person) and write_over(path, _spelled(person))


def _clean_export(folder: Path, person: Person) -> int:
    """Take a person's records out of an export, and let its manifest say so; how many."""
    told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    files, gone = [], 0
    for held in told["files"]:
        file = File(**held)
        done = rewrite(folder / file.name, person, is_delivered=False)
        if done and done.beside:
            gone += done.records
            done.put()
            file = File.of(folder / file.name, file.rows - done.records)
        files.append(file)
    if gone:
        describe(folder, files, {name: value for name, value in told.items() if name not in {"rows", "files"}})
    return gone
