"""What a viewer watched, when, and of which kinds: asked of the published tables, without Spark."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from jobs.lakehouse.views import Views
from jobs.tables.silver import PREFERENCES, TITLES

READS = (PREFERENCES, TITLES)
_MOST = 20_000
"""Titles of one history that are looked at, the newest: more is no person's."""
_MOST_SPANS = 62
"""So many days are told one by one; of a longer time months are, of more of them years."""
_HISTORY = """
SELECT title_id, last_at, rating, weight, count(*) OVER () FROM silver.preferences
WHERE user_id = ? ORDER BY last_at DESC, title_id LIMIT ?
"""
_NAMED = "SELECT title_id, title, release_year, genres FROM silver.titles WHERE title_id IN (SELECT unnest(?))"


@dataclass(frozen=True)
class WatchedTitle:
    """A title of a viewer's history."""

    title_id: str
    title: str
    """Its name; its identifier where silver.titles does not know it any more."""
    release_year: int | None
    last_at: datetime
    """When the viewer last had to do with it."""
    rating: float | None
    """The viewer's, 0 to 10."""
    is_liked: bool
    """Whether what the viewer did speaks for it."""


@dataclass(frozen=True)
class Kind:
    """How many titles of a history are of a genre or decade."""

    name: str
    titles: int
    share: float
    """Of all titles of the history; a title has several genres."""


@dataclass(frozen=True)
class Span:
    """A day, a month or a year of a history."""

    begins: date
    titles: int
    """Whose last event is of that time."""
    liked: int


@dataclass(frozen=True)
class Watched:
    """A viewer's history."""

    count: int
    """Titles in it."""
    liked_count: int
    rating_count: int
    mean_rating: float | None
    newest: tuple[WatchedTitle, ...]
    """The newest first."""
    spans: tuple[Span, ...]
    """One after the other, those without a title too."""
    unit: str
    """What they are: day, month, year."""
    genres: tuple[Kind, ...]
    """The most frequent first."""
    decades: tuple[Kind, ...]
    """In order."""

    @property
    def busiest(self) -> Span | None:
        """The span with the most titles, the first of equals."""
        return max(self.spans, key=lambda span: (span.titles, -span.begins.toordinal()), default=None)


def watched(views: Views, user_id: str, limit: int) -> Watched:
    """What a viewer watched; nothing of a viewer nobody knows.

    Args:
        views: Of ``READS``.
        user_id: The viewer.
        limit: The most titles to name.

    Raises:
        JobError: A table was never published.
    """
    views.require(*READS)
    rows = views.rows(_HISTORY, (user_id, _MOST))
    named = {title_id: told for title_id, *told in views.rows(_NAMED, ([row[0] for row in rows],))} if rows else {}
    kinds = [named.get(row[0], (row[0], None, None)) for row in rows]
    titles = [
        WatchedTitle(title_id, title, year, at, rating, is_liked=weight > 0)
        for (title_id, at, rating, weight, _), (title, year, _) in zip(rows, kinds, strict=True)
    ]
    ratings = [one.rating for one in titles if one.rating is not None]
    spans, unit = _spans(titles)
    return Watched(
        count=rows[0][-1] if rows else 0,
        liked_count=sum(one.is_liked for one in titles),
        rating_count=len(ratings),
        mean_rating=sum(ratings) / len(ratings) if ratings else None,
        newest=tuple(titles[:limit]),
        spans=spans,
        unit=unit,
        genres=_kinds((genre for *_, genres in kinds for genre in genres or ()), len(rows), by_name=False),
        decades=_kinds((f"{year // 10 * 10}s" for _, year, _ in kinds if year), len(rows), by_name=True),
    )


def _kinds(names: Iterable[str], of: int, *, by_name: bool) -> tuple[Kind, ...]:
    found = [Kind(name, titles, titles / of) for name, titles in Counter(names).items()]
    return tuple(sorted(found, key=lambda kind: kind.name if by_name else (-kind.titles, kind.name)))


def _spans(titles: list[WatchedTitle]) -> tuple[tuple[Span, ...], str]:
    """Days, months or years from the first to the last, and which of them they are."""
    if not titles:
        return (), "day"
    first, last = titles[-1].last_at.date(), titles[0].last_at.date()
    days, months = (last - first).days, _month(last) - _month(first)
    unit = "day" if days < _MOST_SPANS else "month" if months < _MOST_SPANS else "year"
    counted = Counter(_begins(one.last_at.date(), unit) for one in titles)
    liked = Counter(_begins(one.last_at.date(), unit) for one in titles if one.is_liked)
    at, spans = _begins(first, unit), list[Span]()
    while at <= last:
        spans.append(Span(at, counted[at], liked[at]))
        # A step into the next, and back to where it begins.
        at = _begins(at + timedelta(days={"day": 1, "month": 31, "year": 366}[unit]), unit)
    return tuple(spans), unit


def _month(day: date) -> int:
    return day.year * 12 + day.month


def _begins(day: date, unit: str) -> date:
    """The first day of the span that a day is in."""
    return {"day": day, "month": day.replace(day=1), "year": day.replace(month=1, day=1)}[unit]
