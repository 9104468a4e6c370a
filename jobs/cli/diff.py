"""``reelhouse diff``: what changed in viewers' lists, and why."""

import json
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from jobs.cli import display
from jobs.cli.arguments import examples, iso_date, settings

if TYPE_CHECKING:
    from jobs.answers.changes import MovedTitle, NightChanges
    from jobs.answers.two_lists import Place, TwoLists

EXAMPLES = examples(
    "reelhouse diff", "reelhouse diff 2026-11-22", "reelhouse diff --user u000123", "reelhouse diff --json"
)


def diff(
    night: Annotated[
        date | None, typer.Argument(metavar="NIGHT", parser=iso_date, help="ISO date; the newest night unless given.")
    ] = None,
    user: Annotated[str | None, typer.Option(metavar="USER", help="One viewer's two lists, side by side.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write everything as one JSON document.")] = False,
) -> None:
    """Show how viewers' lists differ from those that they replaced, and what made the difference."""
    from jobs.answers import changes as of_nights
    from jobs.answers import two_lists as of_viewers
    from jobs.answers.changes_page import page_address
    from jobs.lakehouse.views import Views

    home = settings()
    if user is not None:
        found = of_viewers.two_lists(Views(home.lake, of_viewers.READS), user, night)
        _write(found) if as_json else show_two_lists(found)
        return
    changes = of_nights.night_changes(Views(home.lake, of_nights.READS), night)
    if as_json:
        _write(changes)
        return
    show_changes(changes)
    if served := of_nights.served_instead(home.lake, changes.night):
        display.say(
            f"the lists of {changes.night} are not served: gold.recommendations was rolled back to {served}", "yellow"
        )
    page = page_address(home.root, changes.night)
    if page.exists():
        display.say(f"page: {page}", "dim")
    if changes.changed_most:
        display.next_step(f"reelhouse diff --user {display.quoted(changes.changed_most[0].user_id)}")


def show_changes(changes: "NightChanges") -> None:
    """Write what changed on a night."""
    from jobs.answers.changes_words import cause_in_words, headline
    from jobs.answers.text import percent

    display.say(f"night {changes.night} beside {changes.night_before}", "bold")
    for sentence in headline(changes):
        display.say(sentence)
    if changes.why:
        causes = display.grid("cause", "new titles", "in order", "what changed", right=("new titles", "in order"))
        for one in changes.why.causes:
            causes.add_row(
                one.cause, percent(one.share, 2), percent(one.rbo_share, 2), display.plain(cause_in_words(one))
            )
        display.console().print(causes)
    segments = display.grid("segment", "viewers", "overlap", "RBO", right=("viewers", "overlap", "RBO"))
    for each in changes.segments:
        segments.add_row(each.segment, display.count(each.viewer_count), percent(each.overlap), f"{each.rbo:.3f}")
    display.console().print(segments)
    _show_moved("came onto", changes.entered)
    _show_moved("left", changes.left)
    most = display.grid(
        "changed most", "segment", "overlap", "RBO", "new titles", right=("overlap", "RBO", "new titles")
    )
    for viewer in changes.changed_most:
        most.add_row(
            display.plain(viewer.user_id), viewer.segment, percent(viewer.overlap), f"{viewer.rbo:.3f}",
            display.count(viewer.entering_count),
        )  # fmt: skip
    display.console().print(most)


def show_two_lists(found: "TwoLists") -> None:
    """Write one viewer's lists of two nights, place by place."""
    from jobs.answers.changes_words import viewer_in_words

    display.say(f"{found.user_id}: night {found.night} beside {found.night_before}", "bold")
    display.say(viewer_in_words(found))
    table = display.grid("rank", str(found.night_before), "went to", str(found.night), "came from", right=("rank",))
    for at in range(max(len(found.before), len(found.after))):
        before, after = (lists[at] if at < len(lists) else None for lists in (found.before, found.after))
        table.add_row(str(at + 1), _named(before), _moved_to(before, "left"), _named(after), _moved_to(after, "new"))
    display.console().print(table)


def _named(place: "Place | None") -> Text:
    return Text("") if place is None else display.plain(display.titled(place.title, place.release_year))


def _moved_to(place: "Place | None", otherwise: str) -> str:
    if place is None:
        return ""
    if place.other_rank is None:
        return otherwise
    return "same" if place.other_rank == place.rank else str(place.other_rank)


def _show_moved(how: str, titles: "tuple[MovedTitle, ...]") -> None:
    grid = display.grid(f"{how} most lists", "year", "lists", right=("year", "lists"))
    for one in titles:
        grid.add_row(*map(display.plain, (one.title, one.release_year, display.count(one.list_count))))
    display.console().print(grid)


def _write(found: "NightChanges | TwoLists") -> None:
    """Write an answer as JSON, for programs: nothing else goes to standard output."""
    typer.echo(json.dumps(asdict(found), default=str, ensure_ascii=True, indent=2))
