"""Promises about the lists that are served.

Whether a title may be on a list is found out anew here, by joins with the tables that the night read, and by nothing that
made the lists. One row a viewer is what most of it comes down to: the lists are grouped once.
"""

import math

import great_expectations.expectations as gxe

from expectations.suite import Limit, none_found, suite
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

# Ranks of a list are told apart as bits: to group all rows by list and rank costs fifteen times as much.
_LISTS = f"""
SELECT user_id, COUNT(*) AS length, MAX(rank) AS last_rank, COUNT(DISTINCT title_id) AS title_count,
    BIT_COUNT(BITSTRING_AGG(rank, 1, {LONGEST_LIST})) AS rank_count,
    MAX(CASE source WHEN 'personal' THEN rank END) AS last_personal,
    MIN(CASE WHEN source <> 'personal' THEN rank END) AS first_other,
    MAX(CASE source WHEN 'segment' THEN rank END) AS last_segment,
    MIN(CASE source WHEN 'popular' THEN rank END) AS first_popular
FROM {{batch}} GROUP BY user_id
"""  # noqa: S608 - a number of ours
_VIEWERS = "SELECT DISTINCT user_id FROM silver.preferences UNION SELECT '*'"
_UNRELEASED = """
SELECT title_id, release_date, release_year, release_status FROM silver.titles
WHERE release_date > {night} OR (release_date IS NULL AND release_year > YEAR({night})) OR release_status <> 'Released'
"""
_OTHER_KINDS = """
SELECT title_id, title_type, is_adult FROM silver.titles
WHERE title_type NOT IN {listed_title_types} OR (is_adult AND NOT {lists_adult})
"""
_BLOCKED = """
SELECT title_id, from_date, until_date, reason FROM silver.title_rules
WHERE rule = 'block' AND from_date <= {night} AND COALESCE(until_date, {night}) >= {night}
"""
_ALLOWED = """
SELECT title_id FROM silver.titles ANTI JOIN {unreleased} USING (title_id)
ANTI JOIN {other_kinds} USING (title_id) ANTI JOIN {blocked} USING (title_id)
"""
# Numbers are joined, not names: a few hundred megabytes for thirty million pairs. What two pairs share by chance is looked
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
_SHORT = """
WITH short AS (
    SELECT user_id, COALESCE(length, 0) AS length FROM {viewers} LEFT JOIN {lists} USING (user_id)
    WHERE COALESCE(length, 0) < {list_length}
), known AS (
    SELECT user_id, COUNT(*) AS seen FROM silver.preferences SEMI JOIN short USING (user_id)
    SEMI JOIN {allowed} USING (title_id) GROUP BY user_id
)
SELECT user_id, length, seen FROM short LEFT JOIN known USING (user_id)
WHERE length < LEAST({list_length}, (SELECT COUNT(*) FROM {allowed}) - COALESCE(seen, 0))
"""

# Coverage and Gini index as for evaluations, Σ (2 i - n - 1) x_i / (n Σ x), over the titles that viewers know and that may
# be listed: what nobody watched no model can list.
_VARIETY = """
WITH listed AS (
    SELECT title_id, COUNT(*) AS lists, ROW_NUMBER() OVER (ORDER BY COUNT(*), title_id) AS place
    FROM {batch} WHERE source = 'personal' GROUP BY title_id
), sizes AS (
    SELECT (SELECT COUNT(*) FROM {lists} WHERE last_personal IS NOT NULL) AS lists,
        (SELECT COUNT(*) FROM {allowed} SEMI JOIN silver.preferences USING (title_id)) AS known
)
SELECT sizes.lists, known, COUNT(*) / LEAST(known, SUM(listed.lists)) AS coverage,
    MAX(listed.lists) / sizes.lists AS title_share,
    SUM((2 * (GREATEST(known, titles) - titles + place) - GREATEST(known, titles) - 1) * listed.lists)
        / (GREATEST(known, titles) * SUM(listed.lists)) AS gini
FROM listed, sizes, (SELECT COUNT(*) AS titles FROM listed) GROUP BY sizes.lists, known, titles
"""
_OF_VARIETY = "SELECT MAX({name}) FROM {{variety}} WHERE lists >= 100 AND known >= 5 * {{list_length}}"
_TOO_FEW = "fewer than 100 personal lists, or fewer than five times as many titles as a list is long"
# Of who had a personal list: that a model has lost its titles shows, however many others get popular ones. A popularity
# makes no personal lists: then of everybody.
_OVERLAP = """
WITH tonight AS (SELECT user_id, title_id FROM {batch} WHERE rank <= 10),
was AS (
    SELECT user_id, title_id FROM gold.recommendations SEMI JOIN {lists} USING (user_id)
    WHERE rank <= 10 AND (source = 'personal' OR NOT EXISTS (FROM gold.recommendations WHERE source = 'personal'))
)
SELECT CASE WHEN COUNT(DISTINCT user_id) >= 100
    THEN (SELECT COUNT(*) FROM was SEMI JOIN tonight USING (user_id, title_id)) / COUNT(*) END
FROM was
"""


