"""``reelhouse reproduce``: a list of an old night, made again."""

from datetime import date
from typing import Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import examples, iso_date, settings

EXAMPLES = examples("reelhouse reproduce --user u000123 --night 2026-11-22")


def reproduce(
    user: Annotated[str, typer.Option(metavar="USER", help="The viewer; '*' for who is not known yet.")],
    night: Annotated[date, typer.Option(parser=iso_date, metavar="DATE", help="ISO date of a night that is kept.")],
) -> None:
    """Make a viewer's list of an old night again from what made it, and compare it with what was served.

    Exit status: 0 if the two are equal, 1 if not.
    """
    from jobs.answers.reproducing import reproduce as make_again

    found = make_again(settings(), user, night)
    display.say(f"{found.user_id}, night {found.night}: {len(found.served)} titles", "bold")
    for part, told in found.made_of.items():
        display.say(f"{part}: {told}")
    same = "the same as now" if found.is_same_code else f"now {found.code_now}"
    display.say(f"code: {found.code}, {same}")
    if found.other_reasons:
        display.say(f"{found.other_reasons} titles have other reasons", "yellow")
    if found.verdict == "equal":
        display.say("equal: every place holds the same title", "green")
        return
    if found.verdict == "ties":
        display.say("equal, but for the order of titles with the same score", "green")
        return
    differing = found.differing
    reason = "the code differs" if not found.is_same_code else "its inputs are those that the ledger names"
    places = f"{len(differing)} place{'' if len(differing) == 1 else 's'}" if differing else "scores only"
    display.say(f"different in {places}; {reason}", "yellow")
    grid = display.grid("rank", "was served", "made again", right=("rank",))
    for served, made in differing:
        at = served or made
        grid.add_row(*map(display.plain, (at and at.rank, served and served.title_id, made and made.title_id)))
    display.console().print(grid)
    raise typer.Exit(1)
