"""Promises about block and boost lists, which people write by hand.

A list with a row that cannot be followed is refused whole: the one before stays in force until it is mended.
"""

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import ColumnMapExpectation, Expectation

from expectations.suite import none_found, suite
from expectations.usual import Usual
from jobs.tables import bronze

_END = r"(?![\r\n])$"
"""The end of a value, where ``$`` alone takes a line break after it for nothing."""
# There is no year 0.
_DAY = r"^(?!0000)\d{4}-\d{2}-\d{2}" + _END

_USUAL = Usual(stops_at=None)
"""People want as many rules as they want, and none is as well."""


def _rows() -> tuple[ColumnMapExpectation, ...]:
    """What holds for a row of either list."""
    return (
        gxe.ExpectColumnValuesToNotBeNull(column="title_id"),
        gxe.ExpectColumnValuesToMatchRegex(column="title_id", regex=r"^(tt\d{7,10}|[a-z]+:\d{1,10})" + _END),
        *(gxe.ExpectColumnValuesToMatchRegex(column=column, regex=_DAY) for column in ("from", "until")),
    )


def _whole() -> tuple[Expectation, ...]:
    """What holds for either list."""
    # Both are words of SQL: they are names behind the table's.
    starts = "COALESCE(list.from, '0001-01-01')"
    return (
        none_found(
            "SELECT list.title_id, list.from, list.until FROM {batch} AS list WHERE "
            "TRY_CAST(COALESCE(list.from, '2000-01-01') AS DATE) IS NULL OR "
            "TRY_CAST(COALESCE(list.until, '2000-01-01') AS DATE) IS NULL",
            "each from and until is a day of the calendar",
        ),
        none_found(
            "SELECT list.title_id, list.from, list.until FROM {batch} AS list WHERE list.until < list.from",
            "no rule ends before it begins",
        ),
        none_found(
            f"SELECT title_id, starts FROM (SELECT list.night, list.title_id, {starts} AS starts, "  # noqa: S608
            "MAX(COALESCE(list.until, '9999-12-31')) OVER (PARTITION BY list.night, list.title_id "
            f"ORDER BY {starts}, list.until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ends "
            "FROM {batch} AS list) AS spans WHERE starts <= ends",
            "no title is named twice for one night",
        ),
    )


SUITES = {
    promised.of.name: promised
    for promised in (
        suite(bronze.BLOCKED_TITLES, rows=_rows(), table=_whole(), usual=_USUAL),
        suite(
            bronze.BOOSTED_TITLES,
            rows=(
                *_rows(),
                gxe.ExpectColumnValuesToNotBeNull(column="boost"),
                gxe.ExpectColumnValuesToMatchRegex(
                    column="boost",
                    regex=r"^[+-]?(0(\.\d*)?|\.\d+|1(\.0*)?)$",
                    description="a boost is a number from -1 to 1",
                ),
            ),
            table=_whole(),
            usual=_USUAL,
        ),
    )
}
