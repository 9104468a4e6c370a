"""What the lists of a night are made of beside what each viewer knows: read from versions of tables, without Spark.

Tonight's lists and those of an old night that are made again read them here: the same versions say the same.
"""

from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from jobs.lakehouse.views import Views
from jobs.scoring.plan import RECENT_DAYS
from jobs.scoring.rules import RULES, Allowed, listable_titles
from jobs.scoring.weighing import end_of

_TITLE_COLUMNS = [
    "title_id", "title", "release_year", "genres", "vote_count", "is_listable", "viewers", "recent_viewers",
]  # fmt: skip
_COUNTED = """
SELECT title_id, count(*) AS viewers, count(*) FILTER (last_at >= ?) AS recent_viewers
FROM silver.preferences GROUP BY title_id
"""
_TITLES = """
SELECT title_id, title, title_type, genres, vote_count, is_adult, release_date, release_year, release_status
FROM silver.titles WHERE title_id IN (SELECT unnest(?))
"""
_OTHERS = """
SELECT title_id, title, title_type, genres, vote_count, is_adult, release_date, release_year, release_status
FROM silver.titles
WHERE title_id NOT IN (SELECT unnest(?)) ORDER BY vote_count DESC NULLS LAST, title_id LIMIT ?
"""
_PROFILES = """
SELECT title_id, directors, leading_cast, keywords, genres FROM silver.title_profiles WHERE title_id IN (SELECT unnest(?))
"""
_IN_FORCE = """
SELECT rule, title_id, boost FROM silver.title_rules
WHERE from_date <= ? AND (until_date IS NULL OR until_date >= ?) ORDER BY rule, title_id
"""


def rules_in_force(views: Views, night: date) -> pa.Table:
    """What people have set about titles for a night.

    Args:
        views: silver.title_rules.
        night: The night.

    Returns:
        The columns of :data:`jobs.scoring.rules.RULES`.
    """
    return views.arrow(_IN_FORCE, (night, night)).cast(RULES)


def viewers_by_title(views: Views, night: date) -> pa.Table:
    """Viewers of each title: the only query of everybody's history.

    Args:
        views: silver.preferences.
        night: The last of the days that are recent.

    Returns:
        title_id, viewers, recent_viewers, one row per title that somebody watched.
    """
    return views.arrow(_COUNTED, (end_of(night) - timedelta(days=RECENT_DAYS),))


def titles_for_lists(
    views: Views, counted: pa.Table, named: pa.Array, night: date, length: int, allowed: Allowed
) -> pa.Table:
    """The titles that a night's lists can need, however many the catalogue has.

    A viewer has seen none of the titles that nobody watched: as many of them as a list is long are enough.

    Args:
        views: silver.titles.
        counted: As :func:`viewers_by_title` returns it.
        named: Titles of the model and of rules, each as often as it comes.
        night: Titles released later may not be listed.
        length: Titles on a list.
        allowed: Kinds of titles that may be listed.

    Returns:
        title_id, title, release_year, genres, vote_count, is_listable, viewers, recent_viewers (null where nobody watched),
        one row per title, in any order.
    """
    known = pc.unique(pa.chunked_array([named, *counted["title_id"].chunks], pa.string())).to_pylist()
    needed = _judged(views.arrow(_TITLES, (known,)), night, allowed)
    at = pc.index_in(needed["title_id"], value_set=counted["title_id"].combine_chunks())
    for name in ("viewers", "recent_viewers"):
        needed = needed.append_column(name, counted[name].take(at))
    others, wanted = needed.slice(0, 0), length
    while len(others) < length:
        found = views.arrow(_OTHERS, (known, wanted))
        others = _judged(found, night, allowed)
        others = others.filter(others["is_listable"]).slice(0, length)
        if len(found) < wanted:
            break
        wanted *= 8
    return pa.concat_tables([needed, others], promote_options="default").select(_TITLE_COLUMNS)


def profiles_for_lists(views: Views, title_ids: pa.Array) -> pa.Table:
    """What catalogues say of a model's titles, as far as reasons tell it.

    Args:
        views: silver.title_profiles.
        title_ids: Titles of the model.

    Returns:
        title_id, directors, leading_cast, keywords, genres, one row per title, in any order.
    """
    return views.arrow(_PROFILES, (title_ids.to_pylist(),))


def _judged(titles: pa.Table, night: date, allowed: Allowed) -> pa.Table:
    """Rows of silver.titles with is_listable."""
    is_listable = pc.is_in(titles["title_id"], value_set=listable_titles(titles, night, allowed))
    return titles.append_column("is_listable", is_listable)
