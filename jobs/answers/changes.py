"""What changed in viewers' lists from one night to the next, and why: asked of the published tables, without Spark.

The list for everybody of whom nothing is known, ``*``, is nobody's: it is not counted.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.views import Views
from jobs.tables.gold import RECOMMENDATION_CHANGE_CAUSES, RECOMMENDATION_CHANGES, RECOMMENDATIONS
from jobs.tables.silver import TITLES

READS = (RECOMMENDATION_CHANGES, RECOMMENDATION_CHANGE_CAUSES, TITLES)
BINS = 10
_LISTED = 10
_NIGHTS = "SELECT DISTINCT night FROM gold.recommendation_changes ORDER BY night DESC"
_NIGHT = """
SELECT min(night_before),
    count(*) FILTER (state = 'both'), count(*) FILTER (state = 'new'), count(*) FILTER (state = 'gone'),
    count(*) FILTER (overlap = 1 AND rbo > 1 - 1e-9), coalesce(avg(overlap), 1), coalesce(avg(rbo), 1),
    coalesce(avg(len(entering_title_ids)) FILTER (state = 'both'), 0),
    coalesce(avg(listed_count) FILTER (state = 'both'), 0)
FROM gold.recommendation_changes WHERE user_id <> '*' AND night = ?
"""
_MODELS = """
SELECT list(DISTINCT model_version_before ORDER BY model_version_before), list(DISTINCT model_version ORDER BY model_version)
FROM gold.recommendation_changes WHERE user_id <> '*' AND night = ?
"""
_SOURCES = """
SELECT sum(personal_count), sum(segment_count), sum(popular_count) FROM gold.recommendation_changes
WHERE user_id <> '*' AND night = ?
"""
_BINNED = """
SELECT least(CAST(floor(overlap * ?) AS INTEGER), ? - 1) AS bin, count(*)
FROM gold.recommendation_changes WHERE user_id <> '*' AND night = ? AND state = 'both' GROUP BY bin
"""
_SEGMENTS = """
SELECT segment, count(*), avg(overlap), avg(rbo) FROM gold.recommendation_changes
WHERE user_id <> '*' AND night = ? AND state = 'both' GROUP BY segment
ORDER BY list_position(['cold', 'light', 'heavy'], segment), segment
"""
_CHANGED_MOST = """
SELECT user_id, segment, overlap, rbo, len(entering_title_ids) FROM gold.recommendation_changes
WHERE user_id <> '*' AND night = ? AND state = 'both' ORDER BY rbo, overlap, user_id LIMIT ?
"""
_MOVED = """
SELECT moved.title_id, coalesce(t.title, moved.title_id), t.release_year, lists
FROM (
    SELECT title_id, count(*) AS lists
    FROM (
        SELECT unnest({column}) AS title_id FROM gold.recommendation_changes
        WHERE user_id <> '*' AND night = ? AND state = 'both'
    )
    GROUP BY title_id ORDER BY lists DESC, title_id LIMIT ?
) AS moved LEFT JOIN silver.titles AS t USING (title_id) ORDER BY lists DESC, moved.title_id
"""
_CAUSES = """
SELECT cause, is_changed, share, rbo_share, total, rbo_total, viewer_count, was, became
FROM gold.recommendation_change_causes WHERE night = ?
ORDER BY list_position(['data', 'model', 'rules', 'code'], cause)
"""


@dataclass(frozen=True)
class SegmentChurn:
    """How alike the lists of a segment's viewers are to those before."""

    segment: str
    viewer_count: int
    overlap: float
    rbo: float


@dataclass(frozen=True)
class ChangedViewer:
    """A viewer whose list changed."""

    user_id: str
    segment: str
    overlap: float
    rbo: float
    entering_count: int


@dataclass(frozen=True)
class MovedTitle:
    """A title that came onto lists, or left them."""

    title_id: str
    title: str
    """Its name; its identifier where silver.titles does not know it any more."""
    release_year: int | None
    list_count: int


@dataclass(frozen=True)
class Cause:
    """One of the things that lists are made of, and what its change did."""

    cause: str
    is_changed: bool
    share: float
    """Of the mean share of titles that are new on a list."""
    rbo_share: float
    """Of 1 - the mean rank-biased overlap."""
    was: str
    became: str


