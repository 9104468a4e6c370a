"""``reelhouse show``: one viewer's list in words."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import examples, settings

if TYPE_CHECKING:
    from jobs.answers.viewers import ViewerList

_WIDEST_TITLE = 32
EXAMPLES = examples(
    "reelhouse show",
    "reelhouse show u000123",
    "reelhouse show '*'",
    "reelhouse show movielens:42 --limit 10",
    "reelhouse show u000123 --json",
)


def show(
    user: Annotated[
        str | None,
        typer.Argument(
            metavar="USER", help="The viewer, '*' for one nobody knows; one who liked many titles unless given."
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many titles of the list.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Show a viewer's list: what the viewer liked, what is recommended, and why."""
    from jobs.answers.viewers import READS, viewer_list
    from jobs.lakehouse.views import Views

    found = viewer_list(Views(settings().lake, READS), user, limit)
    if as_json:
        typer.echo(json.dumps(asdict(found), default=str))
        return
    show_list(found)
    display.next_step(f"reelhouse title {found.titles[0].title_id}")


def show_list(found: "ViewerList") -> None:
    """Write a viewer's list."""
    display.say(
        f"{found.user_id}: night {found.night}, {found.model_name} version {found.model_version}",
        "bold",
    )
    liked = [display.titled(title, year) for title, year in found.liked_most]
    likes = f"liked most: {display.listing(liked)}" if liked else "none of them liked"
    titles = f"{display.count(found.history_count)} title{'' if found.history_count == 1 else 's'} in history"
    display.say(f"{titles}; {likes}" if found.history_count else "no history yet")
    table = display.grid("rank", "title", "score", "why", right=("rank", "score"))
    # Of a narrow screen most belongs to the reasons, which are the longest.
    table.columns[1].max_width = _WIDEST_TITLE
    for one in found.titles:
        title, why = display.titled(one.title, one.release_year), one.reasons.removeprefix("because ")
        if one.boost is not None:
            why += f" (a boost added {_score(one.boost)})"
        table.add_row(*map(display.plain, (one.rank, title, _score(one.score), why)))
    display.console().print(table)


def _score(score: float) -> str:
    """Viewers are counted; what a model says is no whole number."""
    return f"{score:,.0f}" if score.is_integer() else f"{score:.4f}"
