"""What is measured of a table as it would be published: rows from the log and footers, all else by one narrow query."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from pyarrow.dataset import Dataset

from expectations.suite import Suite
from expectations.usual import Measure
from jobs.errors import GoneError
from jobs.lakehouse import ledger, staging
from jobs.lakehouse.audit.ask import Questions
from jobs.lakehouse.audit.measured import Unit
from jobs.lakehouse.ledger import Entry
from jobs.lakehouse.publication import Staged
from jobs.tables import Table

_DIGITS = 6
"""Of a share."""


@dataclass(frozen=True)
class Rows:
    """Rows of a table, or of one of its deliveries, that numbers are taken of."""

    unit: Unit
    parts: list[Dataset]


def units_of(staged: Staged, parts: list[Dataset], row_count: int) -> Iterator[Rows]:
    """The table, or the deliveries of it that are not refused already.

    Args:
        staged: The publication.
        parts: Rows of the whole table.
        row_count: How many.
    """
    table = staged.suite.of
    if not table.is_dated:
        yield Rows(Unit(staging.WHOLE, staged.night, row_count), parts)
        return
    for part in sorted({*(staged.replaced or ())} - staged.verdict.problems.keys()):
        files = [file for file in staged.files if file.is_kept and file.part == part]
        rows = sum(file.footer.num_rows for file in files)
        yield Rows(Unit(part, date.fromisoformat(part), rows), [staging.kept_rows(files, table)])


def measure(asked: Questions, rows: Rows, suite: Suite, before: Dataset | None) -> dict[Measure, float]:
    """Measure what the suite declares.

    Args:
        asked: Answers queries.
        rows: The rows.
        suite: What to measure.
        before: The table as of the night before, where new keys are counted; None if there is none.

    Returns:
        The numbers. A table without rows has no shares, and one without a night before no new keys.
    """
    found: dict[Measure, float] = {}
    count = rows.unit.rows
    narrow = [one for one in suite.usual.measures() if one.column]
    if narrow and count:
        columns = list(dict.fromkeys(one.column for one in narrow))
        numbers = asked.measure(rows.parts, columns, [_aggregate(one, suite.of) for one in narrow])
        found = {one: _number(one, number, count) for one, number in zip(narrow, numbers, strict=True)}
    if suite.usual.new_keys and count and before is not None:
        found[Measure("new_keys")] = round(asked.new_keys(rows.parts, before, suite.of.key) / count, _DIGITS)
    return {Measure("rows"): count, **found}


def _aggregate(one: Measure, table: Table) -> str:
    """A measure of a column as SQL."""
    if one.kind == "distinct":
        return f'approx_count_distinct("{one.column}")'
    is_list = any(column.name == one.column and column.type.startswith("array") for column in table.columns)
    # Parquet's footers answer the second without a look at the rows.
    return f'count(*) FILTER (coalesce(len("{one.column}"), 0) = 0)' if is_list else f'count(*) - count("{one.column}")'


def _number(one: Measure, found: float, rows: int) -> float:
    return round(found / rows, _DIGITS) if one.is_share else found


def night_before(staged: Staged, root: str, entries: Sequence[Entry]) -> Dataset | None:
    """The table as it was published for the night before, whatever was published since for the same night.

    Args:
        staged: The publication.
        root: The lake's root.
        entries: Publications that the table held, newest first.
    """
    table = staged.suite.of
    last = next((entry for entry in entries if entry.night < staged.night), None)
    if last is None or not staged.suite.usual.new_keys:
        return None
    try:
        return staging.published_rows(ledger.open_version(root, table, last.version), table)
    except GoneError:  # vacuumed since
        return None
