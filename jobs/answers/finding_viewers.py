"""Viewers by their identifiers: those that begin so, else those that are spelt alike."""

from collections.abc import Iterable
from dataclasses import dataclass

from jobs.lakehouse.views import Views
from jobs.tables.gold import EVERYBODY_ELSE, RECOMMENDATIONS, VIEWER_PROFILES
from jobs.tables.silver import PREFERENCES

READS = (VIEWER_PROFILES, RECOMMENDATIONS, PREFERENCES)
"""The first of them that is published is asked for names; a viewer is known who is in any."""
_LONGEST = 128
"""Characters that are compared: a delivery has no longer identifier."""
_ALL = {
    VIEWER_PROFILES: "SELECT user_id, title_count, like_count, genres FROM gold.viewer_profiles",
    RECOMMENDATIONS: (
        f"SELECT user_id, NULL AS title_count, NULL AS like_count, [] AS genres FROM gold.recommendations "  # noqa: S608
        f"WHERE rank = 1 AND user_id <> '{EVERYBODY_ELSE}'"
    ),
    PREFERENCES: (
        "SELECT user_id, count(*) AS title_count, count(*) FILTER (weight > 0) AS like_count, [] AS genres "
        "FROM silver.preferences GROUP BY user_id"
    ),
}
_BEGINNING = "SELECT * FROM ({}) WHERE starts_with(user_id, ?) ORDER BY user_id LIMIT ?"
_WITHIN = "SELECT * FROM ({}) WHERE contains(user_id, ?) ORDER BY user_id LIMIT ?"
_NEAR = """
SELECT * FROM ({}) WHERE jaro_winkler_similarity(user_id, ?) > 0.6
ORDER BY jaro_winkler_similarity(user_id, ?) DESC, user_id LIMIT ?
"""
_EXAMPLES = "SELECT * FROM ({}) ORDER BY like_count DESC NULLS LAST, user_id LIMIT ?"
_KNOWN = {table: f"SELECT 1 FROM {table.name} WHERE user_id = ? LIMIT 1" for table in READS}  # noqa: S608


@dataclass(frozen=True)
class FoundViewer:
    """A viewer that a search found."""

    user_id: str
    title_count: int | None
    """Titles in the history; None where that is not known yet."""
    like_count: int | None
    genres: tuple[str, ...]
    """The most frequent first."""


@dataclass(frozen=True)
class FoundViewers:
    """What a search found."""

    viewers: tuple[FoundViewer, ...]
    how: str
    """beginning: their identifiers begin so; within: they hold it; near: they are spelt alike; examples: nothing was asked."""
    is_cut: bool
    """Whether there are more."""


def find_viewers(views: Views, text: str, limit: int) -> FoundViewers:
    """Viewers whose identifier begins with some text, in order; else who holds it; else the nearest by spelling.

    Args:
        views: Of ``READS``.
        text: What is asked for; empty for some viewers who liked many titles.
        limit: The most viewers to name.

    Raises:
        JobError: None of the tables that name viewers was published.
    """
    everybody = _everybody(views)
    if not everybody:
        views.require(VIEWER_PROFILES)  # refuses, and says what to run
    if not text:
        return _found(views.rows(_EXAMPLES.format(everybody), (limit,)), "examples", limit)
    if rows := views.rows(_BEGINNING.format(everybody), (text, limit + 1)):
        return _found(rows, "beginning", limit)
    if rows := views.rows(_WITHIN.format(everybody), (text, limit + 1)):
        return _found(rows, "within", limit)
    asked = text[:_LONGEST]
    return _found(views.rows(_NEAR.format(everybody), (asked, asked, limit)), "near", limit)


def is_known(views: Views, user_id: str) -> bool:
    """Whether a viewer is in any of the published tables."""
    return any(views.rows(_KNOWN[table], (user_id,)) for table in READS if table.name in views.published)


def unknown_of(views: Views, user_ids: Iterable[str]) -> tuple[str, ...]:
    """Those of some viewers that are in none of the published tables, in order."""
    tables = [table.name for table in READS if table.name in views.published]
    known = " UNION ALL ".join(f"SELECT user_id FROM {name}" for name in tables) or "SELECT NULL::VARCHAR AS user_id"  # noqa: S608
    # Unlike EXCEPT it makes no table of everybody who is known.
    asked = f"SELECT user_id FROM (SELECT unnest(?) AS user_id) ANTI JOIN ({known}) USING (user_id) ORDER BY user_id"  # noqa: S608
    return tuple(name for (name,) in views.rows(asked, (list(user_ids),)))


def some_known(views: Views, limit: int) -> frozenset[str]:
    """Viewers that are known: all, or so many of them."""
    everybody = _everybody(views)
    rows = views.rows(f"SELECT user_id FROM ({everybody}) LIMIT ?", (limit,)) if everybody else []  # noqa: S608
    return frozenset(name for (name,) in rows)


def _everybody(views: Views) -> str:
    """What finds all viewers; empty where none of the tables that name them was published."""
    return next((_ALL[table] for table in READS if table.name in views.published), "")


def _found(rows: list[tuple[str, int | None, int | None, list[str]]], how: str, limit: int) -> FoundViewers:
    viewers = tuple(FoundViewer(*row[:3], genres=tuple(row[3] or ())) for row in rows[:limit])
    return FoundViewers(viewers, how, is_cut=len(rows) > limit)
