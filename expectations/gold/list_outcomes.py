"""Promises about what became of what was listed."""

import great_expectations.expectations as gxe

from expectations.gold.recommendations import LONGEST_LIST
from expectations.suite import suite
from expectations.usual import Usual
from jobs.tables import gold

_OUTCOMES = ("watched", "liked", "disliked", "dismissed", "watchlisted", "ignored")

SUITE = suite(
    gold.LIST_OUTCOMES,
    rows=(
        gxe.ExpectColumnValuesToBeBetween(column="rank", min_value=1, max_value=LONGEST_LIST),
        gxe.ExpectColumnValuesToBeInSet(column="source", value_set=list(gold.SOURCES)),
        gxe.ExpectColumnValuesToBeBetween(column="listed_count", min_value=1),
        *(gxe.ExpectColumnValuesToBeBetween(column=f"{outcome}_count", min_value=0) for outcome in _OUTCOMES),
        gxe.ExpectColumnValuesToBeBetween(column="model_version", min_value=1),
    ),
    table=(
        gxe.ExpectTableRowCountToBeBetween(min_value=1, description="at least one night's lists"),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                "SELECT night, rank FROM {batch} WHERE listed_count - ignored_count < GREATEST(watched_count, liked_count, "
                "disliked_count, dismissed_count, watchlisted_count) OR listed_count - ignored_count > watched_count + "
                "liked_count + disliked_count + dismissed_count + watchlisted_count"
            ),
            description="what was listed was ignored, or became one thing or several",
        ),
    ),
    usual=Usual(stops_at=None),  # as much as viewers do
)
