"""Limits of the suites: a catalogue that was cut, events without their catalogue, viewers without a list."""

import great_expectations.expectations as gxe
import pytest

from expectations.suite import Suite, none_found, suite
from expectations.suites import suite_of
from jobs.tables import TABLES, Table, bronze, gold, silver

MAY_SHRINK = (
    *(bronze.INTERACTIONS, bronze.TMDB_MOVIE_DETAILS),
    *(bronze.BLOCKED_TITLES, bronze.BOOSTED_TITLES, silver.TITLE_RULES),
)
"""As many events and details come as there are that day, and as many rules as people want."""
FILLED = [table for table in TABLES if table.layer in {"bronze", "silver"} and table not in MAY_SHRINK]


def suite_for(table: Table) -> Suite:
    found = suite_of(table)
    assert found is not None
    return found


@pytest.mark.parametrize("table", FILLED, ids=lambda table: table.name)
def test_no_catalogue_and_no_table_of_silver_may_lose_more_than_half_of_its_rows(table: Table) -> None:
    assert suite_for(table).usual.least == 0.5


def test_where_most_events_wait_for_their_titles_a_catalogue_was_not_delivered() -> None:
    suite = suite_for(silver.INTERACTIONS)

    assert {reference.to for reference in suite.references if reference.parks} >= {silver.TITLES}
    assert suite.parked_at_most == 0.5


@pytest.mark.parametrize("name", ["silver.ratings", "silver.title"])
def test_a_promise_asks_inputs_only(name: str) -> None:
    def asking(table: str) -> gxe.UnexpectedRowsExpectation:
        return gxe.UnexpectedRowsExpectation(unexpected_rows_query=f"FROM {{batch}} SEMI JOIN {table} USING (title_id)")

    with pytest.raises(ValueError, match=rf"gold\.popular_titles: a promise asks {name}, which is no input"):
        suite(gold.POPULAR_TITLES, table=(asking(name),))
    assert suite(gold.POPULAR_TITLES, table=(asking("silver.titles"),)).asks == (silver.TITLES,)


def test_a_promise_of_the_definition_is_asked_as_the_suite_asks_it_and_once() -> None:
    quicker = none_found("FROM {batch} LIMIT 0", "title_id is unique")
    other = none_found("FROM {batch} WHERE night IS NULL", "every title has a night")

    made = suite(gold.TITLE_FACTS, table=(other, quicker))

    assert [promise.description for promise in made.table] == [None, "title_id is unique", "every title has a night"]
    assert made.queries == [quicker.unexpected_rows_query, other.unexpected_rows_query]
