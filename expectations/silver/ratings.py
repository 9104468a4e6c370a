"""Promises about silver.ratings."""

import great_expectations.expectations as gxe

from expectations.silver.interactions import EARLIEST, RATING_MAX, RATING_MIN
from expectations.suite import suite
from expectations.usual import Usual
from jobs.tables import silver

SUITE = suite(
    silver.RATINGS,
    rows=(
        gxe.ExpectColumnValuesToBeBetween(column="rating", min_value=RATING_MIN, max_value=RATING_MAX),
        gxe.ExpectColumnValuesToBeBetween(column="rated_at", min_value=EARLIEST),
        gxe.ExpectColumnValuesToMatchRegex(column="title_id", regex=r"^(tt\d{7,10}|[a-z]+:\d{1,10})$"),
    ),
    usual=Usual(least=0.5, distinct=("user_id",)),  # as silver.interactions: history grows
)
