"""Promises about gold.popular_titles."""

import great_expectations.expectations as gxe

from expectations.suite import suite
from jobs.tables import gold

SUITE = suite(
    gold.POPULAR_TITLES,
    rows=(
        gxe.ExpectColumnValuesToBeInSet(column="category", value_set=["overall", "genre", "decade"]),
        gxe.ExpectColumnValuesToBeInSet(column="window_days", value_set=[0, 7, 30]),
        gxe.ExpectColumnValuesToBeBetween(column="rank", min_value=1, max_value=100),
        gxe.ExpectColumnValuesToBeBetween(column="viewer_count", min_value=1),
    ),
    table=(
        gxe.ExpectTableRowCountToBeBetween(min_value=1, description="at least one title"),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                "SELECT category, value, window_days FROM {batch} GROUP BY category, value, window_days "
                "HAVING MAX(rank) <> COUNT(*) OR COUNT(DISTINCT title_id) <> COUNT(*)"
            ),
            description="each list has ranks from 1 without gaps and no title twice",
        ),
    ),
)