def _none(query: str, promise: str) -> gxe.UnexpectedRowsExpectation:
    """A promise that a query finds nothing."""
    # Great Expectations warns of a query that does not name the batch itself, but what is grouped of it.
    return none_found(f"/* {{batch}} */ {query}", promise)


def _none_listed(of: str, promise: str) -> gxe.UnexpectedRowsExpectation:
    """A promise that no title of some is listed."""
    return _none(f"SELECT * FROM {of} SEMI JOIN {{listed}} AS listed USING (title_id)", promise)  # noqa: S608


def _limit(name: str, subject: str, *, is_most: bool) -> Limit:
    """A limit of how varied the lists are."""
    return Limit(name, subject, _OF_VARIETY.format(name=name), is_most, _TOO_FEW)


SUITE = suite(
    gold.RECOMMENDATIONS,
    rows=LIST_PROMISES,
    once={
        "lists": _LISTS,
        "listed": "SELECT DISTINCT title_id FROM {batch}",
        "viewers": _VIEWERS,
        "unreleased": _UNRELEASED,
        "other_kinds": _OTHER_KINDS,
        "blocked": _BLOCKED,
        "allowed": _ALLOWED,
        "variety": _VARIETY,
    },
    table=(
        _none("SELECT user_id, length, rank_count FROM {lists} WHERE rank_count <> length", "user_id, rank is unique"),
        _none(
            "SELECT user_id, length, last_rank FROM {lists} WHERE last_rank <> length OR length > {list_length}",
            "each list has ranks from 1 without gaps, and is no longer than it is to be",
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
            "SELECT user_id, rank FROM {batch} WHERE score <> model_score + COALESCE(boost, 0) "
            "OR (source = 'personal' AND model_score IS NULL)",
            "a score is what the model said and what rules added",
        ),
        _none(
            "SELECT user_id, rank, reason_title_ids, reason_contributions FROM {batch} "
            "WHERE SIZE(reason_title_ids) > 3 OR SIZE(reason_title_ids) <> SIZE(reason_contributions)",
            "a reason is at most 3 titles, and what each of them added",
        ),
        _none(_MADE_UP, "every title that is given as a reason is one that the viewer liked"),
        _none(_SEEN, "no list has a title of its viewer's history"),
        _none_listed("{unreleased}", "every listed title is released by the night"),
        _none_listed("{other_kinds}", "every listed title is of a kind that may be listed"),
        _none_listed("{blocked}", "no listed title is blocked on the night"),
        _none(
            "SELECT title_id FROM {listed} AS listed ANTI JOIN silver.titles USING (title_id)",
            "every listed title is known",
        ),
        _none(
            _SHORT,
            "every viewer, and * for everybody else, has a list, which is short only where no other title is left",
        ),
        _none("SELECT user_id FROM {lists} ANTI JOIN {viewers} USING (user_id)", "every list is of a known viewer"),
    ),
    limits=(
        _limit("coverage", "the share of the titles that viewers know on any personal list", is_most=False),
        _limit("gini", "the Gini index of how often these titles are on personal lists", is_most=True),
        _limit("title_share", "the share of personal lists with the title that most of them have", is_most=True),
        Limit(
            "overlap",
            "the share of the served personal top 10s that is in the same viewer's top 10 again",
            _OVERLAP,
            is_most=False,
            unjudged="no baseline: fewer than 100 viewers have a list now who had one",
        ),
        Limit(
            "model_age_days",
            "days since the night that the model was trained for",
            "SELECT MAX(night - model_night) FROM {batch}",
            is_most=True,
        ),
    ),
)
