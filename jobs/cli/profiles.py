"""``reelhouse profile``: what a night's data look like, as one file."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import examples, iso_date, settings

EXAMPLES = examples("reelhouse profile", "reelhouse profile 2026-11-22 --to data.html")


def profile(
    night: Annotated[
        date | None, typer.Argument(metavar="NIGHT", parser=iso_date, help="ISO date; the newest night unless given.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write; in docs/profile/ of the home unless given.")
    ] = None,
) -> None:
    """Write what a night's data look like as one HTML file: distributions, the long tail, gaps, outliers, each in words."""
    from jobs.answers import lake_profile
    from jobs.explorer.profile_file import write_profile
    from jobs.lakehouse.views import Views

    home = settings()
    found = lake_profile.profile(Views(home.lake, lake_profile.READS), night)
    file = to or home.root / "docs" / "profile" / f"{found.night}.html"
    write_profile(found, file)
    display.say(f"profiled  night {found.night}  {len(found.pictures)} pictures")
    display.say(str(file))
