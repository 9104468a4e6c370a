"""Arguments that commands share: nights, tables, settings, examples."""

import re
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.errors import JobError, nearest
from jobs.tables import TABLES, Table, job_inputs

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
    """The settings of this run, read once by each command."""
    from jobs.settings import Settings

    return Settings()


def newest_delivery(home: "Settings") -> date:
    """The newest day for which any source delivered.

    Raises:
        JobError: Nothing was delivered yet.
    """
    from jobs.landing import gate

    days = gate.delivered_days(home.landing)
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


def _complete_job(incomplete: str) -> list[str]:
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
        autocompletion=_complete_job,
    ),
]
Night = Annotated[
    date | None,
    typer.Option(
        "--night", parser=iso_date, metavar="DATE", help="ISO date; the newest day that was delivered unless given."
    ),
]
