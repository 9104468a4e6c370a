"""Numbers about a title that pictures are made of: ratings, viewers over time, ranks on lists, and what is like it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from jobs.lakehouse.views import Views
from jobs.tables.gold import RECOMMENDATIONS, SIMILAR_TITLES
from jobs.tables.silver import INTERACTIONS, RATINGS

READS = (RATINGS, INTERACTIONS, RECOMMENDATIONS, SIMILAR_TITLES)
_RATINGS = """
SELECT least(floor(rating)::INTEGER, 9), count(*) FROM silver.ratings WHERE title_id = ? GROUP BY 1
"""
_MONTHS = """
SELECT month, count(DISTINCT user_id) FROM silver.interactions WHERE title_id = ? GROUP BY month ORDER BY month
"""
_RANKS = "SELECT rank, count(*) FROM gold.recommendations WHERE title_id = ? GROUP BY rank ORDER BY rank"
_SIMILAR = """
SELECT kind, similar_title_id, similar_title, shared, method FROM gold.similar_titles WHERE title_id = ? AND rank <= ?
ORDER BY kind DESC, rank
"""
_BINS = 10


@dataclass(frozen=True)
class Similar:
    """A title that is like another."""

    title_id: str
    title: str
    shared: str
    """What both have, in words; empty if nothing is known."""
    method: str
    """Who says so."""


@dataclass(frozen=True)
class TitleFigures:
    """Numbers about a title; None where the table that has them was never published."""

    ratings: Sequence[int] | None
    """Viewers by rating: from 0 to under 1, …, from 9 to 10."""
    months: Sequence[tuple[date, int]] | None
    """Viewers who had to do with it, by month."""
    ranks: Sequence[tuple[int, int]] | None
    """Lists by the title's rank on them."""
    by_taste: Sequence[Similar]
    by_content: Sequence[Similar]


def title_figures(views: Views, title_id: str, similar: int) -> TitleFigures:
    """Numbers about a title.

    Args:
        views: Of ``READS``.
        title_id: The title.
        similar: How many similar titles of each kind.
    """
    like = views.rows(_SIMILAR, (title_id, similar)) if SIMILAR_TITLES.name in views.published else []
    taste, content = ([Similar(*one) for kind, *one in like if kind == wanted] for wanted in ("taste", "content"))
    return TitleFigures(
        _ratings_of(views, title_id), _months_of(views, title_id), _ranks_of(views, title_id), taste, content
    )


def _ratings_of(views: Views, title_id: str) -> Sequence[int] | None:
    """Viewers by rating; None where silver.ratings was never published."""
    if RATINGS.name not in views.published:
        return None
    found = dict(views.rows(_RATINGS, (title_id,)))
    return [found.get(at, 0) for at in range(_BINS)]


def _months_of(views: Views, title_id: str) -> Sequence[tuple[date, int]] | None:
    """Viewers by month; None where silver.interactions was never published."""
    if INTERACTIONS.name not in views.published:
        return None
    return [(month, viewers) for month, viewers in views.rows(_MONTHS, (title_id,))]


def _ranks_of(views: Views, title_id: str) -> Sequence[tuple[int, int]] | None:
    """Lists by rank; None where gold.recommendations was never published."""
    if RECOMMENDATIONS.name not in views.published:
        return None
    return [(rank, lists) for rank, lists in views.rows(_RANKS, (title_id,))]
