"""What changed in what sources deliver, from one delivery to the next, and which edit of a definition follows. No Spark."""

import json
import keyword
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jobs.lakehouse import ledger
from jobs.lakehouse.columns import NEAR, SURE, Columns, before, of_account, renamed
from jobs.lakehouse.ledger import Entry
from jobs.landing import deliveries
from jobs.landing.content import kind_of
from jobs.landing.gate import names
from jobs.landing.hashes import Hashes
from jobs.landing.unpacking import Packed, TroubleError
from jobs.settings import Gate, Settings
from jobs.tables import SOURCES, Source, Table, bronze

_DEFINITIONS = "jobs/tables/bronze.py"
_OWN = ("extra", "file", "night")
_ORDERED = ("tsv", "csv", "parquet")
"""Kinds of files whose columns have an order, and all have to be there; objects have none."""
_LOOKED_AT = 16 << 20
"""Bytes of a file of objects that are looked through for names; of one in the lake all are known."""
_BETWEEN = b"::"
"""What separates the fields of a file that names none."""
_COMMITS = 100
"""The newest commits in which what became of a delivery is looked for."""
_SHARE = 0.001
"""A share of records that says nothing more of itself."""


@dataclass(frozen=True)
class Change:
    """One difference between two deliveries."""

    kind: str
    """new, gone, renamed, type, order, files, broken."""
    said: str
    """What differs, in words."""
    edit: str = ""
    """The edit of the definition that is proposed; empty if none is needed."""


@dataclass(frozen=True)
class Drift:
    """The last delivery of a table beside the one before."""

    table: str
    delivery: date | None
    """None if there is none."""
    before: date | None
    is_held: bool
    """Whether the lake holds the last delivery; else it was refused, or waits."""
    changes: tuple[Change, ...] = ()


def drift(settings: Settings, tables: Collection[Table] | None = None, night: date | None = None) -> list[Drift]:
    """Compare the last delivery of each bronze table with the one before.

    Args:
        settings: Where everything is.
        tables: Only these.
        night: Up to which delivery; the newest, if None.

    Returns:
        One for each table, in the order of their sources.

    Raises:
        JobError: The lake was made by a newer version.
    """
    return [
        _of_table(settings, source, table, night)
        for source in SOURCES
        for table in source.tables
        if tables is None or table in tables
    ]


def _of_table(settings: Settings, source: Source, table: Table, night: date | None) -> Drift:
    entry = ledger.latest(settings.lake, table)
    told = {day: one for day, one in (entry.columns if entry else {}).items() if not night or day <= str(night)}
    delivered = _delivered(settings.landing, source, table, night)
    last = max([*delivered, *map(date.fromisoformat, told)], default=None)
    if last is None:
        return Drift(table.name, None, None, is_held=False)
    is_held = last not in delivered or _is_held(settings, source, table, entry, last, delivered[last])
    if is_held and str(last) in told:
        now: Columns | None = of_account(told[str(last)])
    else:
        now = _of_landing(settings, source, table, delivered[last])
    then = before(told, str(last))
    if now is None or then is None:
        return Drift(table.name, last, None, is_held=is_held)
    changes = [*_named(table, now, then), *_files(now, then)]
    earlier = max(day for day in told if day < str(last))
    if str(last) in told and is_held:
        changes += _broken(ledger.history(settings.lake, table, _COMMITS), str(last), earlier)
    return Drift(table.name, last, date.fromisoformat(earlier), is_held=is_held, changes=tuple(changes))


def _delivered(landing: Path, source: Source, table: Table, night: date | None) -> dict[date, list[Path]]:
    """Delivery → files of a table."""
    folders = deliveries.deliveries(landing, source)
    found = {day: deliveries.files_of(table, folder) for day, folder in folders.items() if not night or day <= night}
    return {day: files for day, files in found.items() if files and all(file.is_file() for file in files)}


def _is_held(
    settings: Settings, source: Source, table: Table, entry: Entry | None, day: date, files: Iterable[Path]
) -> bool:
    """Whether the lake holds a delivery as it lies there now."""
    hashes = Hashes(settings.landing / source.folder, settings.gate)
    held = {date.fromisoformat(one): content for one, content in entry.deliveries.items()} if entry else {}
    return deliveries.is_held(table, held, day, deliveries.content_hash(map(hashes.of, files)))


def _of_landing(settings: Settings, source: Source, table: Table, files: Iterable[Path]) -> Columns | None:
    """Columns of files that the lake does not hold; None of what cannot be read at all."""
    hashes = Hashes(settings.landing / source.folder, settings.gate)
    found: dict[str, str] = {}
    read = []
    for file in files:
        content = hashes.scan(file).content
        if content is None:
            continue
        read.append(file.name)
        named = names(file, content)
        types = content.types or ("",) * len(named)
        if kind_of(file) == "dat":
            named = _places(table, file, settings.gate)
            types = ("",) * len(named)
        found |= dict(zip(named, types, strict=True)) if named else _keys(file, settings.gate)
    return Columns(found, tuple(read)) if read else None


