"""What is recommended to a viewer, and from what: asked of the published tables, without Spark."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from jobs.answers.titles import names_of
from jobs.errors import JobError, UnknownError
from jobs.lakehouse.views import Views
from jobs.tables.gold import RECOMMENDATIONS
from jobs.tables.silver import PREFERENCES, TITLES

READS = (RECOMMENDATIONS, TITLES, PREFERENCES)
"""What is asked about viewers is asked of these."""
_LIKED_TOLD = 5
_REASONS = 9
"""Place of the titles that a row comes of."""

_LIST = """
SELECT r.rank, r.title_id, coalesce(t.title, r.title_id), t.release_year, r.score, r.reasons, r.boost,
    r.source, r.model_score, r.reason_title_ids, r.reason_contributions, r.night, r.model_name, r.model_version
FROM gold.recommendations AS r LEFT JOIN silver.titles AS t USING (title_id)
WHERE r.user_id = ? ORDER BY r.rank LIMIT ?
"""
_LIKED = """
SELECT coalesce(t.title, p.title_id), t.release_year
FROM silver.preferences AS p LEFT JOIN silver.titles AS t USING (title_id)
WHERE p.user_id = ? AND p.weight > 0 ORDER BY p.weight DESC, p.title_id LIMIT ?
"""
_HISTORY = "SELECT count(*) FROM silver.preferences WHERE user_id = ?"
_MOST_LIKES = """
SELECT user_id FROM silver.preferences
WHERE weight > 0 AND user_id IN (SELECT user_id FROM gold.recommendations)
GROUP BY user_id ORDER BY count(*) DESC, user_id LIMIT 1
"""
_FIRST = "SELECT min(user_id) FROM gold.recommendations WHERE user_id <> '*' HAVING count(*) > 0"
_NEAR = """
SELECT user_id FROM (SELECT DISTINCT user_id FROM gold.recommendations WHERE user_id <> '*')
ORDER BY jaro_winkler_similarity(user_id, ?) DESC, user_id LIMIT 3
"""
_KNOWN = "SELECT 1 FROM silver.preferences WHERE user_id = ? LIMIT 1"
_NEAR_KNOWN = _NEAR.replace("gold.recommendations", "silver.preferences")


@dataclass(frozen=True)
class Because:
    """A title of the viewer's that another is listed for."""

    title_id: str
    title: str
    """Its name; its identifier where silver.titles does not know it any more."""
    release_year: int | None
    contribution: float
    """What it added to the model's score."""
    share: float | None
    """The same as a share of the model's score; None where that is not above 0."""


@dataclass(frozen=True)
class ListedTitle:
    """One title of a viewer's list."""

    rank: int
    title_id: str
    title: str
    """Its name; its identifier where silver.titles does not know it any more."""
    release_year: int | None
    score: float
    reasons: str
    """Why it is there, in words: they say, too, where popularity fills the list."""
    boost: float | None
    """What a rule added to the score."""
    source: str
    """personal: the model's choice; segment: popular in the viewer's genre; popular: with everybody."""
    because: tuple[Because, ...]
    """What of the viewer's history added most to the model's score; empty where that is not what it comes of."""


@dataclass(frozen=True)
class ViewerList:
    """A viewer's list, and the history it was made from."""

    user_id: str
    night: date
    model_name: str
    model_version: int
    history_count: int
    """Titles in the viewer's history."""
    liked_most: tuple[tuple[str, int | None], ...]
    """Title and year of those with the largest preference weights."""
    titles: tuple[ListedTitle, ...]


def viewer_list(views: Views, user_id: str | None, limit: int) -> ViewerList:
    """The list of a viewer.

    Args:
        views: Of ``READS``.
        user_id: The viewer; the one with a list who liked the most titles, if None.
        limit: The most titles to tell of.

    Raises:
        JobError: A table was never published, or the viewer has no list; names the nearest who do.
    """
    views.require(RECOMMENDATIONS, TITLES, PREFERENCES)
    viewer = _example(views) if user_id is None else user_id
    rows = views.rows(_LIST, (viewer, limit))
    if not rows:
        raise UnknownError(_no_list(views, viewer))
    ((history_count,),) = views.rows(_HISTORY, (viewer,))
    *_, night, model_name, model_version = rows[0]
    return ViewerList(
        user_id=viewer,
        night=night,
        model_name=model_name,
        model_version=model_version,
        history_count=history_count,
        liked_most=tuple((title, year) for title, year in views.rows(_LIKED, (viewer, _LIKED_TOLD))),
        titles=_listed(views, rows),
    )


def list_at_once(views: Views, rows: Sequence[Mapping[str, Any]]) -> tuple[ListedTitle, ...]:
    """A list that was not published, with the names of its titles.

    Args:
        views: Of silver.titles.
        rows: Rows with the columns of gold.recommendations.
    """
    names = names_of(views, [row["title_id"] for row in rows])
    columns = (*("score", "reasons", "boost", "source"), *("model_score", "reason_title_ids", "reason_contributions"))
    return _listed(
        views,
        [
            (row["rank"], one.title_id, one.title, one.release_year, *(row[name] for name in columns))
            for row in rows
            for one in (names[row["title_id"]],)
        ],
    )


def _listed(views: Views, rows: list[tuple[Any, ...]]) -> tuple[ListedTitle, ...]:
    """Rows of a list with the names of the titles that they come of."""
    names = names_of(views, {title_id for row in rows for title_id in row[_REASONS]})

    def because(score: float | None, title_id: str, added: float) -> Because:
        one = names[title_id]
        return Because(title_id, one.title, one.release_year, added, added / score if score and score > 0 else None)

    found = []
    for row in rows:
        score, reasons, added = row[8 : _REASONS + 2]
        own = tuple(because(score, title_id, of) for title_id, of in zip(reasons, added, strict=True))
        found.append(ListedTitle(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], own))
    return tuple(found)


def nearest_viewers(views: Views, user_id: str) -> list[str] | None:
    """The viewers whose identifiers are nearest to one that nobody has; None where somebody has it.

    Args:
        views: Of silver.preferences.
        user_id: The identifier.

    Raises:
        JobError: silver.preferences was never published.
    """
    views.require(PREFERENCES)
    if views.rows(_KNOWN, (user_id,)):
        return None
    return [name for (name,) in views.rows(_NEAR_KNOWN, (user_id,))]


def _example(views: Views) -> str:
    """The viewer with a list who liked the most titles."""
    found = views.rows(_MOST_LIKES) or views.rows(_FIRST)
    if not found:
        raise JobError("no list was shown: gold.recommendations is empty; see `reelhouse history gold.recommendations`")
    return str(found[0][0])


def _no_list(views: Views, viewer: str) -> str:
    """Why there is no list for a viewer."""
    ((history_count,),) = views.rows(_HISTORY, (viewer,))
    if history_count:
        return (
            f"no list was shown: {viewer} is known and has no list among those that are served; the next night makes one, "
            "and until then `reelhouse show '*'` is for the viewer"
        )
    near = [name for (name,) in views.rows(_NEAR, (viewer,))]
    return f"no list was shown: there is no viewer {viewer}" + (f"; the nearest are {', '.join(near)}" if near else "")
