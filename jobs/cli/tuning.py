"""``reelhouse tune``: search a model's parameters, and put what was found before the gate."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import display
from jobs.cli.arguments import RECOMMENDERS, PublicSet, examples, settings
from jobs.cli.evaluations import given_parameters, read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jobs.evaluation.interactions import Interactions
    from jobs.evaluation.measures import Measure
    from jobs.evaluation.tuning import Found, Trial
    from jobs.scoring.training_set import TrainingSet
    from jobs.settings import Settings
    from jobs.tracking import tunings

EXAMPLES = examples(
    "reelhouse tune",
    "reelhouse tune ease --minutes 20",
    "reelhouse tune ease --minutes 20 --resume",
    "reelhouse tune ease --protocol replay-time --data ml-1m.zip --trials 50",
)
_TRIALS = 30
_SEED = 7
_SECONDS_PER_MINUTE = 60.0
_UNTIL_TIME_IS_UP = 100_000
_LAKES_OWN = "temporal"
"""The protocol by which the nights judge: what was found under another is no proposal."""


Model = Annotated[
    str | None,
    typer.Argument(metavar="MODEL", help=f"One of {RECOMMENDERS}; what the nights train unless given."),
]
Trials = Annotated[
    int | None,
    typer.Option(min=1, help="End with so many trials.", show_default=f"{_TRIALS} unless --minutes is given"),
]
Minutes = Annotated[float | None, typer.Option(min=0, help="Begin no trial after so many minutes.")]
Protocol = Annotated[str, typer.Option(metavar="PROTOCOL", help="What divides the data, as in `reelhouse evaluate`.")]
Given = Annotated[
    list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="A parameter that stays as it is.")
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the search, and of the split where it is random.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the same search on the same data, if there is one.")]


def tune(
    model: Model = None,
    trials: Trials = None,
    minutes: Minutes = None,
    protocol: Protocol = _LAKES_OWN,
    data: PublicSet = None,
    param: Given = None,
    seed: Seed = _SEED,
    resume: Resume = False,
) -> None:
    """Search a model's parameters on the later part of its own training data.

    What it is finally judged on plays no part. The defaults are tried first. In MLflow a search is a run of the
    experiment `tuning` with a nested run per trial. What is found on the lake is a proposal: the next night tries it as a
    challenger, and its gate decides.
    """
    from jobs.recommenders import parameters_of
    from jobs.tracking import tunings

    home, given = settings(), given_parameters(param or [])
    name = model or _nightly(home)
    defaults = parameters_of(name, given)
    held, training, measure = _read(home, name, given, protocol, data, seed)
    inputs = _versions(home) if data is None else {}
    wanted = tunings.Search(name, given, protocol, "" if data is None else held.name, inputs, seed)
    most = trials or (_TRIALS if minutes is None else _UNTIL_TIME_IS_UP)
    with tunings.searching(home, wanted, resumes=resume) as run:
        found = _search(home, wanted, run, training, measure, most, minutes, resumes=resume)
        _log(run, found, measure, seed)
        is_news = found.parameters != defaults
        is_proposed = is_news and data is None and protocol == _LAKES_OWN
        if is_proposed:
            run.propose()
    _show(name, held, found, defaults, measure)
    if is_proposed:
        display.say("proposed: the next night tries these parameters as a challenger, and its gate decides")
    elif is_news:
        display.next_step(_evaluation(name, protocol, data, found))
    else:
        display.say("the defaults are the best that was found: nothing is proposed")
        display.next_step(_longer(wanted, data, len(found.trials) + _TRIALS))


def _read(
    home: "Settings", name: str, given: dict[str, str], protocol: str, data: Path | None, seed: int
) -> "tuple[Interactions, TrainingSet, Measure]":
    """The data, what of it may be learned from, and what is made best.

    Raises:
        JobError: The model cannot be searched, or not under this protocol; or the data cannot be read or divided.
    """
    from jobs.evaluation.measures import measure_of
    from jobs.evaluation.protocols.found import find
    from jobs.evaluation.rating_judging import require_predictions
    from jobs.evaluation.tuning import space_of

    divides = find(protocol)
    space_of(name, given)
    require_predictions(name, divides.RULES)
    with display.error_console().status("reading"):
        held = read(home, data)
        return held, divides.split(held, seed).training, measure_of(divides.RULES, held)


def _search(
    home: "Settings",
    wanted: "tunings.Search",
    run: "tunings.Open",
    training: "TrainingSet",
    measure: "Measure",
    most: int,
    minutes: float | None,
    *,
    resumes: bool,
) -> "Found":
    """Search, and show and log each trial as it ends."""
    from jobs.evaluation.tuning import search

    seconds = None if minutes is None else minutes * _SECONDS_PER_MINUTE
    with _progress(most, seconds, measure) as show:

        def ended(trial: "Trial") -> None:
            show(trial)
            whole = {} if trial.state != "complete" or trial.value is None else {0: trial.value}
            metrics = {measure.name: whole, f"{measure.name}_by_rung": trial.rungs}
            run.log_trial(trial.number, trial.state, trial.parameters, metrics, trial.seconds, trial.line)

        return search(
            wanted.recommender,
            training,
            most,
            wanted.seed,
            wanted.given,
            seconds=seconds,
            storage=wanted.file(home),
            resumes=resumes,
            on_trial=ended,
            measure=measure,
        )


def _nightly(home: "Settings") -> str:
    """What the nights train: as the settings name it, the champion's, or the project's own choice.

    Popularity that serves for want of anything better is what the project's own choice is to beat.
    """
    from jobs.recommenders import DEFAULT
    from jobs.tracking import registry

    serving = registry.champion(home)
    return home.recommender or (serving.recommender if serving and serving.recommender != "popularity" else DEFAULT)


def _versions(home: "Settings") -> dict[str, int | None]:
    """Delta versions of what is read of the lake."""
    from jobs.lakehouse import ledger
    from jobs.tables import silver

    tables = (silver.INTERACTIONS, silver.TITLES, silver.TITLE_PROFILES)
    return {table.name: ledger.version(home.lake, table) for table in tables}


@contextmanager
def _progress(most: int, seconds: float | None, measure: "Measure") -> "Iterator[Callable[[Trial], None]]":
    """A bar on a terminal, otherwise a line per trial."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console, began, best = display.error_console(), time.monotonic(), list[float]()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("trial 1: the defaults", total=1.0)

        def show(trial: "Trial") -> None:
            if trial.state == "complete" and trial.value is not None:
                best[:] = [trial.value if not best else max(best[0], trial.value, key=lambda one: measure.sign * one)]
            spent = 0.0 if not seconds else (time.monotonic() - began) / seconds
            said = f", best {measure.name} {best[0]:.4f}" if best else ""
            bar.update(task, completed=max(spent, trial.number / most), description=f"trial {trial.number}{said}")
            if not console.is_terminal:
                value = "" if trial.value is None else f" {trial.value:.4f}"
                display.warn(f"trial {trial.number}: {trial.state}{value}{said} {trial.line}".rstrip())

        yield show


