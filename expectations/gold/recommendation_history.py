"""Promises about the lists of past nights."""

import great_expectations.expectations as gxe

from expectations.gold.recommendations import LIST_PROMISES
from expectations.suite import suite
from jobs.tables import gold

SUITE = suite(
    gold.RECOMMENDATION_HISTORY,
    rows=LIST_PROMISES,
    table=(gxe.ExpectTableRowCountToBeBetween(min_value=1, description="at least one list of the night"),),
)
