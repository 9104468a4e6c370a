"""Pictures of a night's models: how good beside how broad, for whom, and by which films."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from jobs.evaluation.segments import SEGMENTS

_DOTS_PER_INCH = 110
_GREEN, _RED = "#1a7f4b", "#c0362c"
_LONGEST_TITLE = 40


def draw_all(
    metrics: Mapping[str, Mapping[str, float]], gains: Sequence[tuple[str, int]], compared: str, folder: Path
) -> list[Path]:
    """Draw the pictures of a night.

    Args:
        metrics: A model's name, as people read it → its figures, as :meth:`jobs.evaluation.contest.Contest.metrics` gives.
        gains: Films and by how many more viewers they were found, from the largest gain to the largest loss.
        compared: Whose gains and losses they are.
        folder: Where the pictures go.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = {
        "accuracy_against_coverage": _accuracy_against_coverage(metrics),
        "accuracy_by_segment": _by_segment(metrics),
    }
    if gains:
        figures["gains_and_losses"] = _gains(gains, compared)
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png")
    return [folder / f"{name}.png" for name in figures]


def _accuracy_against_coverage(metrics: Mapping[str, Mapping[str, float]]) -> Figure:
    """Up and to the right is better."""
    figure = Figure(figsize=(7.5, 4.5), dpi=_DOTS_PER_INCH, layout="constrained")
    axes = figure.add_subplot()
    for at, (name, one) in enumerate(metrics.items()):
        x, y = one["coverage_at_10"], one["ndcg_at_10"]
        error = [[y - one["ndcg_at_10_low"]], [one["ndcg_at_10_high"] - y]]
        axes.errorbar(x, y, yerr=error, fmt="o", capsize=3, color=f"C{at}", label=name)
    axes.set(xlabel="catalogue coverage@10", ylabel="nDCG@10, 95 % interval", title="How good, and how broad")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    return figure


def _by_segment(metrics: Mapping[str, Mapping[str, float]]) -> Figure:
    figure = Figure(figsize=(7.5, 4.5), dpi=_DOTS_PER_INCH, layout="constrained")
    axes = figure.add_subplot()
    width = 0.8 / len(metrics)
    for at, (name, one) in enumerate(metrics.items()):
        there = [n for n, segment in enumerate(SEGMENTS) if f"ndcg_at_10_{segment}" in one]
        keys = [f"ndcg_at_10_{list(SEGMENTS)[n]}" for n in there]
        means = [one[key] for key in keys]
        error = [[one[key] - one[f"{key}_low"] for key in keys], [one[f"{key}_high"] - one[key] for key in keys]]
        axes.bar([n + at * width for n in there], means, width, yerr=error, capsize=2, color=f"C{at}", label=name)
    middle = 0.4 - width / 2
    is_shown = {name: any(f"ndcg_at_10_{name}" in one for one in metrics.values()) for name in SEGMENTS}
    named = [_range(name) + ("" if there else "\ntoo few viewers") for name, there in is_shown.items()]
    axes.set_xticks([n + middle for n in range(len(SEGMENTS))], named)
    # Without any bar of the first or the last segment the axis would end before its name.
    axes.set_xlim(middle - 0.5, len(SEGMENTS) - 1 + middle + 0.5)
    axes.set(ylabel="nDCG@10, 95 % interval", title="For whom: viewers by titles that they were known to like")
    axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    return figure


def _gains(gains: Sequence[tuple[str, int]], compared: str) -> Figure:
    figure = Figure(figsize=(7.5, 0.6 + 0.3 * len(gains)), dpi=_DOTS_PER_INCH, layout="constrained")
    axes = figure.add_subplot()
    names = [title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1]}…" for title, _ in gains]
    counts = [count for _, count in gains]
    # A dollar would begin a formula.
    axes.set_yticks(range(len(gains)), [name.replace("$", r"\$") for name in names])
    axes.barh(range(len(gains)), counts, color=[_GREEN if count > 0 else _RED for count in counts])
    axes.invert_yaxis()
    axes.set(xlabel="viewers that it was found for, more or fewer", title=compared)
    axes.grid(axis="x", alpha=0.3)
    return figure


def _range(segment: str) -> str:
    low, high = SEGMENTS[segment]
    if not low:
        return f"{segment}\n(fewer than {high})"
    return f"{segment}\n({low} to {high - 1})" if high else f"{segment}\n({low} and more)"
