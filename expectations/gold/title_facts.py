"""Promises about gold.title_facts."""

import great_expectations.expectations as gxe

from expectations.gold.recommendations import LONGEST_LIST
from expectations.suite import covers, suite
from jobs.tables import gold, silver

_COUNTS = ("viewer_count", "monthly_viewer_count", "weekly_viewer_count", "like_count", "rating_count", "list_count")

SUITE = suite(
    gold.TITLE_FACTS,
    rows=(
        *(gxe.ExpectColumnValuesToBeBetween(column=column, min_value=0) for column in _COUNTS),
        gxe.ExpectColumnValuesToMatchRegex(column="poster_path", regex=rf"^{silver.POSTER_PATH}\z"),
        gxe.ExpectColumnValuesToBeBetween(column="mean_rating", min_value=0, max_value=10),
        gxe.ExpectColumnValuesToBeBetween(column="best_rank", min_value=1, max_value=LONGEST_LIST),
        gxe.ExpectColumnValuesToBeBetween(column="median_rank", min_value=1, max_value=LONGEST_LIST),
    ),
    table=(
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                "SELECT title_id FROM {batch} WHERE weekly_viewer_count > monthly_viewer_count "
                "OR monthly_viewer_count > viewer_count OR like_count > viewer_count OR rating_count > viewer_count"
            ),
            description="no part of the viewers of a title is larger than all of them",
        ),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                "SELECT title_id FROM {batch} WHERE (list_count = 0) <> (best_rank IS NULL) OR best_rank > median_rank"
            ),
            description="titles that are listed, and no others, have a best rank, which is not behind the median",
        ),
        covers(silver.TITLES, "title_id"),
    ),
)