@dataclass(frozen=True)
class Why:
    """What the changes of a night came from."""

    viewer_count: int
    """Viewers whose lists were made again in each combination of old and new."""
    total: float
    """Mean share of titles that are new on their lists: the shares add up to it."""
    rbo_total: float
    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class NightChanges:
    """What changed in viewers' lists on a night."""

    night: date
    night_before: date
    viewer_count: int
    """Viewers with a list in both nights: means are over them."""
    new_count: int
    gone_count: int
    same_count: int
    """Viewers whose list has the same titles in the same order."""
    overlap: float
    rbo: float
    entering: float
    """Mean number of titles that are new on a list."""
    listed: float
    """Mean length of a list."""
    models_before: tuple[int, ...]
    models: tuple[int, ...]
    sources: dict[str, int]
    """Rows of the lists by where they come from."""
    bins: tuple[int, ...]
    """Viewers by overlap: from 0 to under 0.1, …, from 0.9 to 1."""
    segments: tuple[SegmentChurn, ...]
    changed_most: tuple[ChangedViewer, ...]
    entered: tuple[MovedTitle, ...]
    left: tuple[MovedTitle, ...]
    why: Why | None
    """None where it is not known: what the lists before were made of is not kept any more."""


def night_changes(views: Views, night: date | None = None) -> NightChanges:
    """What changed in viewers' lists on a night.

    Args:
        views: Of ``READS``.
        night: The night; the newest of which it is known, if None.

    Raises:
        JobError: A table was never published, or nothing is known of the night; names those of which something is.
    """
    views.require(RECOMMENDATION_CHANGES, TITLES)
    asked = _known_night(views, night)
    ((before, *counts),) = views.rows(_NIGHT, (asked,))
    viewers, new, gone, same, overlap, rbo, entering, listed = counts
    ((models_before, models),) = views.rows(_MODELS, (asked,))
    (sources,) = views.rows(_SOURCES, (asked,))
    binned = dict(views.rows(_BINNED, (BINS, BINS, asked)))
    return NightChanges(
        night=asked,
        night_before=before,
        viewer_count=viewers,
        new_count=new,
        gone_count=gone,
        same_count=same,
        overlap=overlap,
        rbo=rbo,
        entering=entering,
        listed=listed,
        models_before=tuple(one for one in models_before if one is not None),
        models=tuple(one for one in models if one is not None),
        sources=dict(zip(("personal", "segment", "popular"), map(int, sources), strict=True)),
        bins=tuple(binned.get(one, 0) for one in range(BINS)),
        segments=tuple(SegmentChurn(*row) for row in views.rows(_SEGMENTS, (asked,))),
        changed_most=tuple(ChangedViewer(*row) for row in views.rows(_CHANGED_MOST, (asked, _LISTED))),
        entered=_moved(views, "entering_title_ids", asked),
        left=_moved(views, "leaving_title_ids", asked),
        why=_why(views, asked),
    )


def _known_night(views: Views, night: date | None) -> date:
    """The night asked for, or the newest."""
    known: list[date] = [one for (one,) in views.rows(_NIGHTS)]
    if not known:
        raise JobError("no changes were shown: only one night has served lists; they show from the second on")
    if night is None:
        return known[0]
    if night not in known:
        raise JobError(
            f"no changes were shown: gold.recommendation_changes has nothing of {night}; it has the {len(known)} nights "
            f"from {known[-1]} to {known[0]} whose lists took the place of others"
        )
    return night


def _moved(views: Views, column: str, night: date) -> tuple[MovedTitle, ...]:
    return tuple(MovedTitle(*row) for row in views.rows(_MOVED.format(column=column), (night, _LISTED)))


def _why(views: Views, night: date) -> Why | None:
    rows: list[tuple[Any, ...]] = (
        views.rows(_CAUSES, (night,)) if RECOMMENDATION_CHANGE_CAUSES.name in views.published else []
    )
    if not rows:
        return None
    *_, total, rbo_total, viewers, _, _ = rows[0]
    causes = (Cause(cause, changed, share, rbo, was, became) for cause, changed, share, rbo, *_, was, became in rows)
    return Why(viewers, total, rbo_total, tuple(causes))


def served_instead(root: str, night: date) -> date | None:
    """The earlier night whose lists a person serves in place of those of a night; None if they are not rolled back."""
    served = ledger.latest(root, RECOMMENDATIONS)
    holds = served.rollback.holds if served and served.rollback else None
    return served.night if served and holds and served.night < night <= holds else None
