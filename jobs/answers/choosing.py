"""Titles to choose from: what is popular, by genre; and what is chosen."""

from jobs.answers.titles import FoundTitle, names_of
from jobs.lakehouse.views import Views
from jobs.tables.gold import POPULAR_TITLES
from jobs.tables.silver import TITLES

READS = (TITLES, POPULAR_TITLES)
_SHELF = """
SELECT title_id, title, release_year FROM gold.popular_titles
WHERE category = ? AND value = ? AND window_days = 0 ORDER BY rank LIMIT ?
"""
_GENRES = "SELECT DISTINCT value FROM gold.popular_titles WHERE category = 'genre' ORDER BY value"


def shelf(views: Views, genre: str, limit: int) -> tuple[FoundTitle, ...]:
    """Titles that most viewers ever watched: of a genre, or of all where it is empty.

    Raises:
        JobError: gold.popular_titles was never published.
    """
    views.require(POPULAR_TITLES)
    category, value = ("genre", genre) if genre else ("overall", "all")
    return tuple(FoundTitle(*row) for row in views.rows(_SHELF, (category, value, limit)))


def genres(views: Views) -> tuple[str, ...]:
    """The genres that have a shelf."""
    return tuple(name for (name,) in views.rows(_GENRES)) if POPULAR_TITLES.name in views.published else ()


def named(views: Views, title_ids: tuple[str, ...]) -> tuple[FoundTitle, ...]:
    """Titles by their identifiers, in the order given; those that nobody knows are left out.

    Raises:
        JobError: silver.titles was never published.
    """
    views.require(TITLES)
    found = names_of(views, title_ids)
    return tuple(found[one] for one in title_ids if one in found)
