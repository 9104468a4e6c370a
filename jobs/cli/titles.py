"""``reelhouse title``: what is known about one title."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from jobs.cli import display
from jobs.cli.arguments import examples, settings
from jobs.errors import JobError
from jobs.tables.gold import POPULAR_TITLES, RECOMMENDATIONS
from jobs.tables.silver import CREDITS, PEOPLE, PREFERENCES, TITLES

if TYPE_CHECKING:
    from jobs.lakehouse.views import Views

EXAMPLES = examples("reelhouse title tt0111161", "reelhouse title the godfather", "reelhouse title tmdb:603")
_PEOPLE_SHOWN = 12
_OTHERS_SHOWN = 5

_PLAIN = "strip_accents(lower({}))"
_PEOPLE = """
SELECT c.category, list(p.name ORDER BY c.billing NULLS LAST, p.name)
FROM silver.credits AS c JOIN silver.people AS p USING (person_id)
WHERE c.title_id = ? GROUP BY c.category ORDER BY min(c.billing) NULLS LAST, c.category
"""
_WINDOWS = "SELECT window_days, rank, viewer_count FROM gold.popular_titles WHERE title_id = ? ORDER BY window_days"
_VIEWERS = "SELECT count(*), count(*) FILTER (weight > 0) FROM silver.preferences WHERE title_id = ?"
_LISTS = "SELECT count(*), min(rank) FROM gold.recommendations WHERE title_id = ?"


def title(
    name: Annotated[
        list[str], typer.Argument(metavar="TITLE...", help="Its identifier, or words of its title in any case.")
    ],
) -> None:
    """Show a title: its facts and people, how popular it is, and on how many lists it stands."""
    from jobs.lakehouse.views import Views

    views = Views(settings().lake, (TITLES, CREDITS, PEOPLE, PREFERENCES, POPULAR_TITLES, RECOMMENDATIONS))
    views.require(TITLES)
    found = _find(views, " ".join(name))
    title_id = str(found[0]["title_id"])
    _show_facts(found[0], views)
    if others := [f"{display.titled(t['title'], t['release_year'])}, {t['title_id']}" for t in found[1:]]:
        display.say(f"also found: {'; '.join(others)}", "dim")
    if RECOMMENDATIONS.name in views.published:
        first_lists = f"FROM gold.recommendations WHERE title_id = '{title_id}' ORDER BY rank LIMIT 10"
        display.next_step(f'reelhouse sql "{first_lists}"')
    else:
        display.next_step("reelhouse night")


def _find(views: "Views", name: str) -> list[dict[str, Any]]:
    """The title of this identifier, else those whose title holds all words, best first.

    Raises:
        JobError: There is none.
    """
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
            [*(word for word in words for _ in range(2)), name, 1 + _OTHERS_SHOWN],
        )
    if not rows:
        raise JobError(f"no title was shown: {_nothing_like(views, name)}")
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _nothing_like(views: "Views", name: str) -> str:
    near = views.rows(
        f"SELECT title FROM silver.titles GROUP BY title "  # noqa: S608
        f"ORDER BY jaro_winkler_similarity({_PLAIN.format('title')}, {_PLAIN.format('?')}) DESC, title LIMIT 3",
        (name,),
    )
    return f"silver.titles has no {name!r}" + (f"; the nearest are {'; '.join(t for (t,) in near)}" if near else "")


def _show_facts(title: dict[str, Any], views: "Views") -> None:
    """Write everything known about a title, one fact a line."""
    display.say(display.titled(title["title"], title["release_year"]), "bold")
    original = title["original_title"] if title["original_title"] != title["title"] else None
    years = f"{title['release_year']} to {title['end_year']}" if title["end_year"] else title["release_year"]
    rating = f"{title['average_rating']:.1f} of 10" if title["average_rating"] is not None else None
    votes = f"{display.count(title['vote_count'])} votes" if title["vote_count"] is not None else None
    facts: list[tuple[str, object]] = [
        ("title_id", title["title_id"]),
        ("original title", original),
        ("type", f"{title['title_type']}{', adult' if title['is_adult'] else ''}"),
        ("year", years),
        ("running time", f"{title['runtime_minutes']} minutes" if title["runtime_minutes"] is not None else None),
        ("genres", title["genres"]),
        ("language", title["language"]),
        ("rating", ", ".join(part for part in (rating, votes) if part)),
        *_people(views, title["title_id"]),
        *_standing(views, title["title_id"]),
        ("overview", title["overview"]),
    ]
    table = display.grid("", "")
    table.show_header = False
    for fact, value in facts:
        if value not in (None, "", []):
            table.add_row(Text(fact, "dim"), display.plain(value))
    display.console().print(table)


def _people(views: "Views", title_id: str) -> list[tuple[str, object]]:
    """Names by category of work, in order of billing."""
    if not {CREDITS.name, PEOPLE.name} <= views.published:
        return []
    credited = views.rows(_PEOPLE, (title_id,))
    more = {category: len(names) - _PEOPLE_SHOWN for category, names in credited}
    return [
        (category, ", ".join(names[:_PEOPLE_SHOWN]) + (f" and {more[category]} more" if more[category] > 0 else ""))
        for category, names in credited
    ]


def _standing(views: "Views", title_id: str) -> list[tuple[str, object]]:
    """How popular the title is, how many viewers had to do with it, on how many lists it stands."""
    facts: list[tuple[str, object]] = []
    if POPULAR_TITLES.name in views.published:
        places = [
            f"{rank} of {'all time' if days == 0 else f'the last {days} days'} ({display.count(viewers)} viewers)"
            for days, rank, viewers in views.rows(_WINDOWS, (title_id,))
        ]
        facts.append(("popularity rank", "; ".join(places) or "none"))
    if PREFERENCES.name in views.published:
        ((viewers, likes),) = views.rows(_VIEWERS, (title_id,))
        facts.append(("viewers", f"{display.count(viewers)} had to do with it, {display.count(likes)} liked it"))
    if RECOMMENDATIONS.name in views.published:
        ((lists, best),) = views.rows(_LISTS, (title_id,))
        facts.append(("on lists", f"{display.count(lists)}, at best at rank {best}" if lists else "none"))
    return facts
