"""Promises about gold.popular_titles."""

import great_expectations.expectations as gxe

from expectations.suite import ranked, suite
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
        ranked("category, value, window_days", "title_id", "each list"),
    ),
)
