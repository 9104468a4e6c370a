"""``reelhouse title``: what is known about one title."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from jobs.cli import display
from jobs.cli.arguments import examples, settings

if TYPE_CHECKING:
    from jobs.answers.titles import Rule, TitleFacts

EXAMPLES = examples("reelhouse title tt0111161", "reelhouse title the godfather", "reelhouse title tmdb:603")
_PEOPLE_SHOWN = 12
_WINDOW_SHOWN = 30
"""Days of the ranks by genre and decade."""


def title(
    name: Annotated[
        list[str], typer.Argument(metavar="TITLE", help="Its identifier, or words of its title in any case.")
    ],
) -> None:
    """Show a title: its facts and people, how popular it is, and on how many lists it stands."""
    from jobs.answers.titles import READS, title_facts
    from jobs.lakehouse.views import Views

    found = title_facts(Views(settings().lake, READS), " ".join(name))
    _show_facts(found)
    if found.others:
        others = [f"{display.titled(other.title, other.release_year)}, {other.title_id}" for other in found.others]
        display.say(f"also found: {'; '.join(others)}", "dim")
    if found.lists is None:
        display.next_step("reelhouse night")
    elif not found.lists[0]:
        display.next_step("reelhouse show")
    else:
        first_lists = f"FROM gold.recommendations WHERE title_id = '{found.title_id}' ORDER BY rank LIMIT 10"
        display.next_step(f'reelhouse sql "{first_lists}"')


def _show_facts(found: "TitleFacts") -> None:
    """Write everything known about a title, one fact per line."""
    title = found.facts
    display.say(display.titled(found.title, found.release_year), "bold")
    original = title["original_title"] if title["original_title"] != found.title else None
    years = f"{found.release_year} to {title['end_year']}" if title["end_year"] else found.release_year
    rating = f"{title['average_rating']:.1f} of 10" if title["average_rating"] is not None else None
    votes = f"{display.count(title['vote_count'])} votes" if title["vote_count"] is not None else None
    facts: list[tuple[str, object]] = [
        ("title_id", found.title_id),
        ("original title", original),
        ("type", f"{title['title_type']}{', adult' if title['is_adult'] else ''}"),
        ("year", years),
        ("running time", f"{title['runtime_minutes']} minutes" if title["runtime_minutes"] is not None else None),
        ("genres", title["genres"]),
        ("language", title["language"]),
        ("rating", ", ".join(part for part in (rating, votes) if part)),
        *((category, _names(names)) for category, names in found.people),
        *_standing(found),
        ("rules", "; ".join(map(_rule, found.rules))),
        ("overview", title["overview"]),
    ]
    table = display.grid("", "")
    table.show_header = False
    for fact, value in facts:
        if value not in (None, "", []):
            table.add_row(Text(fact, "dim"), display.plain(value))
    display.console().print(table)


def _names(names: tuple[str, ...]) -> str:
    more = len(names) - _PEOPLE_SHOWN
    return ", ".join(names[:_PEOPLE_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _rule(rule: "Rule") -> str:
    """A rule in words: why a title is on no list, or high up."""
    does = "blocked" if rule.rule == "block" else f"boosted by {rule.boost:g}"
    nights = f"{f' from {rule.since}' if rule.since else ''}{f' until {rule.until}' if rule.until else ''}"
    return f"{does}{nights}{f': {rule.reason}' if rule.reason else ''}"


def _standing(found: "TitleFacts") -> list[tuple[str, object]]:
    """How popular the title is, in how many histories, and on how many lists."""
    facts: list[tuple[str, object]] = []
    if found.popularity is not None:
        ranks = [
            f"{one.rank} of {'all time' if one.window_days == 0 else f'the last {one.window_days} days'} "
            f"({display.count(one.viewer_count)} viewers)"
            for one in found.popularity
            if one.category == "overall"
        ]
        of_kind = [
            f"{one.rank} of {'the ' if one.category == 'decade' else ''}{one.value}"
            for one in found.popularity
            if one.category != "overall" and one.window_days == _WINDOW_SHOWN
        ]
        facts.append(("popularity rank", "; ".join(ranks) or "none"))
        if of_kind:
            facts.append((f"of its kind, {_WINDOW_SHOWN} days", ", ".join(of_kind)))
    if found.viewer_counts is not None:
        viewers, likes = map(display.count, found.viewer_counts)
        facts.append(("viewers", f"in the history of {viewers}, liked by {likes}"))
    if found.lists is not None:
        lists, best = found.lists
        facts.append(("on lists", f"{display.count(lists)}, at best at rank {best}" if lists else "none"))
    return facts
