"""``reelhouse models`` and ``reelhouse promote``: what was registered, and what a person decides."""

import getpass
import json
from dataclasses import asdict
from typing import Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import examples, iso_date, settings
from jobs.cli.nights import NOTHING_TO_DO

MODELS_EXAMPLES = examples("reelhouse models", "reelhouse models --json")
PROMOTE_EXAMPLES = examples('reelhouse promote 7 --reason "more long tail, no loss for cold viewers"')


def models(
    waiting: Annotated[
        str,
        typer.Option("--waiting", metavar="DATE", help="Only the version of this night that waits: number and why."),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """List every registered version of the model: what the gate decided, how good it is, who promoted it and why.

    nDCG@10 is foretold, of held-out events; watched@10 is what came of its lists: the share of their first ten titles that
    was watched within seven days.
    """
    from jobs.tracking import versions

    found = versions.versions(settings())
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
        return
    if waiting:
        night = iso_date(waiting).isoformat()
        mine = next((one for one in found if one.waits and one.night == night), None)
        if mine is None:
            display.say(f"no version of {night} waits")
            raise typer.Exit(NOTHING_TO_DO)
        beside = f", beside the champion {mine.difference}" if mine.difference else ""
        display.say(f"{mine.version} {mine.recommender}: nDCG@10 {mine.ndcg}{beside}; {mine.reason}")
        return
    whole = ("version", "night", "recommender", "verdict", "nDCG@10")
    # On a narrow screen reasons of many words would leave the figures a letter or two a line.
    is_wide = display.console().width >= _WIDE
    reasons = ("by", "why") if is_wide else ()
    grid = display.grid(
        *whole, "beside the champion", "watched@10", *reasons, right=("version", "nDCG@10"), whole=whole
    )
    for one in found:
        state = "serves" if one.serves else one.verdict
        grid.add_row(
            *(str(one.version), one.night, one.recommender, display.plain(state, _STYLES.get(state, ""))),
            *(one.ndcg, one.difference, one.online),
            *([display.plain(one.promoted_by), display.plain(one.reason)] if is_wide else []),
        )
    if found:
        display.console().print(grid)
        for one in () if is_wide else found:
            display.say(f"version {one.version} by {one.promoted_by or 'nobody'}: {one.reason}")
    else:
        display.say("no version is registered yet")
    waits = next((one.version for one in found if one.waits), None)
    display.next_step(
        f"reelhouse promote {waits} --reason …" if waits else "reelhouse show" if found else "reelhouse night"
    )


def promote(
    version: Annotated[int, typer.Argument(min=1, help="A registered version; `reelhouse models` lists them.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for those who ask later.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides; your user name unless given.")] = "",
) -> None:
    """Let a version of the model serve, whatever the gate said of it."""
    from jobs.tracking import registry, versions

    home = settings()
    versions.promote(home, version, by or getpass.getuser(), reason)
    display.say(f"{registry.MODEL_NAME} version {version} serves from the next lists on")
    display.next_step("reelhouse run gold.recommendations")


_WIDE = 140
"""Columns of a screen on which reasons stand beside the figures."""
_STYLES = {"serves": "green", "waits": "yellow", "undone": "dim"}