def _places(table: Table, file: Path, limits: Gate) -> tuple[str, ...]:
    """What the fields of a file's first record are, of one that names none: those of the definition, in their order."""
    own = [name for name in table.column_names if name not in _OWN]
    try:
        with Packed(file, limits) as packed:
            first = next(packed.pieces(), b"").lstrip(b"\r\n ").partition(b"\n")[0]
    except TroubleError:
        return tuple(own)
    count = first.count(_BETWEEN) + 1
    return (*own[:count], *(f"field {number}" for number in range(len(own) + 1, count + 1)))


def _keys(file: Path, limits: Gate) -> dict[str, str]:
    """Names of what the first objects of a file have a value for."""
    found: dict[str, str] = {}
    rest, size = b"", 0
    try:
        with Packed(file, limits) as packed:
            for piece in packed.pieces():
                *lines, rest = (rest + piece).split(b"\n")
                size += len(piece)
                for line in lines:
                    found |= _keys_of(line)
                if size > _LOOKED_AT:
                    return found
    except TroubleError:
        return found
    return found | _keys_of(rest)


def _keys_of(line: bytes) -> dict[str, str]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return {name: "" for name, value in said.items() if value is not None} if isinstance(said, dict) else {}


def _named(table: Table, now: Columns, then: Columns) -> Iterator[Change]:
    """What changed in names, types and order."""
    place, own = _place(table), [name for name in table.column_names if name not in _OWN]
    comments = {column.name: column.comment for column in table.columns}
    near = dict(renamed(table, now.columns, then.columns, NEAR if _is_ordered(now) else SURE))
    exchanged = near | _in_place(table, now, then, near)
    for name, other in exchanged.items():
        line = _argument(other, comments[name])
        # Of a snapshot the newest delivery counts; of a log all do, and those before keep the old name.
        or_else = "or ask the source" if table.kind == "snapshot" else "but deliveries before have none: ask the source"
        edit = f"{place}, in the place of {name}: {line} and whatever reads it; {or_else}"
        yield Change("renamed", f"{name} is {other} now{'' if name in near else ', by its place'}", edit)
    for name in now.columns:
        if name not in then.columns and name not in exchanged.values():
            if name in own:
                yield Change("new", f"{name} has values now")
            else:
                edit = f"{place}, after {own[-1]}: {_argument(name)}"
                yield Change("new", f"{name} is new, and kept in extra", edit)
    for name in then.columns:
        if name not in now.columns and name not in exchanged:
            edit = f"{place}: take {name} out, and whatever reads it; or ask the source" if name in own else ""
            yield Change("gone", f"{name} is not there any more", edit)
    for name, kind in now.columns.items():
        if kind and then.columns.get(name) and kind != then.columns[name]:
            yield Change("type", f"{name} is {kind} now, and was {then.columns[name]}")
    is_ordered = _is_ordered(now) and _is_ordered(then)
    if is_ordered and set(now.columns) == set(then.columns) and list(now.columns) != list(then.columns):
        yield Change("order", "columns come in another order; they are read by name")


def _in_place(table: Table, now: Columns, then: Columns, near: Mapping[str, str]) -> dict[str, str]:
    """Columns of the definition in whose place of the file a name stands that nobody knows, and is near to none."""
    if len(now.columns) != len(then.columns) or not (_is_ordered(now) and _is_ordered(then)):
        return {}
    known = {*table.column_names, *then.columns, *near.values()}
    return {
        name: other
        for name, other in zip(then.columns, now.columns, strict=True)
        if other not in known and name in table.column_names and name not in {*now.columns, *near}
    }


def _is_ordered(columns: Columns) -> bool:
    """Whether all files of a delivery name their columns in an order."""
    return all(kind_of(Path(name)) in _ORDERED for name in columns.files)


def _place(table: Table) -> str:
    """Where a table is defined."""
    return f"{_DEFINITIONS}, {next(name for name, value in vars(bronze).items() if value is table)}"


def _argument(name: str, comment: str = "…") -> str:
    """A column as definitions write it."""
    said = json.dumps(comment, ensure_ascii=False)
    is_name = name.isidentifier() and not keyword.iskeyword(name)
    return f"{name}={said}," if is_name else f"**{{{json.dumps(name, ensure_ascii=False)}: {said}}},"


def _files(now: Columns, then: Columns) -> Iterator[Change]:
    """Whether files are named, written or compressed otherwise; numbers and dates in names may differ."""
    ours, theirs = ({re.sub(r"\d+", "#", name) for name in one.files} for one in (now, then))
    if ours != theirs:
        yield Change("files", f"files are {_listed(now.files)} now, and were {_listed(then.files)}")


def _listed(files: Collection[str]) -> str:
    shown = ", ".join(sorted(files)[:3])
    return f"{shown} and {len(files) - 3} more" if len(files) > 3 else shown


def _broken(entries: Iterable[Entry], last: str, earlier: str) -> Iterator[Change]:
    """Reasons for which a larger share of the records was set aside than of those before."""
    shares: dict[str, Mapping[str, float]] = {}
    for entry in entries:
        for day in {last, earlier} & entry.parts.keys() - shares.keys():
            part = entry.parts[day]
            shares[day] = {reason: rows / part.offered for reason, rows in part.by_reason.items()}
    if shares.keys() < {last, earlier}:
        return
    for reason, share in sorted(shares[last].items()):
        was = shares[earlier].get(reason, 0.0)
        if share > was + _SHARE:
            yield Change("broken", f"{reason}: {share:.1%} of the records are set aside, and {was:.1%} were")
