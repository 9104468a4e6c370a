"""docs/tables.md says what the definitions and the suites say."""

import great_expectations.expectations as gxe
import pytest

from expectations.meanings import FILE
from expectations.page import PAGE, meanings, page, promises
from expectations.suite import Reference, suite
from expectations.suites import suite_of
from expectations.usual import Usual
from jobs.tables import TABLES, Table, silver


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_the_words_of_reasons_are_those_of_the_suites() -> None:
    assert FILE.read_text(encoding="utf-8") == meanings(), "run `make docs`"


@pytest.mark.parametrize("table", [table for table in TABLES if table.layer != "ops"], ids=lambda table: table.name)
def test_every_table_has_a_suite_of_its_own(table: Table) -> None:
    found = suite_of(table)

    assert found is not None
    assert found.of == table


def test_tells_promises_in_words() -> None:
    promised = suite(
        silver.RATINGS,
        rows=(
            gxe.ExpectColumnValuesToBeBetween(column="rating", min_value=0, max_value=10),
            gxe.ExpectColumnValuesToMatchRegex(column="title_id", regex="^tt"),
            gxe.ExpectColumnValuesToBeInSet(column="user_id", value_set=["a", "b"]),
            gxe.ExpectColumnValueLengthsToBeBetween(column="user_id", max_value=9),
        ),
        table=(gxe.ExpectTableRowCountToBeBetween(min_value=1),),
        references=(Reference(("title_id",), silver.TITLES, parks=True),),
        usual=Usual(least=0.5, distinct=("user_id",)),
    )

    assert promises(promised) == [
        "`rating` is from 0 to 10 (`rating:be_between`)",
        "`title_id` matches `^tt` (`title_id:match_regex`)",
        "`user_id` is one of `a`, `b` (`user_id:be_in_set`)",
        "the length of `user_id` is at most 9 (`user_id:lengths_to_be_between`)",
        "`title_id` is found in silver.titles (`parked:title_id`); a row that is not waits and is offered again every night",
        "exactly these columns, in this order",
        "user_id, title_id is unique",
        "the number of rows is at least 1",
        "like the nights before: rows (a limit: `rows`), different user_id (a limit: `distinct_user_id`)",
        "while there is no baseline yet, at least 50% of the rows of the last publication (a limit: `rows`)",
    ]
