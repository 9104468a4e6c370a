"""Promises about the lists that are served."""

import math

import great_expectations.expectations as gxe

from expectations.suite import Coverage, Reference, suite
from jobs.tables import gold, silver

LONGEST_LIST = 1000
"""The largest list length that the settings allow."""

LIST_PROMISES = (
    gxe.ExpectColumnValuesToBeBetween(column="rank", min_value=1, max_value=LONGEST_LIST),
    # Spark orders NaN above infinity: a score that is not finite lies outside.
    gxe.ExpectColumnValuesToBeBetween(
        column="score", min_value=-math.inf, max_value=math.inf, strict_min=True, strict_max=True
    ),
    gxe.ExpectColumnValuesToBeBetween(column="model_version", min_value=1),
)
"""Of a row of any list."""

SUITE = suite(
    gold.RECOMMENDATIONS,
    rows=LIST_PROMISES,
    table=(
        gxe.ExpectTableRowCountToBeBetween(min_value=1, description="at least one list"),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                "SELECT user_id FROM {batch} GROUP BY user_id "
                "HAVING MAX(rank) <> COUNT(*) OR COUNT(DISTINCT title_id) <> COUNT(*)"
            ),
            description="each list has ranks from 1 without gaps and no title twice",
        ),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                "SELECT user_id, rank FROM (SELECT user_id, rank, score, "
                "LAG(score) OVER (PARTITION BY user_id ORDER BY rank) AS better FROM {batch}) WHERE score > better"
            ),
            description="scores never rise down a list",
        ),
    ),
    references=(
        Reference(("user_id", "title_id"), silver.PREFERENCES, exists=False),
        Reference(("title_id",), silver.TITLES),
    ),
    # Only who has seen nearly everything that may be listed has no list: more of them means that titles are missing.
    covers=(Coverage(("user_id",), silver.PREFERENCES, at_least=0.9),),
)
