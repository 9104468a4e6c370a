"""What became of the rows offered, counted from the files they were written to: what is counted is what is published."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations.suite import PARKED, Suite
from jobs.lakehouse import columns
from jobs.lakehouse.audit.mark import DELIVERED, DUPLICATES, OF_SPINE, READER_FAULTS, REASONS, RECORD, SUPERSEDED
from jobs.lakehouse.staging import StagedFile

ALL = ""
"""Key of the rows with any reason, among counts by reason."""
_EXAMPLES = 5
_EXAMPLE_LENGTH = 80
"""Characters."""


@dataclass
class Counts:
    """Rows of one part of a table, or of the whole, by what became of them."""

    published: int = 0
    broken: int = 0
    """Rows set aside with at least one reason that is not parking."""
    parked: int = 0
    unreadable: int = 0
    """Broken rows whose record has no columns to judge."""
    by_reason: dict[str, int] = field(default_factory=dict)
    """Rows by reason code; a row counts under each of its reasons."""
    duplicates: int = 0
    """Rows of the spine that said exactly the same as one of those offered."""
    superseded: int = 0
    """Rows of the spine that one of those offered replaced or summed up."""
    of_other_inputs: int = 0
    """Rows offered that come from another input than the spine."""
    nulls: dict[str, int] = field(default_factory=dict)
    """Nulls by column, among the rows that could be read; of columns with a promise."""
    by_delivery: dict[str, Counter[str]] = field(default_factory=dict)
    """Broken rows by the night of the delivery that they come from, where that was offered: by reason, and ``ALL``."""

    @property
    def offered(self) -> int:
        """Rows offered."""
        return self.published + self.broken + self.parked

    def __iadd__(self, other: "Counts") -> "Counts":
        for name in ("published", "broken", "parked", "unreadable", "duplicates", "superseded", "of_other_inputs"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for mine, more in ((self.by_reason, other.by_reason), (self.nulls, other.nulls)):
            for key, rows in more.items():
                mine[key] = mine.get(key, 0) + rows
        for night, reasons in other.by_delivery.items():
            self.by_delivery.setdefault(night, Counter()).update(reasons)
        return self


def total(parts: Iterable[Counts]) -> Counts:
    """Counts of several parts together."""
    whole = Counts()
    for counts in parts:
        whole += counts
    return whole


@dataclass(frozen=True)
class Counted:
    """Counts by part, and a few values that broke a promise."""

    parts: dict[str, Counts]
    examples: dict[str, list[str]]
    """Reason code → some of the values or records that broke it, in the order in which they were written."""
    examples_of: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """The same of each part."""
    columns: dict[str, list[str]] = field(default_factory=dict)
    """Of bronze: by part, names of columns of which there is any value."""


def count(files: Collection[StagedFile], suite: Suite) -> Counted:
    """Count the rows of a staged publication: those kept by their files' footers, the others row by row.

    Args:
        files: All files of the publication.
        suite: The promises that the rows were marked by.
    """
    judged = sorted({expectation.column for expectation in suite.rows.values()})
    parts: dict[str, Counts] = {}
    examples_of: dict[str, dict[str, list[str]]] = {}
    for file in files:
        counts = parts.setdefault(file.part, Counts())
        if file.is_kept:
            counts += _count_kept(file, judged)
        else:
            beside = (REASONS, RECORD, DELIVERED, DUPLICATES, SUPERSEDED, OF_SPINE)
            for batch in file.batches([*judged, *beside, *_referred(suite)]):
                counts += _count_broken(batch, judged)
                _collect_examples(batch, suite, examples_of.setdefault(file.part, {}))
    examples: dict[str, list[str]] = {}
    for own in examples_of.values():
        for reason, values in own.items():
            examples[reason] = list(dict.fromkeys([*examples.get(reason, ()), *values]))[:_EXAMPLES]
    found = columns.seen(files, suite.of) if suite.of.layer == "bronze" else {}
    return Counted(parts, examples, examples_of, found)


def _referred(suite: Suite) -> list[str]:
    """Columns of references that have no promise of their own."""
    return [column for reference in suite.references for column in reference.columns]


def _count_kept(file: StagedFile, judged: list[str]) -> Counts:
    footer, counts = file.footer, Counts(published=file.footer.num_rows)
    for index, column in enumerate(footer.schema):
        # Of a list or map the leaf's nulls are not the column's; their only promise is not to be null.
        if column.path in judged:
            groups = [footer.row_group(group).column(index).statistics for group in range(footer.num_row_groups)]
            if all(group is not None and group.null_count is not None for group in groups):
                counts.nulls[column.path] = sum(group.null_count for group in groups)
            else:
                # A file says nothing of a column with very long values: they are read.
                counts.nulls[column.path] = sum(b.column(0).null_count for b in file.batches([column.path]))
    for batch in file.batches([DUPLICATES, SUPERSEDED, OF_SPINE]):
        _add_behind(counts, batch)
    return counts


def _count_broken(batch: pa.RecordBatch, judged: list[str]) -> Counts:
    reasons = batch.column(REASONS)
    row, codes = np.asarray(pc.list_parent_indices(reasons)), reasons.flatten()
    is_parking = np.asarray(pc.starts_with(codes, PARKED))
    is_broken = np.bincount(row, weights=~is_parking, minlength=batch.num_rows) > 0
    is_unreadable = np.isin(np.arange(batch.num_rows), row[np.asarray(pc.is_in(codes, pa.array(READER_FAULTS)))])
    counts = Counts(
        broken=int(is_broken.sum()),
        parked=int((~is_broken).sum()),
        unreadable=int(is_unreadable.sum()),
        by_reason={pair["values"]: pair["counts"] for pair in pc.value_counts(codes).to_pylist()},
    )
    for name in judged:
        if name in batch.schema.names:
            nulls = np.asarray(pc.is_null(batch.column(name)))
            counts.nulls[name] = int((nulls & ~is_unreadable).sum())
    if DELIVERED in batch.schema.names:
        nights = np.asarray(batch.column(DELIVERED).cast(pa.string()).to_pylist())
        for night in np.unique(nights[is_broken]):
            is_its = is_broken & (nights == night)
            told = codes.filter(pa.array(is_its[row] & ~is_parking))
            found = {pair["values"]: pair["counts"] for pair in pc.value_counts(told).to_pylist()}
            counts.by_delivery[str(night)] = Counter({**found, ALL: int(is_its.sum())})
    _add_behind(counts, batch)
    return counts


def _add_behind(counts: Counts, batch: pa.RecordBatch) -> None:
    """Add what stands behind the rows of a batch, where it was offered."""
    held = batch.schema.names
    if DUPLICATES in held:
        counts.duplicates += pc.sum(batch.column(DUPLICATES)).as_py() or 0
    if SUPERSEDED in held:
        counts.superseded += pc.sum(batch.column(SUPERSEDED)).as_py() or 0
    if OF_SPINE in held:
        counts.of_other_inputs += pc.sum(pc.invert(batch.column(OF_SPINE))).as_py() or 0


def _collect_examples(batch: pa.RecordBatch, suite: Suite, examples: dict[str, list[str]]) -> None:
    """Keep a few values for each reason that has too few of them yet."""
    reasons = batch.column(REASONS)
    row, codes = pc.list_parent_indices(reasons), reasons.flatten()
    for code in pc.unique(codes).to_pylist():
        found = examples.setdefault(code, [])
        if len(found) < _EXAMPLES:
            rows = batch.take(row.filter(pc.equal(codes, code)).slice(0, 10 * _EXAMPLES))
            values = (_example(record, _columns_of(code, suite)) for record in rows.to_pylist())
            found += [v for v in dict.fromkeys(values) if v not in found][: _EXAMPLES - len(found)]


def _columns_of(code: str, suite: Suite) -> tuple[str, ...]:
    """The columns that a reason is about; none for a fault."""
    if code in suite.rows:
        return (suite.rows[code].column,)
    return next((reference.columns for reference in suite.references if reference.reason == code), ())


def _example(record: dict[str, Any], columns: tuple[str, ...]) -> str:
    values = [str(record[name]) for name in columns if record.get(name) is not None]
    return (", ".join(values) or str(record[RECORD]))[:_EXAMPLE_LENGTH]
