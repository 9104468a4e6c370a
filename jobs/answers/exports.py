"""A table as files for whoever serves or reads it elsewhere: its rows, one list a viewer, or one title's viewers.

It is written beside its place and renamed: a reader finds a whole export or none. Asked of the published table at one
version, without Spark, some rows at a time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from jobs.answers.formulas import STARTS_A_FORMULA
from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.files import LINE, File, Format, describe, placed, write_file
from jobs.lakehouse.ledger import Entry
from jobs.lakehouse.views import Views
from jobs.tables import Table
from jobs.tables.gold import EVERYBODY_ELSE, RECOMMENDATIONS
from jobs.tables.model import CHAMPION
from jobs.version import code_version

By = Literal["viewer", "title"]
ROWS_PER_FILE = 500_000
"""Rows of the table that are held at once, and that one file is made from: some hundred megabytes of memory."""
_ROWS_AT_ONCE = 50_000
"""Rows that are asked for at once where a file is made of several batches."""
_OF_A_LIST: tuple[str, ...] = ("model_name", "model_version", "model_night", "night")
"""Columns of gold.recommendations that are the same on every row of a list."""
_ISO = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True)
class Exported:
    """An export that was written."""

    folder: Path
    version: int
    """The newest Delta version, which is what was read."""
    publication: int
    """The version that published its rows: an earlier one after a rollback or maintenance."""
    night: str
    files: tuple[File, ...]

    @property
    def rows(self) -> int:
        """Rows of all files."""
        return sum(file.rows for file in self.files)


@dataclass(frozen=True)
class _Question:
    """What is exported, as SQL; with a key it is asked between two values of this column."""

    text: str
    key: str | None = None


def export(root: str, table: Table, kind: Format, by: By | None, folder: Path, *, replace: bool = False) -> Exported:
    """Write a table into a new folder: files, their checksums, and a manifest that says what they are.

    Args:
        root: The lake's root.
        table: Which table.
        kind: How files are written.
        by: One row a viewer, or one a title, with the lists as arrays; the table's own rows, if None.
        folder: Where.
        replace: Whether an export that is there may be replaced.

    Raises:
        JobError: The table was never published, or cannot be exported so; the folder is there; or it cannot be written.
    """
    question = _question(table, by)
    with placed(folder, table.name, replace=replace) as beside:
        delta = ledger.open_table(root, table)
        views = Views(root, [table], {table: delta.version()} if delta else None)
        views.require(table)
        entry = ledger.as_of(root, table, delta.version()) if delta else None
        if delta is None or entry is None:
            raise JobError(f"{table.name} was not exported: no publication says what its rows are")
        files = tuple(
            write_file(rows, kind, beside / f"part-{number:05}.{kind}")
            for number, rows in enumerate(_tables(views, table, question, kind))
        )
        columns = [{"name": name, "type": str(of)} for name, of in _types(views, question).items()]
        describe(beside, files, _told(entry, delta.version(), kind, by) | {"columns": columns})
    return Exported(folder, delta.version(), entry.version, entry.night.isoformat(), files)


def _question(table: Table, by: By | None) -> _Question:
    """What is asked of a table."""
    if table.layer not in {"silver", "gold"}:
        raise JobError(f"{table.name} was not exported: only silver and gold tables are; ask it by `reelhouse sql`")
    if by is None:
        return _Question(f"FROM {table.name}")
    if table is not RECOMMENDATIONS:
        raise JobError(f"{table.name} was not exported: only {RECOMMENDATIONS.name} has lists to export --by {by}")
    if by == "viewer":
        of_list, order, where = _OF_A_LIST, "rank", "TRUE"
        arrays = {f"{name.removesuffix('s')}s": name for name in _of_each(table)}
    else:
        of_list, order, where = _OF_A_LIST[-1:], "rank, user_id", f"user_id <> '{EVERYBODY_ELSE}'"
        arrays = {"user_ids": "user_id", "ranks": "rank"}
    key = "user_id" if by == "viewer" else "title_id"
    columns = [key, *(f"any_value({name}) AS {name}" for name in of_list)]
    columns += [f"list({name} ORDER BY {order}) AS {many}" for many, name in arrays.items()]
    return _Question(
        f"SELECT {', '.join(columns)} FROM {table.name} WHERE {where} AND {key} BETWEEN ? AND ? "  # noqa: S608
        f"GROUP BY {key} ORDER BY {key}",
        key,
    )


def _of_each(table: Table) -> list[str]:
    """Columns that differ from rank to rank, in order; the rank itself is the place in the array."""
    return [name for name in table.column_names if name not in {"user_id", "rank", *_OF_A_LIST}]


def _tables(views: Views, table: Table, question: _Question, kind: Format) -> Iterator[pa.Table]:
    """What is asked, a file's worth at a time, with cells as the format takes them."""
    text = f"SELECT {_cells(views, question, kind)} FROM ({question.text}) AS asked"  # noqa: S608
    if question.key is None:
        yield from _together(views.batches(text, min(ROWS_PER_FILE, _ROWS_AT_ONCE)))
    else:
        yield from (views.arrow(text, between) for between in _ranges(views, table, question.key))


