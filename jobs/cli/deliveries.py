"""``reelhouse world``, ``fetch`` and ``import``: how files get into ``landing/``."""

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from jobs.cli import display
from jobs.cli.arguments import examples, iso_date, settings, today

if TYPE_CHECKING:
    from jobs.sample_world import WorldParameters
    from jobs.settings import Settings

WORLD_EXAMPLES = examples(
    "reelhouse world", "reelhouse world --viewers 500 --titles 800 --days 14", "reelhouse world --days 7   (seven more)"
)
FETCH_EXAMPLES = examples(
    "reelhouse fetch imdb", "reelhouse fetch tmdb --night 2026-11-20", "reelhouse fetch movielens --set ml-32m"
)
IMPORT_EXAMPLES = examples(
    "reelhouse import movielens ml-latest-small.zip", "reelhouse import movietweetings MovieTweetings/latest"
)

_A_DAY = timedelta(days=1)


def world(
    viewers: Annotated[int | None, typer.Option(help="Viewers.", show_default="3000")] = None,
    titles: Annotated[int | None, typer.Option(help="Titles before the first day.", show_default="3000")] = None,
    events_per_day: Annotated[int | None, typer.Option(help="Mean events per day.", show_default="5200")] = None,
    days: Annotated[
        int | None, typer.Option(min=1, help="Days to write.", show_default="60 at first, then 1 more")
    ] = None,
    first_day: Annotated[
        date | None,
        typer.Option(
            parser=iso_date,
            metavar="DATE",
            help="Day of the first event log.",
            show_default="such that the world ends a week ago",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every random stream.", show_default="7")] = None,
    tastes: Annotated[
        bool | None,
        typer.Option("--tastes/--no-tastes", help="Whether viewers have tastes.", show_default="tastes"),
    ] = None,
) -> None:
    """Write a sample world into landing/, or the next days of the one that is there."""
    from pydantic import ValidationError

    from jobs.sample_world import WorldParameters, last_day, load_parameters

    home = settings()
    landing = home.landing
    given = {
        name: value
        for name, value in {
            "viewers": viewers,
            "titles": titles,
            "events_per_day": events_per_day,
            "first_day": first_day,
            "days": days,
            "seed": seed,
            "tastes": tastes,
        }.items()
        if value is not None
    }
    known, written = load_parameters(landing), last_day(landing)
    if known:
        given.pop("days", None)
    try:
        parameters = (
            WorldParameters.model_validate(known.model_dump() | given, strict=True)
            if known
            else WorldParameters.made_on(today(home), **given)
        )
    except ValidationError as error:
        raise typer.BadParameter("; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors())) from error
    until = written + (days or 1) * _A_DAY if known and written else parameters.last_day
    _write(landing, parameters, until)
    now = today(home)
    if until > now:
        display.say(f"days after today, {now}, have no night yet; REELHOUSE_TODAY={until} makes it their day")
    display.next_step(f"reelhouse night --night {min(until, now)}")


def write_sample(home: "Settings", now: date) -> None:
    """Write the sample world where ``landing/`` is empty, its next day where the last one's night is done.

    A folder with other deliveries stays as it is, and a world that has come to ``now`` is not continued.
    """
    from jobs.landing.deliveries import delivered_days
    from jobs.runs.calendar import is_done
    from jobs.sample_world import WorldParameters, last_day, load_parameters

    known, written = load_parameters(home.landing), last_day(home.landing)
    if known is None or written is None:
        if not delivered_days(home.landing):
            parameters = known or WorldParameters.made_on(now)
            _write(home.landing, parameters, parameters.last_day)
    elif written < now and is_done(home, written):
        _write(home.landing, known, written + _A_DAY)


def _write(landing: Path, parameters: "WorldParameters", until: date) -> None:
    """Write the days of a sample world that are missing: a bar on a terminal, and one line in the end."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from jobs.sample_world import write_world

    console = display.console()
    bar = Progress(
        TextColumn("writing the sample world"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("")
        days = write_world(
            landing, parameters, until, lambda done, total: bar.update(task, completed=done, total=total)
        )
    if days:
        span = f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]}"
        display.say(f"sample world: {span}, {len(days)} day{'' if len(days) == 1 else 's'} in {landing}")


def fetch(
    source: Annotated[Literal["imdb", "tmdb", "movielens"], typer.Argument(help="What to fetch.")],
    night: Annotated[
        date | None,
        typer.Option(parser=iso_date, metavar="DATE", help="Day to deliver to; yesterday (UTC) unless given."),
    ] = None,
    rating_set: Annotated[str, typer.Option("--set", help="Which MovieLens set.")] = "ml-latest-small",
) -> None:
    """Fetch the public dumps into landing/, or a MovieLens set to import; a fetch that stopped goes on."""
    from rich.progress import Progress

    from jobs.landing.fetch.archives import fetch_imdb, fetch_movielens
    from jobs.landing.fetch.tmdb import fetch_tmdb

    home = settings()
    # A night is a day that is over: 2026-11-22 runs on the 23rd.
    day = night or today(home) - _A_DAY
    with Progress(console=display.error_console(), transient=True) as progress:
        if source == "movielens":
            archive = fetch_movielens(
                home.downloads, rating_set, base_url=home.movielens_url, progress=progress, say=display.say
            )
            files, step = [archive], f"reelhouse import movielens {archive}"
        elif source == "imdb":
            files = fetch_imdb(home.landing, day, base_url=home.imdb_url, progress=progress, say=display.say)
            step = f"reelhouse night --night {day}"
        else:
            files = fetch_tmdb(
                home.landing,
                day,
                key=home.tmdb_api_key,
                details_count=home.tmdb_details_count,
                base_url=home.tmdb_api_url,
                files_url=home.tmdb_files_url,
                progress=progress,
                say=display.say,
            )
            step = f"reelhouse night --night {day}"
    for file in files:
        display.say(f"{file}  {file.stat().st_size / 2**20:,.1f} MiB")
    display.next_step(step)


def import_set(
    rating_set: Annotated[
        Literal["movielens", "movietweetings"], typer.Argument(metavar="SET", help="movielens or movietweetings.")
    ],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The set's folder, its zip, or its file of ratings.")],
    night: Annotated[
        date | None,
        typer.Option(
            parser=iso_date, metavar="DATE", help="Day to deliver to; the day of the last rating unless given."
        ),
    ] = None,
) -> None:
    """Turn a public rating set into one delivery: its ratings as an event log, and its catalogue.

    MovieLens in every layout: u.data and u.item (100k), ratings.dat and movies.dat (1m, 10m), ratings.csv (20m and later),
    or ratings.parquet with user, movie, rating and timestamp.
    """
    from jobs.landing.imports.public_sets import import_set as read_and_land

    home = settings()
    report = read_and_land(rating_set, path, home.landing, night)
    display.say(
        f"delivered for {report.day}: {report.events:,} events of {report.viewers:,} viewers, {report.titles:,} titles; "
        f"{report.joined_share:.1%} of the events find their title in the set's catalogue"
    )
    display.next_step(f"reelhouse night --night {report.day}")
