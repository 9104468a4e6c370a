"""``reelhouse evaluate``: any model under any protocol, on the lake or on a public set."""

import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli import display
from jobs.cli.arguments import RECOMMENDERS, PublicSet, examples, settings
from jobs.errors import JobError

if TYPE_CHECKING:
    from jobs.evaluation.evaluating import Evaluation, Plan, Tune
    from jobs.evaluation.interactions import Interactions
    from jobs.evaluation.intervals import Interval
    from jobs.evaluation.protocols.rules import Rules
    from jobs.settings import Settings
    from jobs.tracking.evaluations import Open

EXAMPLES = examples(
    "reelhouse evaluate popularity",
    "reelhouse evaluate ease --protocol msr-stratified --data ml-100k.zip --param reg_param=400 --seeds 5",
    "reelhouse evaluate two_stage --protocol replay-time --data ml-1m --tune 30 --json",
)


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=f"One of {RECOMMENDERS}.")],
    protocol: Annotated[
        str,
        typer.Option(
            metavar="PROTOCOL",
            help="temporal, msr-stratified, replay-time, liang-strong, ncf-100neg or kfold-rating.",
        ),
    ] = "temporal",
    data: PublicSet = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="A parameter; may be given again.")
    ] = None,
    tune: Annotated[
        int, typer.Option(min=0, help="Search parameters in so many trials on the training data of each seed.")
    ] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="Splits, or fits where a protocol divides in one way only.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The first seed.")] = 1,
    is_json: Annotated[bool, typer.Option("--json", help="One last line of JSON.")] = False,
    is_logged: Annotated[
        bool, typer.Option("--log/--no-log", help="Keep what was found as a run of MLflow, for `reelhouse results`.")
    ] = True,
) -> None:
    """Judge a model as a protocol says, beside what others published of it.

    Figures are means over seeds of the means over viewers. Their 95 % intervals come from a bootstrap that draws seeds, then
    viewers within each; of one seed they are over viewers alone. Coverage and Gini index are of all viewers together:
    theirs are means of each seed's.
    """
    from jobs.evaluation import published
    from jobs.evaluation.evaluating import Plan
    from jobs.evaluation.protocols.found import find
    from jobs.evaluation.results import card
    from jobs.recommenders import parameters_of, values_of

    home, given = settings(), given_parameters(param or [])
    rules = find(protocol).RULES
    defaults = values_of(parameters_of(model, given))
    protocol = protocol.replace("_", "-")
    with display.error_console().status("reading"):
        held = read(home, data)
    plan = Plan(model, protocol, given, seeds, seed, _tuner(model, given, tune, rules, held) if tune else None)
    with _run(home, plan, held, defaults, tune) if is_logged else nullcontext() as run:
        found = _judged(plan, held)
        _show(found, published.rows(protocol, found.data))
        if run is not None:
            said = {"k": rules.k, "seeds": found.seeds, "viewers": found.viewers}
            run.log(found.figures, found.parameters, said, card(found))
    if is_logged and not is_json:
        display.next_step("reelhouse results")
    if is_json:
        display.say(json.dumps(_as_json(found), ensure_ascii=False))


def _run(
    home: "Settings", plan: "Plan", data: "Interactions", parameters: dict[str, Any], trials: int
) -> "AbstractContextManager[Open]":
    """The evaluation's run in MLflow, open while it works."""
    from jobs.tracking import evaluations

    asked = evaluations.Asked(plan.model, plan.protocol, data.name, data.digest, parameters, trials)
    return evaluations.evaluating(home, asked)


def _judged(plan: "Plan", held: "Interactions") -> "Evaluation":
    """What was found; each step is told as it begins."""
    from jobs.evaluation.evaluating import evaluate as judge

    console = display.error_console()
    with console.status("dividing") as status:

        def say(step: str) -> None:
            status.update(step)
            if not console.is_terminal:
                display.warn(step)

        return judge(plan, held, say)


def read(home: "Settings", data: Path | None) -> "Interactions":
    """The set, or the lake; a Spark session is started only by what learns on it."""
    from jobs.evaluation import interactions
    from jobs.lakehouse.spark import session

    if data is None:
        return interactions.of_lake(home, lambda: session(home), home.cores)
    return interactions.of_set(data, home, lambda: session(home), home.cores)


def given_parameters(given: list[str]) -> dict[str, str]:
    """Parameters by name.

    Raises:
        JobError: One of them has no value.
    """
    pairs = [one.partition("=") for one in given]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise JobError(f"nothing was done: --param {name} has no value; write --param name=value")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _tuner(model: str, given: dict[str, str], trials: int, rules: "Rules", data: "Interactions") -> "Tune":
    """A search on a training set, for what the protocol judges by."""
    from jobs.evaluation.measures import measure_of
    from jobs.evaluation.tuning import search

    measure = measure_of(rules, data)

    def tune(training: Any, seed: int) -> Any:
        return search(model, training, trials, seed, given, measure=measure).parameters

    return tune


def _show(found: "Evaluation", published: Any) -> None:
    """Tables of the figures, of segments, and of what was published."""
    from jobs.evaluation.evaluating import TOLD_OF_SEGMENTS
    from jobs.evaluation.segments import LEAST_SHOWN

    plan, runs = found.plan, found.seeds
    display.say(
        f"{plan.model} under {plan.protocol} on {found.data}: {runs} seed{'' if runs == 1 else 's'}, "
        f"{found.viewers:,.0f} viewers"
    )
    figures = display.grid("metric", "mean", "low", "high", right=("mean", "low", "high"))
    for name, interval in found.metrics.items():
        figures.add_row(name, *(f"{value:.4f}" for value in (interval.mean, interval.low, interval.high)))
    console = display.console()
    console.print(figures)
    rows = [
        (kind, f"{viewers:,}", name, str(interval))
        for kind, (viewers, metrics) in found.segments.items()
        for name, interval in metrics.items()
        if name.partition("_at_")[0] in TOLD_OF_SEGMENTS
    ]
    if rows:
        segments = display.grid("segment", "viewers", "metric", "mean and interval", right=("viewers",))
        for row in rows:
            segments.add_row(*row)
        console.print(segments)
    if found.too_few:
        display.say(f"{'; '.join(found.too_few)}: of fewer than {LEAST_SHOWN} nothing is told")
    if published:
        names = list(dict.fromkeys(name for row in published for name in row.metrics))
        beside = display.grid("published under this protocol", *names, right=names)
        here = {name: found.metrics[name].mean for name in names if name in found.metrics}
        beside.add_row(f"{plan.model}, here", *(_figure(here.get(name)) for name in names), style="bold")
        for row in published:
            beside.add_row(row.model, *(_figure(row.metrics.get(name)) for name in names))
        console.print(beside)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _as_json(found: "Evaluation") -> dict[str, Any]:
    """What was found, for programs."""
    plan = found.plan

    def figures(metrics: "dict[str, Interval]") -> dict[str, dict[str, float]]:
        return {n: {"mean": i.mean, "low": i.low, "high": i.high} for n, i in metrics.items() if i.mean == i.mean}

    return {
        "model": plan.model,
        "protocol": plan.protocol,
        "seeds": plan.seeds,
        "metrics": figures(found.metrics),
        "segments": {
            kind: {"viewers": viewers, "metrics": figures(metrics)}
            for kind, (viewers, metrics) in found.segments.items()
        },
        "data": found.data,
        "viewers": found.viewers,
        "parameters": list(found.parameters),
    }