def _together(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches, which end where a file of the table or a group of its rows ends, as tables of a file's size at most."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        if held and sum(one.num_rows for one in held) + batch.num_rows > ROWS_PER_FILE:
            yield pa.Table.from_batches(held)
            held = []
        held.append(batch)
    if held:
        yield pa.Table.from_batches(held)


def _ranges(views: Views, table: Table, key: str) -> Iterator[tuple[str, str]]:
    """First and last key of parts of about as many rows; a key with more rows than that is a part of its own."""
    counted = views.arrow(f"SELECT {key}, count(*) AS rows FROM {table.name} GROUP BY {key} ORDER BY {key}")  # noqa: S608
    part = np.cumsum(counted["rows"].to_numpy()) // ROWS_PER_FILE
    starts = np.flatnonzero(np.diff(part, prepend=-1))
    ends = [*(starts[1:] - 1), len(part) - 1]
    for start, end in zip(starts.tolist(), ends, strict=True):
        yield counted[key][start].as_py(), counted[key][int(end)].as_py()


def _types(views: Views, question: _Question) -> dict[str, pa.DataType]:
    """Columns of what is asked, with their types."""
    nothing = views.arrow(f"FROM ({question.text}) LIMIT 0", ("", "") if question.key else ())
    return {field.name: field.type for field in nothing.schema}


def _cells(views: Views, question: _Question, kind: Format) -> str:
    """The columns of a question as a format takes them: Parquet as they are, CSV as plain cells, JSON as one line a row."""
    types = _types(views, question)
    if kind == "parquet":
        return ", ".join(f'"{name}"' for name in types)
    dated = {name: f'"{name}"' for name in types}
    for name, of in types.items():
        if pa.types.is_timestamp(of):
            dated[name] = f"strftime(\"{name}\" AT TIME ZONE 'UTC', '{_ISO}')"
    if kind == "jsonl":
        fields = ", ".join(f"'{name}': {cell}" for name, cell in dated.items())
        return f"to_json({{{fields}}})::VARCHAR AS {LINE}"
    cells = []
    for name, cell in dated.items():
        of = types[name]
        if pa.types.is_nested(of):
            cell = f"to_json({cell})::VARCHAR"
        elif pa.types.is_string(of):
            cell = f"CASE WHEN regexp_matches({cell}, '{STARTS_A_FORMULA}') THEN '''' || {cell} ELSE {cell} END"
        cells.append(f'{cell} AS "{name}"')
    return ", ".join(cells)


def _told(entry: Entry, version: int, kind: Format, by: By | None) -> dict[str, object]:
    """What the manifest says of the publication that was exported."""
    return {
        "table": entry.table,
        "delta_version": version,
        "publication_version": entry.version,
        "night": entry.night.isoformat(),
        "published_at": entry.at.isoformat(),
        "model_version": entry.inputs.get(CHAMPION.name),
        "inputs": entry.inputs,
        "format": kind,
        "by": by,
        "code_version": code_version(),
    }
