"""Promises about gold.similar_titles."""

import math

import great_expectations.expectations as gxe

from expectations.suite import ranked, suite
from jobs.tables import gold

MOST = 20
"""Similar titles told of a title, by each kind."""

SUITE = suite(
    gold.SIMILAR_TITLES,
    rows=(
        gxe.ExpectColumnValuesToBeInSet(column="kind", value_set=["taste", "content"]),
        gxe.ExpectColumnValuesToBeBetween(column="rank", min_value=1, max_value=MOST),
        # Spark orders NaN above infinity: a similarity that is not finite lies outside.
        gxe.ExpectColumnValuesToBeBetween(
            column="similarity", min_value=0, max_value=math.inf, strict_min=True, strict_max=True
        ),
        gxe.ExpectColumnValuesToBeBetween(column="model_version", min_value=1),
    ),
    table=(
        gxe.ExpectTableRowCountToBeBetween(min_value=1, description="at least one title"),
        ranked("title_id, kind", "similar_title_id", "each title and kind"),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="SELECT title_id FROM {batch} WHERE similar_title_id = title_id",
            description="no title is similar to itself",
        ),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                "SELECT title_id, rank FROM (SELECT title_id, rank, similarity, LAG(similarity) OVER "
                "(PARTITION BY title_id, kind ORDER BY rank) AS nearer FROM {batch}) WHERE similarity > nearer"
            ),
            description="similarity never rises down the ranks",
        ),
    ),
)
