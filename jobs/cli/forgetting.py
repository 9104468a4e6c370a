"""``reelhouse forget``: a person is kept out from now on, and taken out of everything that is there."""

import getpass
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import examples, settings
from jobs.errors import JobError

if TYPE_CHECKING:
    from jobs.runs.forgetting import Plan

EXAMPLES = examples("reelhouse forget u000123", "reelhouse forget u000123 --now --yes")
_VERSIONS_SHOWN = 12


def forget(
    user_id: Annotated[str, typer.Argument(metavar="USER", help="The viewer's user_id.")],
    now: Annotated[
        bool, typer.Option("--now", help="Delete what time travel could still read, too, instead of in 35 days.")
    ] = False,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who asks; your user name unless given.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Forget a person: what is delivered of the person from now on is kept out, and everything that is there is deleted.

    Shows what would go and asks. Wants REELHOUSE_FORGET_KEY, by which the person is known from now on without being named.
    Run it again if it was interrupted: it goes on.
    """
    from jobs.runs import forgetting

    home = settings()
    planned = forgetting.plan(home, user_id, now=now)
    for name, rows in planned.rows.items():
        display.say(f"to delete  {name}  {rows:,} rows")
    if not planned.rows:
        display.say("no table holds anything of this person, who is kept out all the same")
    for name, versions in planned.lost.items():
        display.say(f"no longer readable  {name}  {_told(versions)}")
    if not yes:
        _require_consent(now=now)
    done = False
    for line in forgetting.apply(home, planned, by or getpass.getuser(), datetime.now(UTC), now=now):
        display.say(f"done  {line}")
        done = True
    if not done:
        display.say("nothing was left to do")
    _show_what_stays(planned, now=now)
    display.next_step("reelhouse status")


def _show_what_stays(planned: "Plan", *, now: bool) -> None:
    """Name what is not ours to change, and what was made with the person."""
    from jobs.runs import forgetting, traces

    home = settings()
    try:
        for trained in forgetting.trained_with(home, planned):
            display.say(f"trained when the person was there (a model names no viewers)  {trained}")
    except JobError as gone:
        display.warn(f"which models were trained with the person is not known: {gone}")
    if not planned.person.is_telling:
        display.say(
            "such an identifier may mean anything: it was looked for as user_id alone, not in the words of pages and logs"
        )
    for path in traces.not_known(home):
        display.say(f"cannot be read, and may name the person  {path}")
    for path in traces.named_elsewhere(home, planned.person):
        display.say(f"names the person still, and is not ours to change  {path}")
    if not now:
        display.say(
            "earlier versions of the tables can be read until `reelhouse maintain` deletes them; --now does at once"
        )


def _told(versions: list[int]) -> str:
    shown = ", ".join(map(str, versions[:_VERSIONS_SHOWN]))
    more = len(versions) - _VERSIONS_SHOWN
    return f"version{'s' * (len(versions) > 1)} {shown}{f' and {more} more, up to {versions[-1]}' if more > 0 else ''}"


def _require_consent(*, now: bool) -> None:
    """Ask a person; nobody is there to be asked without a terminal.

    Raises:
        JobError: The answer is no, or there is nobody.
    """
    if not sys.stdin.isatty():
        raise JobError(f"nobody was forgotten: there is no terminal to ask on; add --yes{' to --now' if now else ''}")
    if not typer.confirm("Forget this person? Nothing brings it back."):
        raise JobError("nobody was forgotten")
