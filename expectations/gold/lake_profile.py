"""Promises about the numbers behind the pictures of the data."""

import great_expectations.expectations as gxe

from expectations.suite import suite
from expectations.usual import Usual
from jobs.tables import gold

PICTURES = (
    *("ratings", "ratings_over_time", "events", "week", "activity", "long_tail", "sparsity"),
    *("titles", "genres", "runtime", "languages", "people", "missing", "outliers"),
)
UNITS = ("ratings", "rating", "events", "titles", "viewers", "credits", "minutes", "pairs", "share", "value")

SUITE = suite(
    gold.LAKE_PROFILE,
    rows=(
        gxe.ExpectColumnValuesToBeInSet(column="picture", value_set=list(PICTURES)),
        gxe.ExpectColumnValuesToBeInSet(column="unit", value_set=list(UNITS)),
        # Any number but infinity and what is none: bounds of usual values may be as wide as the data.
        gxe.ExpectColumnValuesToBeBetween(column="y", min_value=-1e308, max_value=1e308),
        gxe.ExpectColumnValueLengthsToBeBetween(column="x", min_value=1),
    ),
    table=(
        gxe.ExpectTableRowCountToBeBetween(min_value=1, description="something was counted"),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="SELECT night FROM {batch} WHERE unit = 'share' AND (y < 0 OR y > 1)",
            description="a share is between 0 and 1",
        ),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="SELECT night FROM {batch} WHERE unit NOT IN ('share', 'value') AND y < 0",
            description="no count is negative",
        ),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="SELECT night FROM {batch} WHERE (series = 'figure') <> (x_number IS NULL)",
            description="all but figures have a place on the axis",
        ),
    ),
    usual=Usual(stops_at=None),  # as many rows as months, genres and columns: what they say is for people to judge
)
