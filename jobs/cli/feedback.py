"""``reelhouse feedback``: what a viewer says of a title, for the next night to answer to."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from jobs.cli import display
from jobs.cli.arguments import examples, settings, today
from jobs.errors import JobError
from jobs.tables.silver import PREFERENCES, TITLES

if TYPE_CHECKING:
    from datetime import date

    from jobs.settings import Settings

EXAMPLES = examples(
    "reelhouse feedback u000123 tt0113277 --like",
    "reelhouse feedback u000123 the godfather --rate 8.5",
    "reelhouse feedback u000123 tt0113277 --dismiss",
)
_UNDONE = "nothing was recorded"


def feedback(
    user: Annotated[str, typer.Argument(metavar="USER", help="The viewer.")],
    title: Annotated[
        list[str], typer.Argument(metavar="TITLE", help="Its identifier, or words of its title in any case.")
    ],
    like: Annotated[bool, typer.Option("--like", help="Liked it.")] = False,
    dislike: Annotated[bool, typer.Option("--dislike", help="Watched it, and did not like it.")] = False,
    dismiss: Annotated[bool, typer.Option("--dismiss", help="Does not want to be shown it.")] = False,
    watchlist: Annotated[bool, typer.Option("--watchlist", help="Wants to watch it some time.")] = False,
    watched: Annotated[bool, typer.Option("--watched", help="Watched it, here or elsewhere.")] = False,
    rate: Annotated[float | None, typer.Option("--rate", metavar="0..10", help="Rates it.")] = None,
    new_viewer: Annotated[
        bool, typer.Option("--new-viewer", help="The viewer is new: nobody has the identifier yet.")
    ] = False,
    token: Annotated[
        str, typer.Option("--token", metavar="TEXT", help="Names this event: the same one again counts once.")
    ] = "",
) -> None:
    """Record what a viewer says of a title: the next night's list answers to it."""
    from jobs.answers.said import in_words
    from jobs.answers.titles import find_title
    from jobs.lakehouse.views import Views
    from jobs.landing.feedback import Feedback, record, require_sound
    from jobs.runs.calendar import next_night
    from jobs.sample_world import load_parameters

    given = {"like": like, "dislike": dislike, "dismiss": dismiss, "watchlist": watchlist, "view": watched}
    kinds = [kind for kind, is_given in given.items() if is_given] + ["rating"] * (rate is not None)
    if len(kinds) != 1:
        raise JobError(
            f"{_UNDONE}: say one thing of a title: --like, --dislike, --dismiss, --watchlist, --watched or --rate 0..10"
        )
    home = settings()
    day = next_night(home, today(home))
    # What cannot be right whichever title is meant is said first.
    require_sound(Feedback(user, "tt0000000", kinds[0], rate))
    found = find_title(Views(home.lake, [TITLES]), " ".join(title), _UNDONE)
    _require_known(home, user, day, is_new=new_viewer)
    said = Feedback(user, found.title_id, kinds[0], rate)
    file, _ = record(home.landing, said, token or uuid4().hex, day, datetime.now(UTC))
    meant = f"{display.titled(found.title, found.release_year)}, {found.title_id}"
    display.say(f"recorded for the night of {day}: {user}, {in_words(kinds[0], rate)} {meant}; in {file}")
    display.next_step("reelhouse night --sample" if load_parameters(home.landing) else "reelhouse night")


def _require_known(home: "Settings", user: str, day: "date", *, is_new: bool) -> None:
    """Refuse a viewer of whom nobody has heard, unless a new one is meant.

    Raises:
        JobError: Names the nearest, and how to say that the viewer is new.
    """
    from jobs.answers.viewers import nearest_viewers
    from jobs.lakehouse.views import Views
    from jobs.landing.feedback import has_spoken

    nearest = nearest_viewers(Views(home.lake, [PREFERENCES]), user)
    if nearest is not None and not is_new and not has_spoken(home.landing, day, user):
        near = f"; the nearest are {', '.join(nearest)}" if nearest else ""
        raise JobError(f"{_UNDONE}: there is no viewer {user}{near}; a new one is told by --new-viewer")
