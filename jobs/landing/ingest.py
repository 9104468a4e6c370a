"""Ingest one source: check its deliveries at the gate, then publish each table's new partitions."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from expectations.suite import Suite
from jobs.errors import JobError
from jobs.lakehouse.lake import Lake
from jobs.landing import gate
from jobs.landing.gate import Delivered
from jobs.landing.readers import read_files
from jobs.tables import Source, Table


def ingest(lake: Lake, source: Source, suites: Mapping[str, Suite], night: date) -> None:
    """Publish what was delivered for ``night``, and any earlier delivery that was never ingested.

    A table without a file for the night is ``stale``: the night goes on with its last good delivery. A delivery whose
    content is what the lake holds already is ``unchanged`` and makes no partition.

    Args:
        lake: The lake.
        source: Which folder of landing.
        suites: Suite by table name.
        night: The night.

    Raises:
        JobError: A file is missing, empty, damaged, wrongly encoded, or lacks a column. Then nothing of the source is
            published, as its files arrive together.
    """
    folders = {day: folder for day, folder in gate.deliveries(lake.settings.landing, source).items() if day <= night}
    pending = {table.name: _pending(lake, table, folders, night) for table in source.tables}
    _require_complete(source, {folders[day] for days in pending.values() for day in days})
    checked = {
        table.name: {day: gate.require(table, files) for day, files in pending[table.name].items() if files}
        for table in source.tables
    }
    for table in source.tables:
        _publish(lake, suites[table.name], checked[table.name], night)


def _pending(lake: Lake, table: Table, folders: Mapping[date, Path], night: date) -> dict[date, list[Path]]:
    """Deliveries to look at with their files: the night's own, and earlier ones that the lake has not seen."""
    held = lake.deliveries(table)
    days = {day for day in folders if day == night or day not in held}
    if table.kind == "snapshot":
        # Only the newest delivery is read: a missed one is caught up with if it is newer than what is held.
        newest = max((day for day in days if not held or day > max(held)), default=None)
        is_kept = len(held) < (table.keeps or 1) or night >= min(held)
        days = {day for day in days if day == newest or (day == night and is_kept)}
    return {day: gate.files_of(table, folders[day]) for day in sorted(days)}


def _require_complete(source: Source, folders: set[Path]) -> None:
    """A source whose files arrive together is not ingested in part."""
    if not source.is_complete:
        return
    missing = [
        f"{folder / table.files[0]} is missing"
        for folder in sorted(folders)
        for table in source.tables
        if not gate.files_of(table, folder)
    ]
    if missing:
        raise JobError(
            f"{source.name} was not ingested: {'; '.join(missing)}; deliver it, or take the folder away; "
            "what was published before stays"
        )


def _publish(lake: Lake, suite: Suite, checked: dict[date, list[Delivered]], night: date) -> None:
    """Publish the deliveries whose content the lake does not hold, as one commit."""
    table, held = suite.of, lake.deliveries(suite.of)
    hashes = {day: gate.content_hash(files) for day, files in checked.items()}
    changed = {day for day, content in hashes.items() if not _is_held(table, held, day, content)}
    if changed:
        rows = read_files(lake.spark, table, [file for day in sorted(changed) for file in checked[day]])
        lake.publish(rows, suite, night, deliveries={day: hashes[day] for day in changed})
    elif night in checked:
        lake.report(table.name, "unchanged")
    else:
        lake.report(table.name, "stale", note=f"last delivered {max(held)}" if held else "never delivered")


def _is_held(table: Table, held: Mapping[date, str], day: date, content: str) -> bool:
    """Whether a delivery is in the lake: as its own partition or, for a snapshot, as the one before it."""
    if held.get(day) == content:
        return True
    before = [earlier for earlier in held if earlier < day]
    return table.kind == "snapshot" and day not in held and bool(before) and held[max(before)] == content
