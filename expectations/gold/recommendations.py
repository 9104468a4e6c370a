"""Promises about the lists that are served.

Whether a title may be on a list is found out anew here, by joins with the tables that the night read, and by nothing that
made the lists. One row a viewer is what most of it comes down to: the lists are grouped once.
"""

import math

import great_expectations.expectations as gxe

from expectations.suite import suite
from jobs.tables import gold

LONGEST_LIST = 1000
"""The largest list length that the settings allow."""

LIST_PROMISES = (
    gxe.ExpectColumnValuesToBeBetween(column="rank", min_value=1, max_value=LONGEST_LIST),
    gxe.ExpectColumnValuesToBeInSet(column="source", value_set=list(gold.SOURCES)),
    # Spark orders NaN above infinity: a score that is not finite lies outside.
    *(
        gxe.ExpectColumnValuesToBeBetween(
            column=column, min_value=-math.inf, max_value=math.inf, strict_min=True, strict_max=True
        )
        for column in ("model_score", "boost", "score")
    ),
    gxe.ExpectColumnValuesToMatchRegex(column="reasons", regex=r"^\S"),
    gxe.ExpectColumnValuesToBeBetween(column="model_version", min_value=1),
)
"""Of a row of any list."""

_LISTS = """
SELECT user_id, COUNT(*) AS length, MAX(rank) AS last_rank, COUNT(DISTINCT title_id) AS title_count,
    MAX(CASE source WHEN 'personal' THEN rank END) AS last_personal,
    MIN(CASE WHEN source <> 'personal' THEN rank END) AS first_other,
    MAX(CASE source WHEN 'segment' THEN rank END) AS last_segment,
    MIN(CASE source WHEN 'popular' THEN rank END) AS first_popular
FROM {batch} GROUP BY user_id
"""
# Numbers are joined, not names: two hundred megabytes for thirty million pairs. What two pairs share by chance is looked
# at by name.
_SEEN = """
WITH suspects AS (
    SELECT user_id, title_id FROM {batch}
    WHERE hash(user_id, title_id) IN (SELECT hash(user_id, title_id) FROM silver.preferences)
)
SELECT user_id, title_id FROM suspects
SEMI JOIN (
    SELECT user_id, title_id FROM silver.preferences WHERE user_id IN (SELECT user_id FROM suspects)
) AS seen USING (user_id, title_id)
"""
# Numbers again, three for each row: what is not in the history of likings was made up.
_MADE_UP = """
SELECT user_id, title_id FROM (
    SELECT user_id, title_id, hash(user_id, title_id) AS pair
    FROM (SELECT user_id, UNNEST(reason_title_ids) AS title_id FROM {batch})
) AS named
ANTI JOIN (SELECT hash(user_id, title_id) AS pair FROM silver.preferences WHERE weight > 0) AS liked USING (pair)
"""
_LISTED = "SELECT DISTINCT title_id FROM {batch}"
_UNRELEASED = """
SELECT title_id, release_date, release_year, release_status FROM silver.titles
SEMI JOIN {listed} AS listed USING (title_id)
WHERE release_date > {night} OR (release_date IS NULL AND release_year > YEAR({night})) OR release_status <> 'Released'
"""

# Who has seen so much that less is left than a list is long has all that is left: everything that stands on any list.
_LEFT_OUT = """
WITH known AS (
    SELECT user_id, COUNT(listed.title_id) AS seen FROM silver.preferences
    ANTI JOIN (SELECT user_id FROM {lists} WHERE length >= {list_length}) AS whole USING (user_id)
    LEFT JOIN {listed} AS listed USING (title_id)
    GROUP BY user_id
)
SELECT user_id, seen, COALESCE(length, 0) AS length FROM known LEFT JOIN {lists} AS lists USING (user_id)
WHERE seen + COALESCE(length, 0) < (SELECT COUNT(*) FROM {listed})
"""


def _none(query: str, promise: str) -> gxe.UnexpectedRowsExpectation:
    """A promise that a query finds nothing."""
    # Great Expectations warns of a query that does not name the batch itself, but what is grouped of it.
    return gxe.UnexpectedRowsExpectation(unexpected_rows_query=f"/* {{batch}} */ {query}", description=promise)


SUITE = suite(
    gold.RECOMMENDATIONS,
    rows=LIST_PROMISES,
    once={"lists": _LISTS, "listed": _LISTED},
    table=(
        gxe.ExpectTableRowCountToBeBetween(min_value=1, description="at least one list"),
        _none(
            "SELECT user_id, length, last_rank FROM {lists} WHERE last_rank <> length",
            "each list has ranks from 1 without gaps",
        ),
        _none("SELECT user_id FROM {lists} WHERE title_count <> length", "no list has a title twice"),
        _none(
            "SELECT user_id, rank FROM (SELECT user_id, rank, score, "
            "LAG(score) OVER (PARTITION BY user_id, source ORDER BY rank) AS better FROM {batch}) WHERE score > better",
            "scores never rise down a source of a list",
        ),
        _none(
            "SELECT user_id FROM {lists} WHERE last_personal > first_other OR last_segment > first_popular",
            "personal titles come first, then those of the segment, then popular ones",
        ),
        _none(
            "SELECT user_id, rank FROM {batch} WHERE score <> model_score + COALESCE(boost, 0)",
            "a score is what the model said and what rules added",
        ),
        _none(
            "SELECT COUNT(*) AS lists FROM {lists} HAVING COUNT(*) > 0 AND COUNT_IF(user_id = '*') = 0",
            "*, who stands for everybody of whom nothing is known, has a list",
        ),
        _none(
            "SELECT user_id, rank, reason_title_ids, reason_contributions FROM {batch} "
            "WHERE SIZE(reason_title_ids) > 3 OR SIZE(reason_title_ids) <> SIZE(reason_contributions)",
            "a reason is at most 3 titles, and what each of them added",
        ),
        _none(_MADE_UP, "every title that is given as a reason is one that the viewer liked"),
        _none(_SEEN, "no list has a title of its viewer's history"),
        _none(
            "SELECT title_id FROM {listed} AS listed ANTI JOIN silver.titles USING (title_id)",
            "every listed title is known",
        ),
        _none(_UNRELEASED, "every listed title is released by the night"),
        _none(
            _LEFT_OUT,
            "a list is shorter than others, or missing, only where its viewer has seen all else that is listed",
        ),
    ),
)
