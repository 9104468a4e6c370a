"""How the tables of bronze stand: what they hold, beside what was delivered. Without Spark, and without reading a file."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from jobs.answers.standing import Status, carrying, is_promised
from jobs.lakehouse.ledger import Served
from jobs.lakehouse.refusals import Refusal
from jobs.landing import deliveries
from jobs.landing.hashes import Hashes
from jobs.settings import Settings
from jobs.tables import SOURCES, Table


def statuses_of_bronze(
    settings: Settings, served: Mapping[str, Served | None], refused: Mapping[str, Refusal], counted: date
) -> Iterator[Status]:
    """How each table stands of which anything was ever delivered.

    Args:
        settings: Where everything is.
        served: What the tables hold.
        refused: The last refusal of each table that was not published since.
        counted: The day that ages are counted to; what is delivered for it is not awaited yet.
    """
    for source in SOURCES:
        folders = deliveries.deliveries(settings.landing, source)
        entries = {day: deliveries.entries(folder) for day, folder in folders.items()}
        hashes = Hashes(settings.landing / source.folder)
        for table in source.tables:
            held = served[table.name]
            files = {day: own for day, found in entries.items() if (own := deliveries.those_of(table, found))}
            refusal = refused.get(table.name)
            if refusal and not _is_open(table, held, refusal, files):
                refusal = None
            awaited = {day: own for day, own in files.items() if day < counted}
            status = _status(table, held, refusal, awaited, hashes)
            if status:
                yield is_promised(table, carrying(status, held, counted))


def _is_open(table: Table, held: Served | None, refusal: Refusal, files: Collection[date]) -> bool:
    """Whether a refused delivery is to be mended: it was not taken away, nor has a later dump come into its place."""
    later = table.kind == "snapshot" and held and max(held.entry.deliveries, default="") > refusal.night.isoformat()
    return refusal.night in files and not later


def _status(
    table: Table, held: Served | None, refusal: Refusal | None, files: Mapping[date, Sequence[Path]], hashes: Hashes
) -> Status | None:
    """One table; None if nothing of it was ever delivered."""
    contents = {date.fromisoformat(day): content for day, content in held.entry.deliveries.items()} if held else {}
    last = max(contents, default=None)
    waiting = []
    # Of a log every delivery counts, of a snapshot the newest.
    for day in sorted(files) if table.kind == "log" else sorted(files)[-1:]:
        if day in contents or (table.kind != "log" and last and day < last):
            continue
        # A dump like the last one is no delivery of its own; whether it is like it the ingest has found out.
        known = [hashes.remembered(file) for file in files[day]]
        before = max((earlier for earlier in contents if earlier < day), default=None)
        is_same = before and None not in known and deliveries.content_hash(filter(None, known)) == contents[before]
        if table.kind == "snapshot" and is_same:
            last = day
        else:
            waiting.append(day)
    # What was refused has come again like the last good one: nothing of it is missing.
    if refusal and not (refusal.night == last and last not in contents):
        why = f"night {refusal.night} was refused: {'; '.join(refusal.problems)}"
        return Status(table.name, "stale", why, last, refusal.night)
    if waiting:
        count = f"the deliveries of {len(waiting)} days, the last {waiting[-1]}, were" if len(waiting) > 1 else ""
        why = f"{count or f'the delivery of {waiting[-1]} was'} not ingested"
        return Status(table.name, "behind" if held else "never published", why, last)
    return Status(table.name, "fresh", "", last) if held else None
