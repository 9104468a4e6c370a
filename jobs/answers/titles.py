"""What is known about a title: asked of the published tables, without Spark."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from jobs.errors import JobError, UnknownError
from jobs.lakehouse.views import Views
from jobs.tables.gold import POPULAR_TITLES, RECOMMENDATIONS
from jobs.tables.silver import CREDITS, PEOPLE, PREFERENCES, TITLE_RULES, TITLES

READS = (TITLES, CREDITS, PEOPLE, PREFERENCES, POPULAR_TITLES, RECOMMENDATIONS, TITLE_RULES)
"""What is asked about titles is asked of these; silver.titles is enough to find one."""
_OTHERS_TOLD = 5
_PLAIN = "strip_accents(lower({}))"
_PEOPLE = """
SELECT c.category, list(p.name ORDER BY c.billing NULLS LAST, p.name)
FROM silver.credits AS c JOIN silver.people AS p USING (person_id)
WHERE c.title_id = ? GROUP BY c.category ORDER BY min(c.billing) NULLS LAST, c.category
"""
_POPULARITY = """
SELECT category, value, window_days, rank, viewer_count FROM gold.popular_titles WHERE title_id = ?
ORDER BY category, value, window_days
"""
_WHOLE = f"SELECT title_id FROM silver.titles WHERE {_PLAIN.format('title')} = {_PLAIN.format('?')} LIMIT 2"  # noqa: S608
_VIEWERS = "SELECT count(*), count(*) FILTER (weight > 0) FROM silver.preferences WHERE title_id = ?"
_RULES = """
SELECT rule, boost, until_date, reason, nullif(from_date, DATE '1970-01-01') AS since
FROM silver.title_rules WHERE title_id = ? ORDER BY from_date, rule
"""
_NAMED = "SELECT title, release_year, genres FROM silver.titles WHERE title_id = ?"
_NAMES = "SELECT title_id, title, release_year FROM silver.titles WHERE title_id IN (SELECT unnest(?))"
_LISTS = "SELECT count(*), min(rank) FROM gold.recommendations WHERE title_id = ?"


@dataclass(frozen=True)
class FoundTitle:
    """A title by its name."""

    title_id: str
    title: str
    release_year: int | None


@dataclass(frozen=True)
class Popularity:
    """How popular a title was among all, or among those of a genre or decade, in one window of days."""

    category: str
    """overall, genre or decade."""
    value: str
    """all; the genre or decade, such as 1990s."""
    window_days: int
    """0: all time."""
    rank: int
    viewer_count: int


@dataclass(frozen=True)
class Rule:
    """A block or a boost of a title."""

    rule: str
    """block or boost."""
    boost: float | None
    until: date | None
    """Last night; None where no end is known."""
    reason: str | None
    since: date | None
    """First night; None where no beginning was given."""


@dataclass(frozen=True)
class TitleFacts:
    """Everything known about a title; None where the table that knows it was never published."""

    title_id: str
    title: str
    release_year: int | None
    facts: dict[str, Any]
    """Columns of silver.titles."""
    people: tuple[tuple[str, tuple[str, ...]], ...]
    """Category of work and the names in it, both in order of billing."""
    popularity: tuple[Popularity, ...] | None
    viewer_counts: tuple[int, int] | None
    """Viewers with the title in their history, and those of them who liked it."""
    lists: tuple[int, int | None] | None
    """Lists it stands on, and its best rank there."""
    rules: tuple[Rule, ...]
    """What people have set about it, the first that begins first."""
    others: tuple[FoundTitle, ...]
    """Further titles that the search found, best first."""


def title_facts(views: Views, name: str) -> TitleFacts:
    """Facts about the title of this identifier, else about the best of those whose title holds all words.

    Args:
        views: Of ``READS``.
        name: An identifier, or words of a title in any case and without accents.

    Raises:
        JobError: silver.titles was never published, or has no such title; names the nearest.
    """
    views.require(TITLES)
    first, *others = _find(views, name)
    title_id = first["title_id"]
    return TitleFacts(
        title_id,
        first["title"],
        first["release_year"],
        first,
        people=_people(views, title_id),
        popularity=_popularity(views, title_id),
        viewer_counts=_one(views, PREFERENCES.name, _VIEWERS, title_id),
        lists=_one(views, RECOMMENDATIONS.name, _LISTS, title_id),
        rules=tuple(Rule(*row) for row in views.rows(_RULES, (title_id,)))
        if TITLE_RULES.name in views.published
        else (),
        others=tuple(FoundTitle(other["title_id"], other["title"], other["release_year"]) for other in others),
    )


def facts_of(views: Views, title_id: str) -> TitleFacts:
    """The same of the title of an identifier, and of no other.

    Raises:
        JobError: silver.titles was never published, or has no such title; names the nearest.
    """
    found = title_facts(views, title_id)
    if found.title_id != title_id:  # the same words find titles for people
        raise UnknownError(f"no title was shown: silver.titles has no {title_id!r}; the nearest is {found.title_id}")
    return found


class Names(dict[str, FoundTitle]):
    """Titles by their identifiers. One that silver.titles does not know is not in it, and is called as its identifier."""

    def __missing__(self, title_id: str) -> FoundTitle:
        return FoundTitle(title_id, title_id, None)


def names_of(views: Views, title_ids: Collection[str]) -> Names:
    """What titles are called; nothing is known before silver.titles is published."""
    is_asked = bool(title_ids) and TITLES.name in views.published
    return Names((row[0], FoundTitle(*row)) for row in (views.rows(_NAMES, (list(title_ids),)) if is_asked else ()))


@dataclass(frozen=True)
class Named:
    """What a title is called."""

    title: str
    release_year: int | None
    genres: tuple[str, ...]


def named(views: Views, title_id: str) -> Named:
    """What the title of an identifier is called.

    Raises:
        JobError: silver.titles was never published, or has no such title.
    """
    views.require(TITLES)
    found = views.rows(_NAMED, (title_id,))
    if not found:
        raise UnknownError(f"no title was shown: silver.titles has no {title_id!r}")
    ((title, year, genres),) = found
    return Named(title, year, tuple(genres or ()))


def find_title(views: Views, name: str, undone: str) -> FoundTitle:
    """The one title that an identifier, or words of a title, can mean.

    Args:
        views: Of silver.titles.
        name: An identifier, or words of a title in any case and without accents.
        undone: What is not done without it, to begin a refusal with.

    Raises:
        JobError: silver.titles was never published, has no such title, or several; names the nearest, or some of them.
    """
    views.require(TITLES)
    found = [FoundTitle(row["title_id"], row["title"], row["release_year"]) for row in _find(views, name, undone)]
    if len(found) > 1:
        # A whole title is meant before one that it is a part of.
        whole = views.rows(_WHOLE, (name,))
        if len(whole) != 1:
            several = "; ".join(f"{one.title_id} {one.title} ({one.release_year or '?'})" for one in found)
            raise JobError(f"{undone}: {name!r} may be several titles, give an identifier: {several}")
    return found[0]


def _find(views: Views, name: str, undone: str = "no title was shown") -> list[dict[str, Any]]:
    """Titles as columns of silver.titles, best first."""
    if not name.strip():
        raise JobError(f"{undone}: its name is empty; give a title, a part of one, or an identifier")
    columns = TITLES.column_names
    select = f"SELECT {', '.join(columns)} FROM silver.titles "  # noqa: S608
    rows = views.rows(f"{select} WHERE title_id = ?", (name,))
    if not rows:
        title, original = (_PLAIN.format(column) for column in ("title", "coalesce(original_title, '')"))
        words = name.split()
        holds = f"(contains({title}, {_PLAIN.format('?')}) OR contains({original}, {_PLAIN.format('?')}))"
        rows = views.rows(
            f"{select} WHERE {' AND '.join([holds] * len(words))} "
            f"ORDER BY {title} = {_PLAIN.format('?')} DESC, vote_count DESC NULLS LAST, title_id LIMIT ?",
            [*(word for word in words for _ in range(2)), name, 1 + _OTHERS_TOLD],
        )
    if not rows:
        raise UnknownError(f"{undone}: {_nothing_like(views, name)}")
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _nothing_like(views: Views, name: str) -> str:
    near = views.rows(
        f"SELECT title FROM silver.titles GROUP BY title "  # noqa: S608
        f"ORDER BY jaro_winkler_similarity({_PLAIN.format('title')}, {_PLAIN.format('?')}) DESC, title LIMIT 3",
        (name,),
    )
    return f"silver.titles has no {name!r}" + (f"; the nearest are {'; '.join(t for (t,) in near)}" if near else "")


def _people(views: Views, title_id: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not {CREDITS.name, PEOPLE.name} <= views.published:
        return ()
    return tuple((category, tuple(names)) for category, names in views.rows(_PEOPLE, (title_id,)))


def _popularity(views: Views, title_id: str) -> tuple[Popularity, ...] | None:
    if POPULAR_TITLES.name not in views.published:
        return None
    return tuple(Popularity(*row) for row in views.rows(_POPULARITY, (title_id,)))


def _one(views: Views, table: str, query: str, title_id: str) -> Any:
    """The one row that a query finds; None if its table was never published."""
    return views.rows(query, (title_id,))[0] if table in views.published else None
