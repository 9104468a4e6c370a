"""What a night did: what it published, where the time went, how the model did, and one viewer's list."""

from collections.abc import Mapping, Sequence

from rich.text import Text

from jobs.answers.viewers import READS, viewer_list
from jobs.cli import display
from jobs.cli.progress import Step
from jobs.cli.viewers import show_list
from jobs.lakehouse.views import Views
from jobs.runs.ended import Ended
from jobs.settings import Settings

_BAR = 30
"""Characters of the longest bar."""
_LIST_SHOWN = 10
_METRICS = {
    "ndcg_at_10": "nDCG@10",
    "precision_at_10": "precision@10",
    "recall_at_10": "recall@10",
    "map_at_10": "MAP@10",
    "coverage_at_10": "catalogue coverage@10",
}


def show_served(home: Settings) -> None:
    """Write how good the champion is, one viewer's list, and the next command worth trying."""
    from jobs.tracking import registry

    if champion := registry.champion(home):
        best = champion.popularity
        display.say("")
        display.say(
            f"{champion.name} version {champion.version}, trained for {champion.night}, on held-out views", "bold"
        )
        show_metrics(champion.metrics, best)
    display.say("")
    example = viewer_list(Views(home.lake, READS), None, _LIST_SHOWN)
    show_list(example)
    display.next_step(f"reelhouse show {display.quoted(example.user_id)}")


def show_failures(ended: Sequence[Ended]) -> None:
    """Write why each job was not done, a line each, to the error stream."""
    for one in ended:
        if one.error:
            display.fail(f"{one.job}: {one.error}")


def show_metrics(metrics: Mapping[str, float], popularity: str) -> None:
    """Write the model's metrics beside those of the best popularity baseline."""
    heading = f"popularity ({popularity})" if popularity else "popularity"
    grid = display.grid("metric", "model", heading, "ratio", right=("model", heading, "ratio"))
    for name, label in _METRICS.items():
        if name in metrics:
            model, baseline = metrics[name], metrics.get(f"popularity_{name}")
            ratio = f"{model / baseline:.2f}" if baseline else ""
            grid.add_row(label, f"{model:.4f}", "" if baseline is None else f"{baseline:.4f}", ratio)
    display.console().print(grid)


def show_published(steps: Sequence[Step]) -> None:
    """Every table that was published, or the line that says why none was."""
    display.say("published", "bold")
    grid = display.grid(
        "table", "version", "rows", "set aside", "seconds", right=("version", "rows", "set aside", "seconds")
    )
    outcomes = [outcome for step in steps for outcome in step.outcomes]
    for outcome in outcomes:
        if outcome.state == "published":
            version, rows, aside = map(display.count, (outcome.version, outcome.rows, outcome.set_aside or None))
            grid.add_row(outcome.name, version, rows, aside, f"{outcome.seconds:.1f}")
    display.console().print(grid)
    others = {
        state: [o.name for o in outcomes if o.state == state] for state in ("kept", "unchanged", "stale", "superseded")
    }
    for state, names in others.items():
        if names:
            display.say(f"{state}: {', '.join(names)}", "dim")


def show_time(steps: Sequence[Step], elapsed_seconds: float) -> None:
    """A bar for every job; as jobs overlap, their shares are of the sum of their seconds."""
    total = sum(step.seconds for step in steps)
    longest = max(step.seconds for step in steps)
    display.say("")
    display.say(f"time: {elapsed_seconds:.0f} s for {total:.0f} s of jobs, two at once", "bold")
    grid = display.grid("job", "seconds", "share", "", right=("seconds", "share"))
    for step in steps:
        if step.seconds:
            share = step.seconds / total if total else 0.0
            bar = Text("█" * round(_BAR * step.seconds / longest), "cyan") if longest else Text()
            grid.add_row(step.name, f"{step.seconds:.1f}", f"{share:.0%}", bar)
    display.console().print(grid)
