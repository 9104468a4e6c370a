"""``reelhouse delivered``: what there is to ingest for a night."""

from typing import Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import Night, examples, night_to_run, settings
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
    from jobs.landing.deliveries import deliveries, entries, require_delivery

    home = settings()
    day = night_to_run(home, night)
    folders = {source.name: deliveries(home.landing, source).get(day) for source in SOURCES}
    files = {source: entries(folder) if folder else [] for source, folder in folders.items()}
    if skip_status and not any(files.values()):
        display.say(f"nothing was delivered for {day}")
        raise typer.Exit(NOTHING_TO_DO)
    require_delivery(home.landing, day)
    display.say(f"delivered for {day}", "bold")
    for source, found in files.items():
        size = sum(file.stat().st_size for file in found) / 1e6
        files_found = "1 file" if len(found) == 1 else f"{len(found)} files"
        display.say(f"{source}  {files_found}, {size:,.1f} MB" if found else f"{source}  nothing")
