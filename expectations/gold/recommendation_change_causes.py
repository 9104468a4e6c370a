"""Promises about why viewers' lists changed."""

import great_expectations.expectations as gxe

from expectations.suite import suite
from expectations.usual import Usual
from jobs.tables import gold

SUITE = suite(
    gold.RECOMMENDATION_CHANGE_CAUSES,
    rows=(
        gxe.ExpectColumnValuesToBeInSet(column="cause", value_set=["data", "model", "rules", "code"]),
        *(
            gxe.ExpectColumnValuesToBeBetween(column=part, min_value=-1.0, max_value=1.0)
            for part in ("share", "rbo_share")
        ),
        *(
            gxe.ExpectColumnValuesToBeBetween(column=whole, min_value=0.0, max_value=1.0)
            for whole in ("total", "rbo_total")
        ),
        gxe.ExpectColumnValuesToBeBetween(column="viewer_count", min_value=1, max_value=1000),
    ),
    table=(
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                "SELECT night FROM {batch} GROUP BY night HAVING ABS(SUM(share) - MAX(total)) > 1e-9 "
                "OR ABS(SUM(rbo_share) - MAX(rbo_total)) > 1e-9"
            ),
            description="the shares of a night add up to the whole",
        ),
    ),
    usual=Usual(stops_at=None),  # a new model changes all lists: that is no fault
)
