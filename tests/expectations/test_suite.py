"""Limits of the suites: a catalogue that was cut, events without their catalogue, viewers without a list."""

import pytest

from expectations.page import suite_of
from expectations.suite import Coverage, Suite
from jobs.tables import TABLES, Table, bronze, gold, silver

MAY_SHRINK = (bronze.INTERACTIONS, bronze.TMDB_MOVIE_DETAILS)
"""As many events and details come as there are that day."""
FILLED = [table for table in TABLES if table.layer in {"bronze", "silver"} and table not in MAY_SHRINK]


def suite_for(table: Table) -> Suite:
    found = suite_of(table)
    assert found is not None
    return found


@pytest.mark.parametrize("table", FILLED, ids=lambda table: table.name)
def test_no_catalogue_and_no_table_of_silver_may_lose_more_than_half_of_its_rows(table: Table) -> None:
    assert suite_for(table).shrinks_to_at_least == 0.5


def test_where_most_events_wait_for_their_titles_a_catalogue_was_not_delivered() -> None:
    suite = suite_for(silver.INTERACTIONS)

    assert {reference.to for reference in suite.references if reference.parks} >= {silver.TITLES}
    assert suite.parked_at_most == 0.5


def test_nearly_every_viewer_with_a_preference_has_a_list() -> None:
    assert suite_for(gold.RECOMMENDATIONS).covers == (Coverage(("user_id",), silver.PREFERENCES, at_least=0.9),)
