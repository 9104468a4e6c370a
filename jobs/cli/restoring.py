"""``reelhouse restore``: put a table that a disk has damaged back to a version that is whole."""

import getpass
import itertools
import json
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import TableArgument, examples, iso_date, settings
from jobs.cli.resets import require_consent

if TYPE_CHECKING:
    from jobs.lakehouse.restoring import Version, Versions

EXAMPLES = examples(
    "reelhouse restore silver.titles",
    "reelhouse restore silver.titles --deep",
    "reelhouse restore silver.titles --to 41",
    'reelhouse restore bronze.interactions --to 2026-11-21 --reason "sector errors on sdb" --yes',
)


def restore(
    table: TableArgument,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="VERSION|NIGHT", help="What to put back; shows what there is unless given."),
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every page of the files, not only sizes and footers.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for those who ask later.")] = "damaged",
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides; your user name unless given.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many versions to show, newest first.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Show the versions as JSON.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Put a table whose files or log are damaged back to a version that is whole; without --to, show which are.

    One commit, and the log is mended before it where that has to be. The next night makes again what is lost since: use
    `reelhouse reset` where a night was wrong, `reelhouse rollback` where lists are bad.
    """
    from jobs.lakehouse.forgotten import kept_out_of
    from jobs.lakehouse.restoring import Versions
    from jobs.lakehouse.restoring import restore as put_back

    home = settings()
    root = home.lake
    versions = Versions(root, table, deep)
    if to is None:
        _show(versions, limit, as_json=as_json)
        return
    found = versions.find(int(to) if to.isdecimal() else iso_date(to))
    typed = f"reelhouse restore {table.name} --to {to}{' --deep' if deep else ''}"
    for problem in versions.problems:
        display.say(f"to mend  {problem}")
    display.say(f"to restore  {table.name}  {_described(found)}")
    if not yes:
        require_consent(typed, "restored", "Restore this?")
    out = kept_out_of(home, [table], f"{table.name} was not restored")
    version, mended = put_back(root, table, found, by or getpass.getuser(), reason, typed, out)
    for done in mended:
        display.say(done)
    display.say(f"now in force  {table.name}  version {version}: {_described(found)}")
    display.say(
        "what later nights made of it is made again when a night is run; what was delivered is still in landing/"
    )
    display.next_step("reelhouse night")


def _show(versions: "Versions", limit: int, *, as_json: bool) -> None:
    shown = list(itertools.islice(versions, limit))
    whole = next((one for one in shown if one.is_whole), None) or versions.newest_whole()
    if as_json:
        held = [
            {
                "version": one.version,
                "at": one.at.isoformat(),
                "night": str(one.night) if one.night else None,
                "rows": one.rows,
                "state": _state(one),
                "damages": list(map(str, one.damages)),
            }
            for one in shown
        ]
        told = {"table": versions.table.name, "log": versions.problems, "versions": held}
        typer.echo(json.dumps({**told, "newest_whole": whole.version if whole else None}, indent=2))
        return
    for problem in versions.problems:
        display.say(f"log: {problem}")
    numbers = ("version", "rows")
    grid = display.grid(
        *("version", "night", "when (UTC)", "rows", "state", "files"),
        right=numbers,
        whole=(*numbers, "night", "when (UTC)", "state"),
    )
    for one in shown:
        damages = "; ".join([*map(str, one.damages[:3]), *([one.unforgets] if one.unforgets else [])])
        damages += f"; and {len(one.damages) - 3} more" if len(one.damages) > 3 else ""
        when = f"{one.at:%Y-%m-%d %H:%M}"
        grid.add_row(
            str(one.version), str(one.night or "-"), when, display.count(one.rows), _state(one), display.plain(damages)
        )
    display.console().print(grid)
    if whole is None:
        display.say(f"no version is whole: {versions.without_any}")
        display.next_step("reelhouse night")
    elif shown and whole.version == shown[0].version:
        display.say("the newest version is whole" + ("" if versions.deep else ", as far as sizes and footers tell"))
        display.next_step(
            f"reelhouse history {versions.table.name}"
            if versions.deep
            else f"reelhouse restore {versions.table.name} --deep"
        )
    else:
        display.next_step(f"reelhouse restore {versions.table.name} --to {whole.version}")


def _state(version: "Version") -> str:
    if version.is_gone or version.damages:
        return "gone" if version.is_gone else "damaged"
    return "forgotten" if version.unforgets else "whole"


def _described(version: "Version") -> str:
    night = f" of night {version.night}" if version.night else ""
    rows = "" if version.rows is None else f", {version.rows:,} rows"
    return f"what version {version.version} held{night}{rows}"
