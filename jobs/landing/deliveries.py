"""What was delivered: the folders of ``landing/``, and what of them the lake does not hold yet. Without Spark."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.outcome import Outcome
from jobs.landing.hashes import Hashes
from jobs.settings import Settings
from jobs.tables import SOURCES, Source, Table

_NOT_YET = (".", "_")
"""What a name begins with that is still being written, or that a program left for itself, such as ``_SUCCESS``."""
_EXAMPLES = 5


@dataclass(frozen=True)
class Pending:
    """What the lake does not hold yet of one table's deliveries."""

    table: Table
    held: Mapping[date, str]
    """Content hash of each delivery that the lake holds."""
    is_delivered: bool
    """Whether there is a file for the night that was asked about."""
    hashes: Hashes
    """What is known of the files."""
    files: dict[date, list[Path]] = field(default_factory=dict)
    """Files of each delivery whose content the lake does not hold, oldest first."""


def deliveries(landing: Path, source: Source) -> dict[date, Path]:
    """Delivery day → folder, oldest first; folders with other names are not deliveries."""
    return {day: entry for entry in entries(landing / source.folder) if (day := _day(entry.name)) is not None}


def delivered_days(landing: Path) -> list[date]:
    """Every day for which any source delivered a file, oldest first."""
    return sorted(
        {
            day
            for source in SOURCES
            for day, folder in deliveries(landing, source).items()
            if any(True for _ in entries(folder))
        }
    )


def require_delivery(landing: Path, night: date) -> None:
    """Refuse a night for which nothing was delivered.

    Raises:
        JobError: Names the newest delivery there is.
    """
    days = delivered_days(landing)
    if night not in days:
        newest = f"the newest delivery is {days[-1]}" if days else "there is none at all"
        raise JobError(
            f"night {night} did not run: nothing was delivered for it in {landing}/<source>/{night}/, {newest}; "
            "put the files there, or run `reelhouse world` for a sample"
        )


def files_of(table: Table, folder: Path) -> list[Path]:
    """Entries of one delivery that belong to a table, by its patterns, in order of name."""
    return those_of(table, entries(folder))


def those_of(table: Table, found: Iterable[Path]) -> list[Path]:
    """Those entries that belong to a table, by its patterns."""
    return [entry for entry in found if _is_of(entry, (table,))]


def content_hash(hashes: Iterable[str]) -> str:
    """One hash for all files of a table's delivery, whatever their names (some names carry the day)."""
    return hashlib.sha256("".join(sorted(hashes)).encode()).hexdigest()[:32]


def survey(
    settings: Settings, source: Source, night: date, again: Mapping[str, Collection[date]] | None = None
) -> list[Pending]:
    """Compare what a source delivered up to ``night`` with what the lake holds of it.

    Of a log every delivery counts, whenever it came and whatever was added to it later. Of a snapshot only the newest
    one does.

    Args:
        settings: Where everything is.
        source: Which folder of landing.
        night: Up to when.
        again: Deliveries to be read again although the lake holds them as they are, by table.

    Returns:
        One for each table of the source.

    Raises:
        JobError: Something lies there that is no delivery, or that belongs to no table: a person put it there to be
            read. Or a file is missing of a source whose files arrive together.
    """
    home = settings.landing / source.folder
    folders = {day: folder for day, folder in deliveries(settings.landing, source).items() if day <= night}
    held = {table.name: _held(settings, table) for table in source.tables}
    asked = {table.name: set((again or {}).get(table.name, ())) & folders.keys() for table in source.tables}
    days = {
        table.name: sorted(
            asked[table.name].union(_days_to_look_at(table, _folders_of(table, folders, source), held[table.name]))
        )
        for table in source.tables
    }
    problems = [
        *_strangers(home),
        *_misplaced(source, {folders[day] for looked_at in (*days.values(), list(folders)[-1:]) for day in looked_at}),
    ]
    if source.is_complete:
        new = {day for table in source.tables for day in days[table.name] if day not in held[table.name]}
        problems += _missing(source, [folders[day] for day in sorted(new)])
    if problems:
        raise JobError(
            f"{source.name} was not ingested: {'; '.join(problems)}; deliver it, or take it away; "
            "what was published before stays"
        )
    hashes = Hashes(home, settings.gate)
    pending = []
    for table in source.tables:
        found = Pending(table, held[table.name], bool(night in folders and files_of(table, folders[night])), hashes)
        for day in days[table.name]:
            files = files_of(table, folders[day])
            is_there = bool(files) and is_held(table, found.held, day, content_hash(map(hashes.of, files)))
            if files and (day in asked[table.name] or not is_there):
                found.files[day] = files
        pending.append(found)
    hashes.save()
    return pending