def _log(run: "tunings.Open", found: "Found", measure: "Measure", seed: int) -> None:
    """Log what was found, with its pictures."""
    from jobs.evaluation.search_plots import draw_search
    from jobs.recommenders import values_of

    first = found.trials[0]
    metrics = {measure.name: found.value, "trials": float(len(found.trials))}
    if first.state == "complete" and first.value is not None:
        metrics[f"{measure.name}_of_defaults"] = first.value
    with tempfile.TemporaryDirectory() as folder:
        draw_search(found.finished, measure, seed, Path(folder))
        run.log_found(values_of(found.parameters), metrics, Path(folder))


def _show(name: str, held: "Interactions", found: "Found", defaults: object, measure: "Measure") -> None:
    """What was found, beside the defaults."""
    from jobs.recommenders import values_of

    usual = values_of(defaults)
    states = [trial.state for trial in found.trials]
    counts = ", ".join(
        f"{states.count(state)} {state}" for state in ("complete", "pruned", "failed") if state in states
    )
    first = found.trials[0]
    before = "" if first.value is None else f"{first.value:.4f} with the defaults, "
    display.say(f"{name} on {held.name}: {len(states)} trials, {counts}")
    display.say(f"{measure.name} on the later part of the training data: {before}{found.value:.4f} with the best")
    table = display.grid("parameter", "default", "best")
    for parameter, value in values_of(found.parameters).items():
        default = usual[parameter]
        table.add_row(
            display.plain(parameter),
            display.plain(display.words(default)),
            display.plain(display.words(value), "" if value == default else "bold"),
        )
    display.console().print(table)


def _evaluation(name: str, protocol: str, data: Path | None, found: "Found") -> str:
    """The command that judges what was found on what the search did not see."""
    from jobs.recommenders import values_of

    # None is what a parameter is if it is not given.
    given = {key: value for key, value in values_of(found.parameters).items() if value is not None}
    return " ".join(["reelhouse evaluate", name, "--protocol", protocol, *_where(data), *_given(given)])


def _longer(wanted: "tunings.Search", data: Path | None, trials: int) -> str:
    """The command that goes on with the same search until it has so many trials."""
    protocol = [] if wanted.protocol == _LAKES_OWN else ["--protocol", wanted.protocol]
    seed = [] if wanted.seed == _SEED else ["--seed", str(wanted.seed)]
    options = [*protocol, *_where(data), *_given(wanted.given), *seed, "--resume", "--trials", str(trials)]
    return " ".join(["reelhouse tune", wanted.recommender, *options])


def _where(data: Path | None) -> list[str]:
    return [] if data is None else ["--data", display.quoted(str(data))]


def _given(parameters: "Mapping[str, object]") -> list[str]:
    return [f"--param {display.quoted(f'{key}={value}')}" for key, value in parameters.items()]
