"""Promises about what changed in viewers' lists."""

import great_expectations.expectations as gxe

from expectations.suite import suite
from expectations.usual import Usual
from jobs.tables import gold

SUITE = suite(
    gold.RECOMMENDATION_CHANGES,
    rows=(
        gxe.ExpectColumnValuesToBeInSet(column="state", value_set=["both", "new", "gone"]),
        gxe.ExpectColumnValuesToBeInSet(column="segment", value_set=["cold", "light", "heavy"]),
        gxe.ExpectColumnValuesToBeBetween(column="overlap", min_value=0.0, max_value=1.0),
        gxe.ExpectColumnValuesToBeBetween(column="rbo", min_value=0.0, max_value=1.0),
        *(
            gxe.ExpectColumnValuesToBeBetween(column=f"{counted}_count", min_value=0)
            for counted in ("listed", "listed_before", "personal", "segment", "popular")
        ),
    ),
    table=(
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="SELECT night FROM {batch} WHERE night_before >= night",
            description="the night before is an earlier one",
        ),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                "SELECT user_id FROM {batch} WHERE (state = 'both') <> (overlap IS NOT NULL) "
                "OR (state = 'both') <> (rbo IS NOT NULL)"
            ),
            description="who had a list in both nights has an overlap, and nobody else",
        ),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                "SELECT user_id FROM {batch} WHERE personal_count + segment_count + popular_count <> listed_count"
            ),
            description="every title of a list has a source",
        ),
    ),
    usual=Usual(stops_at=None),  # a new model changes all lists: that is no fault
)
