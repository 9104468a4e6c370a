"""Promises about silver.preferences."""

import great_expectations.expectations as gxe

from expectations.silver.interactions import EARLIEST
from expectations.suite import suite
from expectations.usual import Usual
from jobs.tables import silver

SUITE = suite(
    silver.PREFERENCES,
    rows=(
        gxe.ExpectColumnValuesToBeBetween(column="weight", min_value=0.0),
        gxe.ExpectColumnValuesToBeBetween(column="rating", min_value=0.0, max_value=10.0),
        gxe.ExpectColumnValuesToBeBetween(column="event_count", min_value=1),
        gxe.ExpectColumnValuesToBeBetween(column="last_at", min_value=EARLIEST),
    ),
    table=(gxe.ExpectTableRowCountToBeBetween(min_value=1, description="at least one preference"),),
    usual=Usual(least=0.5),  # as silver.interactions: history grows
)
