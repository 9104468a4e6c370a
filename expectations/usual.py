"""What a table usually is like: what is measured of each publication, and when a number is said or stops one.

What is usual is no constant: it is found in the ledger, in the nights before (:mod:`jobs.lakehouse.baseline`).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.metadata_types import FailureSeverity

from jobs.tables import Table


@dataclass(frozen=True)
class Measure:
    """One number about a table, or about one delivery of it."""

    kind: Literal["rows", "new_keys", "nulls", "distinct"]
    """``rows``: how many. ``new_keys``: share of rows whose key was not there the night before. ``nulls``: share of rows
    without a value, or with an empty list. ``distinct``: about how many different values."""
    column: str = ""

    @property
    def name(self) -> str:
        """Its name in the ledger, and as a limit: ``distinct_user_id``."""
        return f"{self.kind}_{self.column}" if self.column else self.kind

    @property
    def is_share(self) -> bool:
        """Whether it is a share of the rows, else a count."""
        return self.kind in {"new_keys", "nulls"}

    @property
    def subject(self) -> str:
        """What it is, in words."""
        return {
            "rows": "rows",
            "new_keys": "share of new keys",
            "nulls": f"share without {self.column}",
            "distinct": f"different {self.column}",
        }[self.kind]

    def value(self, number: float) -> str:
        """A number of it as people read it."""
        return f"{100 * number:.3g} %" if self.is_share else f"{number:,.0f}"

    def span(self, low: float, high: float) -> str:
        """A range of it in words; an infinite bound is none."""
        if high == math.inf:
            return f"at least {self.value(low)}"
        return f"at most {self.value(high)}" if low == -math.inf else f"{self.value(low)} to {self.value(high)}"

    def expect(self, low: float, high: float, rows: int, severity: FailureSeverity) -> tuple[Expectation, str]:
        """The promise that it lies in a range, and Great Expectations' name of the metric that it judges.

        Args:
            low: Lower bound.
            high: Upper bound.
            rows: Rows of the table or delivery.
            severity: Whether to say or to stop what lies outside.
        """
        told: dict[str, Any] = {"severity": severity, "description": f"{self.subject} {self.span(low, high)}"}
        if self.kind == "nulls":
            told |= {"column": self.column, **_between(1 - high, 1 - low)}
            return gxe.ExpectColumnProportionOfNonNullValuesToBeBetween(**told), "column.non_null_proportion"
        if self.kind == "new_keys":  # Great Expectations counts the rows that are new
            low, high = low * rows, high * rows
        told |= _between(low if low == -math.inf else math.ceil(low), high if high == math.inf else math.floor(high))
        if self.kind == "distinct":
            promise = gxe.ExpectColumnUniqueValueCountToBeBetween(column=self.column, **told)
            return promise, "column.distinct_values.count"
        return gxe.ExpectTableRowCountToBeBetween(**told), "table.row_count"

    def metric(self, number: float, rows: int) -> float:
        """The value of the metric that :meth:`expect` names."""
        if self.kind == "nulls":
            return 1 - number
        return round(number * rows) if self.kind == "new_keys" else number


def _between(low: float, high: float) -> dict[str, float | None]:
    return {"min_value": low if math.isfinite(low) else None, "max_value": high if math.isfinite(high) else None}


@dataclass(frozen=True)
class Usual:
    """What is measured of a table beside its rows, and how far from usual stops a publication.

    What is a little unusual is said. What is far from usual is a limit where something is missing: fewer rows, fewer
    different values, more nulls. More of something is said only; of a delivery it stops too, as a file that is there twice.
    """

    least: float = 0.0
    """Share of the rows of the last publication (of a snapshot: of the delivery before) that there must be while there is no
    baseline yet."""
    stops_at: float | None = 0.25
    """The difference that always is within what may be: four fifths of the usual rows, five fourths of them, 25 points of
    a share. A table whose numbers differ by nature says more; None: nothing unusual stops it."""
    new_keys: bool = False
    """Whether the share of new keys is measured: the table is joined with its last version."""
    nulls: tuple[str, ...] = ()
    distinct: tuple[str, ...] = ()

    def measures(self) -> Iterator[Measure]:
        """What is measured."""
        yield Measure("rows")
        if self.new_keys:
            yield Measure("new_keys")
        yield from (Measure("nulls", column) for column in self.nulls)
        yield from (Measure("distinct", column) for column in self.distinct)

    def problems(self, of: Table) -> Iterator[str]:
        """What of it does not fit the table."""
        unknown = {*self.nulls, *self.distinct} - set(of.column_names)
        yield from (f"{column} is measured, which is no column" for column in sorted(unknown))
        if self.new_keys and (of.is_dated or not of.key):
            yield "new keys are measured of current tables with a key"

    def stops(self, measure: Measure, of: Table) -> tuple[bool, bool]:
        """Whether too little of a measure stops a publication, and too much."""
        if self.stops_at is None or measure.kind == "new_keys":
            return False, False
        is_delivery = of.layer == "bronze"
        return (is_delivery, True) if measure.kind == "nulls" else (True, is_delivery)

    def least_in_words(self, of: Table) -> str:
        """The promise about rows before there is a baseline."""
        before = "delivery before" if of.is_dated else "last publication"
        return f"at least {self.least:.0%} of the rows of the {before}"
