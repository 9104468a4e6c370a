"""Arguments that commands share: nights, tables, settings, examples."""

import pkgutil
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.errors import JobError, nearest
from jobs.tables import SOURCES, TABLES, Table, job_inputs

if TYPE_CHECKING:
    from jobs.settings import Settings


def examples(*commands: str) -> str:
    """The end of a command's help: what can be typed as it is."""
    return "\n\n".join(["Examples:", *(f"$ {command}" for command in commands)])


def iso_date(text: str) -> date:
    """A date as 2026-11-22.

    Raises:
        typer.BadParameter: It is none, or written in another way.
    """
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise typer.BadParameter(f"{text!r}: {error}") from error
    raise typer.BadParameter(f"{text!r} is not an ISO date such as 2026-11-22")


def known_table(name: str) -> Table:
    """The table of this name.

    Raises:
        typer.BadParameter: There is none; names the nearest.
    """
    tables = {table.name: table for table in TABLES}
    source = next((source for source in SOURCES if source.name == name and name not in tables), None)
    if source:
        raise typer.BadParameter(
            f"{name} is a source; name one of its tables: {', '.join(t.name for t in source.tables)}"
        )
    if name not in tables:
        raise typer.BadParameter(_unknown("table", name, list(tables)))
    return tables[name]


def known_job(name: str) -> str:
    """The name of a table, a source or the model, as it is.

    Raises:
        typer.BadParameter: There is none; names the nearest.
    """
    names = [*job_inputs(), *(table.name for table in TABLES if table.layer == "bronze")]
    if name not in names:
        raise typer.BadParameter(_unknown("table, source or model", name, names))
    return name


def settings() -> "Settings":
    """The settings of this run, read once by each command.

    Raises:
        JobError: A variable of the environment holds what it may not, or is mistyped; names it.
    """
    from jobs.settings import from_environment

    home = from_environment()
    in_the_way = next((path for path in (home.root, *home.root.parents) if path.exists() and not path.is_dir()), None)
    if in_the_way:
        raise JobError(f"nothing was done: REELHOUSE_HOME is {home.home}, and {in_the_way} is a file; name a folder")
    return home


def today(home: "Settings") -> date:
    """Today's date in UTC, or the one that the settings name: the only clock that nights know."""
    return home.today or datetime.now(UTC).date()


def night_to_run(home: "Settings", night: date | None) -> date:
    """The night asked for, else the newest day up to today for which any source delivered.

    Raises:
        JobError: The night lies after today, or nothing was delivered yet.
    """
    from jobs.landing.deliveries import delivered_days
    from jobs.runs.calendar import require_past

    now = today(home)
    if night:
        require_past(night, now)
        return night
    days = [day for day in delivered_days(home.landing) if day <= now]
    if not days:
        raise JobError(
            f"no night was run: nothing was delivered yet in {home.landing}/<source>/<day>/; put files there, "
            "run `reelhouse fetch imdb`, or `reelhouse world` for a sample"
        )
    return max(days)


def _unknown(kind: str, name: str, names: list[str]) -> str:
    near = nearest(name, names)
    return f"there is no {kind} {name!r}" + (f"; did you mean {near}?" if near else "; `reelhouse tables` lists them")


def _complete_table(incomplete: str) -> list[str]:
    return [table.name for table in TABLES if table.name.startswith(incomplete)]


def complete_job(incomplete: str) -> list[str]:
    """What a name of a job that was begun may be."""
    return [name for name in job_inputs() if name.startswith(incomplete)]


TableArgument = Annotated[
    Table,
    typer.Argument(parser=known_table, metavar="TABLE", help="e.g. silver.titles.", autocompletion=_complete_table),
]
JobArgument = Annotated[
    str,
    typer.Argument(
        parser=known_job,
        metavar="TABLE",
        help="A table, a source (bronze.imdb) or the model (model.champion).",
        autocompletion=complete_job,
    ),
]
RECOMMENDERS = ", ".join(
    sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parents[1] / "recommenders")]))
)
"""Every recommender there is, for help: looked up without importing the package, and Spark's client with it."""
PublicSet = Annotated[
    Path | None,
    typer.Option("--data", metavar="PATH", help="A public set: folder, zip or file; the lake unless given."),
]
Night = Annotated[
    date | None,
    typer.Option(
        "--night", parser=iso_date, metavar="DATE", help="ISO date; the newest day that was delivered unless given."
    ),
]
