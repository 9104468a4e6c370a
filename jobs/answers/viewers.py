"""What is recommended to a viewer, and from what: asked of the published tables, without Spark."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from jobs.answers.titles import Names, names_of
from jobs.errors import JobError, UnknownError
from jobs.lakehouse.views import Views
from jobs.tables.gold import EVERYBODY_ELSE, RECOMMENDATIONS
from jobs.tables.silver import PREFERENCES, TITLES

READS = (RECOMMENDATIONS, TITLES, PREFERENCES)
"""What is asked about viewers is asked of these."""
_LIKED_TOLD = 5
_ROW = (
    *("rank", "title_id", "score", "reasons", "boost", "source"),
    *("model_score", "reason_title_ids", "reason_contributions"),
)
_LIST = f"""
SELECT night, model_name, model_version, {", ".join(_ROW)} FROM gold.recommendations
WHERE user_id = ? ORDER BY rank LIMIT ?
"""  # noqa: S608
_HISTORY = """
SELECT count(*), coalesce((list(title_id ORDER BY weight DESC, title_id) FILTER (weight > 0))[:?], [])
FROM silver.preferences WHERE user_id = ?
"""
_MOST_LIKES = """
SELECT user_id FROM silver.preferences
WHERE weight > 0 AND user_id IN (SELECT user_id FROM gold.recommendations)
GROUP BY user_id ORDER BY count(*) DESC, user_id LIMIT 1
"""
_FIRST = f"""
SELECT user_id, title_id FROM gold.recommendations WHERE user_id <> '{EVERYBODY_ELSE}' ORDER BY user_id, rank LIMIT 1
"""  # noqa: S608
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
    ((history_count, liked),) = views.rows(_HISTORY, (_LIKED_TOLD, viewer))
    night, model_name, model_version, *_ = rows[0]
    listed = [dict(zip(_ROW, row[3:], strict=True)) for row in rows]
    names = _names(views, listed, liked)
    return ViewerList(
        user_id=viewer,
        night=night,
        model_name=model_name,
        model_version=model_version,
        history_count=history_count,
        liked_most=tuple((names[one].title, names[one].release_year) for one in liked),
        titles=_listed(names, listed),
    )


def list_at_once(views: Views, rows: Sequence[Mapping[str, Any]]) -> tuple[ListedTitle, ...]:
    """A list that was not published, with the names of its titles.

    Args:
        views: Of silver.titles.
        rows: Rows with the columns of gold.recommendations.
    """
    return _listed(_names(views, rows), rows)


def _names(views: Views, rows: Sequence[Mapping[str, Any]], others: Sequence[str] = ()) -> Names:
    """What the titles of a list, and those that they come of, are called; and others."""
    return names_of(views, {*others, *(one for row in rows for one in (row["title_id"], *row["reason_title_ids"]))})


def _listed(names: Names, rows: Sequence[Mapping[str, Any]]) -> tuple[ListedTitle, ...]:
    """Rows of a list with the names of the titles, and of those that they come of."""

    def because(score: float | None, title_id: str, added: float) -> Because:
        one = names[title_id]
        return Because(title_id, one.title, one.release_year, added, added / score if score and score > 0 else None)

    found = []
    for row in rows:
        one, score = names[row["title_id"]], row["model_score"]
        added = zip(row["reason_title_ids"], row["reason_contributions"], strict=True)
        found.append(
            ListedTitle(
                rank=row["rank"],
                title_id=one.title_id,
                title=one.title,
                release_year=one.release_year,
                score=row["score"],
                reasons=row["reasons"],
                boost=row["boost"],
                source=row["source"],
                because=tuple(because(score, title_id, of) for title_id, of in added),
            )
        )
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


def first_listed(views: Views) -> tuple[str, str]:
    """The first viewer who has a list, and the first title of it; an invented pair where nobody has one."""
    found = views.rows(_FIRST) if RECOMMENDATIONS.name in views.published else []
    return found[0] if found else ("u000001", "tt0111161")


def _example(views: Views) -> str:
    """The viewer with a list who liked the most titles."""
    found = views.rows(_MOST_LIKES) or views.rows(_FIRST)
    if not found:
        raise JobError("no list was shown: gold.recommendations is empty; see `reelhouse history gold.recommendations`")
    return str(found[0][0])


def _no_list(views: Views, viewer: str) -> str:
    """Why there is no list for a viewer."""
    ((history_count, _),) = views.rows(_HISTORY, (_LIKED_TOLD, viewer))
    if history_count:
        return (
            f"no list was shown: {viewer} is known and has no list among those that are served; the next night makes one, "
            "and until then `reelhouse show '*'` is for the viewer"
        )
    near = [name for (name,) in views.rows(_NEAR, (viewer,))]
    return f"no list was shown: there is no viewer {viewer}" + (f"; the nearest are {', '.join(near)}" if near else "")
