"""A table that is made again although nothing says so: whether anything came out differently, and which rows left quarantine."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow.dataset import dataset as arrow_dataset

from jobs.lakehouse import quarantine, staging
from jobs.lakehouse.audit.ask import Matter, questions
from jobs.lakehouse.audit.mark import REASONS, RECORD

if TYPE_CHECKING:
    from jobs.lakehouse.publication import Staged

_ASIDE = pa.schema([("part", pa.string()), ("record", pa.string()), ("reasons", pa.string())])
_WAS, _NOW, _SERVED = "replay.was", "replay.now", "replay.served"
_COUNTED = """
    SELECT part, record, min(reasons) AS reasons, max(reasons) AS others, count(*) AS n FROM {} GROUP BY part, record
"""
_MOVED = f"""
    FROM ({_COUNTED.format(_WAS)}) AS was FULL JOIN ({_COUNTED.format(_NOW)}) AS now USING (part, record)
"""


@dataclass(frozen=True)
class Replayed:
    """What making a table again changed of what is in quarantine, and of what is published."""

    is_same: bool
    """Whether nothing came out differently: neither a row nor a reason."""
    left: int
    """Rows that are in quarantine no more."""
    stay: int
    came: int
    """Rows that were not in quarantine."""
    published: int
    before: int
    """Rows that were published of the same parts."""

    @property
    def words(self) -> str:
        """That in words."""
        if self.is_same:
            return f"made again, nothing changed: {_rows(self.stay)} {_stay(self.stay)} in quarantine"
        came = f", {self.came:,} came in" if self.came else ""
        return (
            f"{_rows(self.left)} left quarantine, {self.stay:,} {_stay(self.stay)}{came}; "
            f"{_rows(self.published)} published, {self.before:,} before"
        )


def compare(root: str, staged: "Staged", out: Collection[str], scratch: Path) -> Replayed:
    """Hold a publication against what is published, and in quarantine, of the same parts.

    Rows are compared by the sum of their hashes, each column among them.

    Args:
        root: The lake's root.
        staged: The publication.
        out: Parts of it that are not published.
        scratch: The home, where there is room for what does not fit into memory.
    """
    table = staged.suite.of
    parts = None if staged.replaced is None else [part for part in staged.replaced if part not in out]
    files = [file for file in staged.files if file.part not in out]
    kept = staging.kept_rows([file for file in files if file.is_kept], table)
    served = staging.kept_rows([], table)
    if staged.base is not None:
        served = staging.served_rows(staged.base, table, parts)
    others = {
        _WAS: quarantine.rows_of(root, table, parts),
        _NOW: arrow_dataset(pa.Table.from_batches(_aside(files), _ASIDE)),
        _SERVED: served,
    }
    columns = ", ".join(f'"{name}"' for name in table.column_names)
    with questions(Matter([kept], str(scratch / "work" / f"{staged.name}-again"), others), {}) as asked:

        def number(query: str) -> int:
            return int(asked.number(query) or 0)

        summed = "(SELECT coalesce(sum(hash(told)), 0) FROM (SELECT {} FROM {}) AS told)"
        is_same_rows = number(f"SELECT {summed.format(columns, '{batch}')} = {summed.format(columns, _SERVED)}")
        left = number(f"SELECT sum(greatest(coalesce(was.n, 0) - coalesce(now.n, 0), 0)) {_MOVED}")
        came = number(f"SELECT sum(greatest(coalesce(now.n, 0) - coalesce(was.n, 0), 0)) {_MOVED}")
        stay = number(f"SELECT sum(least(coalesce(was.n, 0), coalesce(now.n, 0))) {_MOVED}")
        otherwise = number(f"SELECT count_if(was.reasons <> now.reasons OR was.others <> now.others) {_MOVED}")
    published, before = kept.count_rows(), served.count_rows()
    is_same = bool(is_same_rows) and published == before and not (left or came or otherwise)
    return Replayed(is_same and staged.base is not None, left, stay, came, published, before)


def _aside(files: Collection[staging.StagedFile]) -> Iterator[pa.RecordBatch]:
    """Broken rows of a publication as what tells them apart."""
    for file in (file for file in files if not file.is_kept):
        for batch in file.batches([REASONS, RECORD]):
            reasons = quarantine.reasons_in_one(batch.column(REASONS))
            part = pa.array([quarantine.shown(file.part)] * batch.num_rows, pa.string())
            yield pa.RecordBatch.from_arrays([part, batch.column(RECORD), reasons], schema=_ASIDE)


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


def _stay(number: int) -> str:
    return "stays" if number == 1 else "stay"