def without_news(found: Pending) -> Outcome:
    """How the ingest of a table ends of which the lake holds everything: ``unchanged``, or ``stale`` if nothing came."""
    if found.is_delivered:
        return Outcome(found.table.name, "unchanged")
    last = max(found.held, default=None)
    return Outcome(found.table.name, "stale", note=f"last delivered {last}" if last else "never delivered")


def entries(folder: Path) -> list[Path]:
    """What lies in a folder, without what is still being written; nothing if there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith(_NOT_YET))


def _day(name: str) -> date | None:
    """The day that a folder's name says; None if it is written in another way than 2026-11-22."""
    try:
        day = date.fromisoformat(name)
    except ValueError:
        return None
    return day if day.isoformat() == name else None


def _is_of(entry: Path, tables: Iterable[Table]) -> bool:
    return any(fnmatchcase(entry.name, pattern) for table in tables for pattern in table.files)


def _held(settings: Settings, table: Table) -> dict[date, str]:
    """Content hash of each delivery that the lake holds."""
    entry = ledger.latest(settings.lake, table)
    return {date.fromisoformat(day): content for day, content in entry.deliveries.items()} if entry else {}


def _days_to_look_at(table: Table, folders: Mapping[date, Path], held: Mapping[date, str]) -> list[date]:
    """Deliveries whose content may have to be read, oldest first."""
    days = sorted(folders)
    if table.kind != "snapshot":
        return days
    # One that is older than all that are kept would be taken out again at once.
    is_kept = len(held) < (table.keeps or 1) or (bool(days) and days[-1] >= min(held))
    return days[-1:] if is_kept else []


def _folders_of(table: Table, folders: Mapping[date, Path], source: Source) -> Mapping[date, Path]:
    """Folders that hold a file of a table; of a source whose files arrive together, all."""
    return (
        folders if source.is_complete else {day: folder for day, folder in folders.items() if files_of(table, folder)}
    )


def is_held(table: Table, held: Mapping[date, str], day: date, content: str) -> bool:
    """Whether a delivery is in the lake: as its own partition or, for a snapshot, as the one before it."""
    if held.get(day) == content:
        return True
    before = [earlier for earlier in held if earlier < day]
    return table.kind == "snapshot" and day not in held and bool(before) and held[max(before)] == content


def _strangers(home: Path) -> Iterator[str]:
    """What a source's folder holds beside its deliveries."""
    if home.exists() and not home.is_dir():
        yield f"{home} is a file, not a folder of deliveries"
    for entry in entries(home):
        if _day(entry.name) is None:
            yield f"{entry} is no delivery: its folder is named by its day, such as 2026-11-22"
        elif not entry.is_dir():
            yield f"{entry} is a file, not a folder of files"


def _misplaced(source: Source, folders: Iterable[Path]) -> Iterator[str]:
    """Entries of deliveries that cannot be read: they belong to no table, or are no files."""
    unknown = []
    for entry in (entry for folder in sorted(folders) for entry in entries(folder)):
        if not _is_of(entry, source.tables):
            unknown.append(str(entry))
        elif not entry.is_file():
            yield f"{entry} is {_what_is(entry)}, not a file"
    for folder in sorted(folders):
        # The day's folder was there already, with feedback in it, when this one was renamed to it.
        if (strayed := folder / f".{folder.name}").is_dir():
            yield f"{strayed} lies within the folder that it was to become: move its files one up"
    if unknown:
        more = f" and {len(unknown) - _EXAMPLES} more" if len(unknown) > _EXAMPLES else ""
        accepted = ", ".join(pattern for table in source.tables for pattern in table.files)
        yield f"{', '.join(unknown[:_EXAMPLES])}{more} would not be read: {source.folder} is delivered as {accepted}"


def _what_is(entry: Path) -> str:
    """What lies in the place of a file: it is not opened, as a pipe would wait for whoever writes it."""
    if entry.is_dir():
        return "a folder"
    return "a pipe or device" if entry.exists() else "a link to nothing"


def _missing(source: Source, folders: Iterable[Path]) -> Iterator[str]:
    """Files that a delivery lacks, of a source whose files arrive together."""
    for folder in folders:
        for table in source.tables:
            if not files_of(table, folder):
                yield f"{folder / table.files[0]} is missing"
