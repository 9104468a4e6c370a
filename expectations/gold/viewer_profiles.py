"""Promises about gold.viewer_profiles."""

import great_expectations.expectations as gxe

from expectations.gold.recommendations import LONGEST_LIST
from expectations.suite import covers, suite
from jobs.tables import gold, silver

TOLD = 5
"""The most genres, decades or people that are told of a viewer."""
_LISTS = {
    "genres": "genre_shares",
    "decades": "decade_shares",
    "directors": "director_title_counts",
    "leading_cast": "cast_title_counts",
}
_UNEQUAL = " OR ".join(f"SIZE({names}) <> SIZE({of}) OR SIZE({names}) > {TOLD}" for names, of in _LISTS.items())

SUITE = suite(
    gold.VIEWER_PROFILES,
    rows=(
        gxe.ExpectColumnValuesToBeBetween(column="title_count", min_value=1),
        gxe.ExpectColumnValuesToBeBetween(column="like_count", min_value=0),
        gxe.ExpectColumnValuesToBeBetween(column="rating_count", min_value=0),
        gxe.ExpectColumnValuesToBeBetween(column="mean_rating", min_value=0, max_value=10),
        gxe.ExpectColumnValuesToBeInSet(column="list_source", value_set=list(gold.SOURCES)),
        gxe.ExpectColumnValuesToBeBetween(column="list_length", min_value=0, max_value=LONGEST_LIST),
    ),
    table=(
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=(
                "SELECT user_id FROM {batch} WHERE like_count > title_count OR rating_count > title_count "
                "OR title_count > event_count OR first_at > last_at"
            ),
            description="no viewer likes or rated more titles than there are, nor knows more than there were events",
        ),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=f"SELECT user_id FROM {{batch}} WHERE {_UNEQUAL}",  # noqa: S608 - names of columns
            description=f"each list has at most {TOLD} names, and a number for each",
        ),
        covers(silver.PREFERENCES, "user_id"),
    ),
)
