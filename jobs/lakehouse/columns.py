"""What columns deliveries had: as their files name them, or, of files of objects, as rows came of them; and what changed.

A column that no definition knows is kept in ``extra``. One that files no longer name stops a delivery at the gate. Objects
name what they like each for itself: there only a name that was exchanged for another one stops a delivery.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.tables import Table

if TYPE_CHECKING:  # it imports Spark, and whoever asks what changed needs none
    from jobs.lakehouse.staging import StagedFile

_KEPT = 5
"""Deliveries whose columns the ledger tells, the newest."""
_OWN = ("extra", "file", "night")
"""Columns of every bronze row that are not delivered."""
NEAR = 0.6
"""How near a name is to one that is not there and had to be: it is shown beside it."""
SURE = 0.8
"""How near a name is to one that nobody had to give, such as a rating's value on a day without ratings, for being taken
for it: vote_averages for vote_average, but not volume for value, or device_id for event_id."""
_MOST = 1000
"""Names in ``extra`` of a delivery that the ledger tells, the first in order: objects may have one for each viewer."""
_LONGEST = 200
"""Characters of such a name."""
_SHOWN = 10
"""Names in a line."""
_KEYS = "extra.key_value.key"
"""Where Parquet keeps the names of what is in ``extra``."""


@dataclass(frozen=True)
class Content:
    """What the gate knows of the files of one table's delivery."""

    records: int
    files: tuple[str, ...] = ()
    """Their names."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Names of columns, in their order, with the type of those that have one: of files that name columns."""


@dataclass(frozen=True)
class Columns:
    """Columns of one delivery."""

    columns: Mapping[str, str]
    """Names, in order, with the type of those that have one."""
    files: tuple[str, ...]
    """Names of the files they were in."""


def seen(files: "Collection[StagedFile]", table: Table) -> dict[str, list[str]]:
    """Which columns of a staged publication have a value, those in ``extra`` among them: by footers, and names alone.

    Args:
        files: All files of a publication of a bronze table.
        table: The table.

    Returns:
        Partition → names: those of the definition in its order, then others by name.
    """
    own: dict[str, set[str]] = {}
    others: dict[str, list[str]] = {}
    for file in files:
        known, more = own.setdefault(file.part, set()), others.setdefault(file.part, [])
        known |= {name for name in table.column_names if name not in _OWN and _has_values(file.footer, name)}
        if _has_values(file.footer, _KEYS):
            for batch in file.batches([_OWN[0]]):
                keys = pc.utf8_slice_codeunits(batch.column(0).keys.unique(), 0, _LONGEST)
                more[:] = sorted({*more, *keys.to_pylist()})[:_MOST]
    return {part: [*(name for name in table.column_names if name in own[part]), *others[part]] for part in own}


def _has_values(footer: pq.FileMetaData, path: str) -> bool:
    """Whether a column of a Parquet file has any value; of one without statistics: yes."""
    index = next((n for n in range(footer.num_columns) if footer.schema.column(n).path == path), None)
    if index is None:
        return False
    for group in range(footer.num_row_groups):
        column = footer.row_group(group).column(index)
        told = column.statistics
        if told is None or not told.has_null_count or told.null_count < column.num_values:
            return True
    return False


def account(
    contents: Mapping[date, Content], found: Mapping[str, list[str]], out: Collection[str], before: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """What the ledger tells of the columns of the newest deliveries.

    Args:
        contents: What the gate knows of the deliveries of a publication.
        found: What :func:`seen` found of it.
        out: Deliveries that are not published.
        before: What the publication before told.

    Returns:
        Delivery → ``columns``, pairs of a name and a type, and ``files``.
    """
    told = dict(before)
    for day, content in contents.items():
        if (part := day.isoformat()) not in out:
            columns = _columns(content, found.get(part, ()))
            told[part] = {"columns": [list(pair) for pair in columns.items()], "files": list(content.files)}
    return {part: told[part] for part in sorted(told, reverse=True)[:_KEPT]}


def _columns(content: Content, found: Collection[str]) -> dict[str, str]:
    return {**content.columns, **{name: "" for name in found if name not in content.columns}}


def before(told: Mapping[str, Any], part: str) -> Columns | None:
    """The columns of the delivery before one, as the ledger tells them; None if it does not."""
    earlier = max((one for one in told if one < part), default=None)
    return of_account(told[earlier]) if earlier else None


def of_account(told: Mapping[str, Any]) -> Columns:
    """One delivery as :func:`account` told of it."""
    return Columns(dict(told["columns"]), tuple(told["files"]))


def renamed(
    table: Table, now: Collection[str], then: Collection[str], nearness: float = SURE
) -> Iterator[tuple[str, str]]:
    """Columns that go by another name now.

    Args:
        table: The table.
        now: Names of a delivery.
        then: Names of the one before.
        nearness: From 0 to 1, how near two names have to be.

    Yields:
        A name of the definition that is gone, and that of those that came for which it is the nearest.
    """
    came = [name for name in now if name not in then and name not in table.column_names]
    gone = [name for name in table.column_names if name in then and name not in now and name not in _OWN]
    pairs = {(name, other): SequenceMatcher(None, plain(other), plain(name)).ratio() for name in gone for other in came}
    exchanged: dict[str, str] = {}
    for (name, other), ratio in sorted(pairs.items(), key=lambda pair: -pair[1]):
        if ratio >= nearness and name not in exchanged and other not in exchanged.values():
            exchanged[name] = other
    yield from ((name, exchanged[name]) for name in gone if name in exchanged)


def plain(name: str) -> str:
    """A name without what spellings differ in: titleId, title_id and TITLE-ID are one."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def news(table: Table, told: Mapping[str, Any], parts: Collection[str]) -> list[str]:
    """What is worth knowing of the columns of some deliveries, in words.

    Args:
        table: The table.
        told: What :func:`account` returned.
        parts: The deliveries.
    """
    said: list[str] = []
    for part in sorted(parts):
        if part not in told:
            continue
        now, then = of_account(told[part]), before(told, part)
        known = set(table.column_names) if then is None else set(then.columns)
        files = ", ".join(now.files[:1]) + (f" and {len(now.files) - 1} more" if len(now.files) > 1 else "")
        new = [name for name in now.columns if name not in known and name not in table.column_names]
        if new:
            said.append(f"new in {files}, kept in extra: {_listed(new)}")
        gone = [name for name in then.columns if name not in now.columns] if then else []
        if gone:
            said.append(f"not in {files} any more: {_listed(gone)}")
    return said


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
