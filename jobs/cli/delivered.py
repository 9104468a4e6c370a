"""``reelhouse delivered``: what there is to ingest for a night."""

from typing import Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import Night, examples, newest_delivery, settings
from jobs.cli.nights import NOTHING_TO_DO
from jobs.tables import SOURCES

EXAMPLES = examples("reelhouse delivered", "reelhouse delivered --night 2026-11-22")


def delivered(
    night: Night = None,
    skip_status: Annotated[
        bool, typer.Option("--skip-status", help=f"End with status {NOTHING_TO_DO} where nothing was delivered.")
    ] = False,
) -> None:
    """Show which sources delivered for a night, and how much."""
    from jobs.landing import gate

    home = settings()
    day = night or newest_delivery(home)
    folders = {source.name: gate.deliveries(home.landing, source).get(day) for source in SOURCES}
    if skip_status and not any(folders.values()):
        display.say(f"nothing was delivered for {day}")
        raise typer.Exit(NOTHING_TO_DO)
    gate.require_delivery(home.landing, day)
    for source, folder in folders.items():
        files = [file for file in sorted(folder.iterdir()) if file.is_file()] if folder else []
        size = sum(file.stat().st_size for file in files) / 1e6
        display.say(f"{source}  {len(files)} files, {size:,.1f} MB" if folder else f"{source}  nothing")
