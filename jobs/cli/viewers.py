"""``reelhouse show``: one viewer's list in words."""

from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import examples, settings
from jobs.errors import JobError
from jobs.tables.gold import RECOMMENDATIONS
from jobs.tables.silver import PREFERENCES, TITLES

if TYPE_CHECKING:
    from jobs.lakehouse.views import Views

EXAMPLES = examples("reelhouse show", "reelhouse show u000123", "reelhouse show movielens:42 --limit 10")
_LIKED_SHOWN = 5

_LIST = """
SELECT r.rank, t.title, t.release_year, t.genres, r.score, r.title_id, r.model_name, r.model_version, r.night
FROM gold.recommendations AS r LEFT JOIN silver.titles AS t USING (title_id)
WHERE r.user_id = ? ORDER BY r.rank LIMIT ?
"""
_LIKED = """
SELECT coalesce(t.title, p.title_id), t.release_year
FROM silver.preferences AS p LEFT JOIN silver.titles AS t USING (title_id)
WHERE p.user_id = ? AND p.weight > 0 ORDER BY p.weight DESC, p.title_id LIMIT ?
"""
_MOST_LIKES = """
SELECT user_id FROM silver.preferences
WHERE weight > 0 AND user_id IN (SELECT user_id FROM gold.recommendations)
GROUP BY user_id ORDER BY count(*) DESC, user_id LIMIT 1
"""
_NEAR = """
SELECT user_id FROM (SELECT DISTINCT user_id FROM gold.recommendations)
ORDER BY jaro_winkler_similarity(user_id, ?) DESC, user_id LIMIT 3
"""


def show(
    user: Annotated[
        str | None, typer.Argument(metavar="USER", help="The viewer; one who liked many titles unless given.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many titles of the list.")] = 50,
) -> None:
    """Show a viewer's list: what the viewer liked, and what is recommended."""
    views = open_views(settings().lake)
    viewer = user if user is not None else example_viewer(views)
    first_title = show_list(views, viewer, limit)
    display.next_step(f"reelhouse title {first_title}")


def open_views(root: str) -> "Views":
    """The tables that a list is shown from.

    Raises:
        JobError: One of them was never published.
    """
    from jobs.lakehouse.views import Views

    views = Views(root, (RECOMMENDATIONS, TITLES, PREFERENCES))
    views.require(RECOMMENDATIONS, TITLES, PREFERENCES)
    return views


def example_viewer(views: "Views") -> str:
    """The viewer with a list who liked the most titles.

    Raises:
        JobError: No viewer has a list.
    """
    found = views.rows(_MOST_LIKES) or views.rows("SELECT min(user_id) FROM gold.recommendations HAVING count(*) > 0")
    if not found:
        raise JobError("no list was shown: gold.recommendations is empty; see `reelhouse history gold.recommendations`")
    return str(found[0][0])


def show_list(views: "Views", viewer: str, limit: int) -> str:
    """Write a viewer's list.

    Returns:
        The first title's identifier.

    Raises:
        JobError: The viewer has no list; names the nearest who do.
    """
    rows = views.rows(_LIST, (viewer, limit))
    if not rows:
        raise JobError(_no_list(views, viewer))
    *_, model_name, model_version, night = rows[0]
    ((known,),) = views.rows("SELECT count(*) FROM silver.preferences WHERE user_id = ?", (viewer,))
    liked = [display.titled(title, year) for title, year in views.rows(_LIKED, (viewer, _LIKED_SHOWN))]
    display.say(f"{viewer}: night {night}, {model_name} version {model_version}", "bold")
    likes = f"liked most: {display.listing(liked)}" if liked else "none of them liked"
    display.say(f"has had to do with {display.count(known)} titles; {likes}" if known else "no history yet")
    table = display.grid("rank", "title", "year", "genres", "score", right=("rank", "year", "score"))
    for rank, title, year, genres, score, title_id, *_ in rows:
        table.add_row(*map(display.plain, (rank, title or title_id, year, genres, f"{score:.4f}")))
    display.console().print(table)
    return str(rows[0][5])


def _no_list(views: "Views", viewer: str) -> str:
    """Why there is no list for a viewer."""
    near = [name for (name,) in views.rows(_NEAR, (viewer,))]
    if views.rows("SELECT 1 FROM silver.preferences WHERE user_id = ? LIMIT 1", (viewer,)):
        return f"no list was shown: {viewer} is known and has no list in gold.recommendations; run `reelhouse night`"
    return f"no list was shown: there is no viewer {viewer}" + (f"; the nearest are {', '.join(near)}" if near else "")
