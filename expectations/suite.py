"""How the promises about a table are written down, and the ones its definition makes by itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import ColumnMapExpectation, Expectation

from jobs.tables import Table

NO_ROWS_BROKEN = 0.0
PARKED = "parked:"
"""How the reason code of a row begins that waits for another table."""


@dataclass(frozen=True)
class Reference:
    """A promise about another table: each row's ``columns`` are found in ``to``, or are not.

    A row that waits for another table (an event of a title that nobody knows yet) is *parked*: set aside, offered
    again every night, and outside the suite's tolerance.
    """

    columns: tuple[str, ...]
    to: Table
    exists: bool = True
    parks: bool = False

    @property
    def reason(self) -> str:
        """Reason code of a row that breaks the promise."""
        if self.parks:
            return f"{PARKED}{','.join(self.columns)}"
        return f"{','.join(self.columns)}:{'not_in' if self.exists else 'in'}_{self.to.name}"


@dataclass(frozen=True)
class Coverage:
    """A promise about the whole table: of the distinct ``columns`` of ``of`` at least a share occurs in it."""

    columns: tuple[str, ...]
    of: Table
    at_least: float

    @property
    def description(self) -> str:
        """The promise in words."""
        return f"at least {self.at_least:.4g} of the distinct {', '.join(self.columns)} of {self.of.name} are there"


@dataclass(frozen=True)
class Suite:
    """All promises about the rows of one table.

    ``rows`` are judged on every row offered, each within ``tolerates``; ``table`` on the rows kept.
    """

    of: Table
    rows: dict[str, ColumnMapExpectation]
    """Row expectations by the reason code of a row that breaks them."""
    table: tuple[Expectation, ...]
    references: tuple[Reference, ...]
    tolerates: float
    parked_at_most: float = 1.0
    """Share of the rows offered that may wait for another table."""
    shrinks_to_at_least: float = 0.0
    """Share of the rows of the last publication (of a snapshot: of the delivery before) that there must be."""
    covers: tuple[Coverage, ...] = ()
    conditions: dict[int, Any] = field(default_factory=dict, compare=False, repr=False)
    """What Great Expectations made of ``rows`` in the session at hand; filled by the audit."""

    @property
    def least_in_words(self) -> str:
        """The promise about its row count beside that of the last publication."""
        before = "delivery before" if self.of.is_dated else "last publication"
        return f"at least {self.shrinks_to_at_least:.0%} of the rows of the {before}"


def suite(
    of: Table,
    rows: Iterable[ColumnMapExpectation] = (),
    table: Iterable[Expectation] = (),
    references: Iterable[Reference] = (),
    tolerates: float = NO_ROWS_BROKEN,
    parked_at_most: float = 1.0,
    shrinks_to_at_least: float = 0.0,
    covers: Iterable[Coverage] = (),
) -> Suite:
    """Put what the definition itself promises before the given promises.

    Args:
        of: The table.
        rows: GX column-map expectations: true or false of one row.
        table: GX expectations of the table as a whole; queries for broken rows in SQL that Spark and DuckDB both
            understand, as DuckDB asks them.
        references: Promises about other tables.
        tolerates: Share of the rows offered that may be broken; a larger one publishes nothing. Of a dated table each
            delivery is judged by itself.
        parked_at_most: Share of the rows offered that may wait for another table; a larger one publishes nothing.
        covers: Promises that nothing of another table is missing.
        shrinks_to_at_least: A table with a smaller share of the rows of its last publication is not published.

    Raises:
        ValueError: Two row promises have the same reason code.
    """
    not_null = [gxe.ExpectColumnValuesToNotBeNull(column=c.name) for c in of.columns if not c.nullable]
    promised: dict[str, ColumnMapExpectation] = {}
    for expectation in (*not_null, *rows):
        reason = _reason(expectation)
        if reason in promised:
            raise ValueError(f"{of.name}: two promises are called {reason}")
        promised[reason] = expectation.copy(update={"mostly": 1.0 - tolerates})
    return Suite(
        of,
        promised,
        (*_table_promises(of), *table),
        tuple(references),
        tolerates,
        parked_at_most,
        shrinks_to_at_least,
        tuple(covers),
    )


def _table_promises(of: Table) -> list[Expectation]:
    """Exact columns, and the key unique by one aggregation (GX's compound check costs twice as much)."""
    promises: list[Expectation] = [gxe.ExpectTableColumnsToMatchOrderedList(column_list=list(of.column_names))]
    if of.key:
        key = ", ".join(of.key)
        promises.append(
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=f"SELECT {key} FROM {{batch}} GROUP BY {key} HAVING COUNT(*) > 1",  # noqa: S608
                description=f"{key} is unique",
            )
        )
    return promises


def _reason(expectation: ColumnMapExpectation) -> str:
    """``release_year:be_between`` for an ExpectColumnValuesToBeBetween of release_year."""
    kind = expectation.expectation_type.removeprefix("expect_column_values_to_").removeprefix("expect_column_value_")
    return f"{expectation.column}:{kind}"
