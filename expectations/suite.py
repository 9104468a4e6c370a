"""How the promises about a table are written down, and the ones its definition makes by itself."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import ColumnMapExpectation, Expectation

from expectations.usual import Usual
from jobs.tables import Table

NO_ROWS_BROKEN = 0.0
PARKED = "parked:"
"""How the reason code of a row begins that waits for another table."""
_ADDRESS = re.compile(r"\b(?:bronze|silver|gold|ops)\.[a-z_]+\b")
"""A table's name in a query."""


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
class Limit:
    """A promise about the whole table that a person may overrule: one number within a bound that the settings give."""

    name: str
    """Field of the settings' ``limits``: ``REELHOUSE_LIMITS__<NAME>``."""
    subject: str
    """What the number is, in words."""
    query: str
    """Finds the number; null where there is nothing to judge."""
    is_most: bool
    """Whether the bound is the most that it may be, else the least."""
    unjudged: str = ""
    """Why there may be nothing to judge, in words."""

    @property
    def setting(self) -> str:
        """The environment variable that gives the bound."""
        return f"`REELHOUSE_LIMITS__{self.name.upper()}`"

    def in_words(self, bound: object) -> str:
        """The promise in words."""
        return f"{self.subject} is at {'most' if self.is_most else 'least'} {bound}"


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
    usual: Usual = field(default_factory=Usual)
    """What is measured of it, and held against the nights before."""
    limits: tuple[Limit, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)
    """What its job finds wrong with a row, whatever the row's columns say: what it promises in words, by reason code."""
    once: Mapping[str, str] = field(default_factory=dict)
    """Queries whose rows several promises ask, by the name in braces that they call them by."""
    conditions: dict[int, Any] = field(default_factory=dict, compare=False, repr=False)
    """What Great Expectations made of ``rows`` in the session at hand; filled by the audit."""

    @property
    def queries(self) -> list[str]:
        """Everything that is asked of the table as a whole."""
        promised = [p for p in self.table if isinstance(p, gxe.UnexpectedRowsExpectation)]
        asked = [*(str(promise.unexpected_rows_query) for promise in promised), *(limit.query for limit in self.limits)]
        return [*self.once.values(), *asked]

    @property
    def asks(self) -> tuple[Table, ...]:
        """The tables that its queries name by address: inputs at the versions that were read, itself as it is served."""
        named = {name for query in self.queries for name in _ADDRESS.findall(query)}
        known = [node for node in (*self.of.inputs, self.of) if isinstance(node, Table)]
        return tuple(table for table in known if table.name in named)


def covers(of: Table, key: str) -> gxe.UnexpectedRowsExpectation:
    """A promise that every value of a column of another table occurs in this one."""
    return gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=f"SELECT DISTINCT {key} FROM {of.name} ANTI JOIN {{batch}} AS own USING ({key})",  # noqa: S608
        description=f"every {key} of {of.name} is there",
    )


def fill_in(query: str, words: Mapping[str, str]) -> str:
    """A query with its names in braces replaced."""
    for name, meant in words.items():
        query = query.replace(f"{{{name}}}", meant)
    return query


def none_found(query: str, promise: str) -> gxe.UnexpectedRowsExpectation:
    """A promise that a query, as of :func:`suite`, finds nothing."""
    return gxe.UnexpectedRowsExpectation(unexpected_rows_query=query, description=promise)


def ranked(by: str, titles: str, whose: str) -> gxe.UnexpectedRowsExpectation:
    """A promise that lists have ranks from 1 without gaps, and no title twice.

    Args:
        by: The columns that tell lists apart.
        titles: The column of titles.
        whose: What the lists are, in words.
    """
    return none_found(
        f"SELECT {by} FROM {{batch}} GROUP BY {by} HAVING MAX(rank) <> COUNT(*) OR COUNT(DISTINCT {titles}) <> COUNT(*)",  # noqa: S608
        f"{whose} has ranks from 1 without gaps and no title twice",
    )


def suite(
    of: Table,
    rows: Iterable[ColumnMapExpectation] = (),
    table: Iterable[Expectation] = (),
    references: Iterable[Reference] = (),
    tolerates: float = NO_ROWS_BROKEN,
    parked_at_most: float = 1.0,
    usual: Usual | None = None,
    limits: Iterable[Limit] = (),
    faults: Mapping[str, str] | None = None,
    once: Mapping[str, str] | None = None,
) -> Suite:
    """Put what the definition itself promises before the given promises.

    Args:
        of: The table.
        rows: GX column-map expectations: true or false of one row.
        table: GX expectations of the table as a whole; queries for broken rows, which DuckDB asks, in SQL that Spark
            understands too where they ask the table alone. One in the words of a promise of the definition (``user_id, rank
            is unique``) is asked in its place. A query may name inputs of the table by their addresses
            (``silver.titles``), the table itself as it is served, ``{batch}``, ``{night}``, and its settings in braces.
        references: Promises about other tables.
        tolerates: Share of the rows offered that may be broken; a larger one publishes nothing. Of a dated table each
            delivery is judged by itself.
        parked_at_most: Share of the rows offered that may wait for another table; a larger one publishes nothing.
        usual: What is measured beside the rows, and how far from usual stops a publication.
        limits: Promises about the whole table that a person may overrule.
        faults: What its job promises of each row in words, by the reason code that it finds of one that breaks it.
        once: Queries whose rows several promises ask, by the name in braces that they call them by.

    Raises:
        ValueError: Two row promises have the same reason code, a query names a table that is no input, or what is to be
            measured is no column.
    """
    not_null = [gxe.ExpectColumnValuesToNotBeNull(column=c.name) for c in of.columns if not c.nullable]
    promised: dict[str, ColumnMapExpectation] = {}
    for expectation in (*not_null, *rows):
        reason = _reason(expectation)
        if reason in promised:
            raise ValueError(f"{of.name}: two promises are called {reason}")
        promised[reason] = expectation.copy(update={"mostly": 1.0 - tolerates})
    made = Suite(
        of,
        promised,
        _in_their_own_words(_table_promises(of), list(table)),
        tuple(references),
        tolerates,
        parked_at_most,
        usual or Usual(),
        tuple(limits),
        faults or {},
        once or {},
    )
    for problem in made.usual.problems(of):
        raise ValueError(f"{of.name}: {problem}")
    asked = {table.name for table in made.asks}
    for name in sorted({name for query in made.queries for name in _ADDRESS.findall(query)} - asked):
        raise ValueError(f"{of.name}: a promise asks {name}, which is no input")
    return made


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


def _in_their_own_words(own: Iterable[Expectation], given: list[Expectation]) -> tuple[Expectation, ...]:
    """A definition's promises, each by the query that is given for it, if one is; then the others."""
    by_words = {promise.description: promise for promise in given}
    first = [by_words.get(promise.description, promise) if promise.description else promise for promise in own]
    return (*first, *(promise for promise in given if promise not in first))


def _reason(expectation: ColumnMapExpectation) -> str:
    """``release_year:be_between`` for an ExpectColumnValuesToBeBetween of release_year."""
    kind = expectation.expectation_type.removeprefix("expect_column_values_to_").removeprefix("expect_column_value_")
    return f"{expectation.column}:{kind}"
