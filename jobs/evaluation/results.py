"""Results of evaluations as tables of Markdown: one per protocol and data, a row per model, in a page that people write.

Models stand in one table only if they were judged on the same data, to the digest.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from jobs import recommenders
from jobs.errors import JobError
from jobs.evaluation import published
from jobs.evaluation.evaluating import Evaluation
from jobs.tracking.evaluations import Result

BEGIN, END = "<!-- results -->", "<!-- end of results -->"
"""Lines of a page between which results are written."""
_MEANING = re.compile(r"([\\`*{}\[\]#|~!]|(?<![^\W_])_|_(?![^\W_]))")
"""Characters that mean something to Markdown: of underscores those at the edge of a word."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
_COLUMNS = ("precision", "recall", "coverage", "novelty", "mae")
_HEADINGS = {"ndcg": "nDCG", "rmse": "RMSE", "mae": "MAE", "novelty": "novelty, bits"}


@dataclass(frozen=True)
class Section:
    """Models that were judged alike, best first."""

    protocol: str
    data: str
    k: int
    results: tuple[Result, ...]

    @property
    def is_of_ratings(self) -> bool:
        """Whether errors are compared, of which less is better."""
        return any("rmse" in one.metrics for one in self.results)

    @property
    def main(self) -> str:
        """What models are ordered by."""
        return "rmse" if self.is_of_ratings else self.metric("ndcg")

    def metric(self, name: str) -> str:
        """A metric's name with its length of lists."""
        return name if name in ("rmse", "mae") else f"{name}_at_{self.k}"

    @property
    def columns(self) -> dict[str, str]:
        """Heading → metric, of those that any of the models has."""
        known = {name for one in self.results for name in one.metrics}
        return {_HEADINGS.get(name, name): self.metric(name) for name in _COLUMNS if self.metric(name) in known}


def sections(found: Sequence[Result]) -> list[Section]:
    """Results by data and protocol, in order of their names; of data that changed since only the newest.

    Args:
        found: As :func:`jobs.tracking.evaluations.results` gives them, newest first.
    """
    digests: dict[str, str] = {}
    for one in found:
        digests.setdefault(one.data, one.digest)
    current = [one for one in found if one.digest == digests[one.data]]
    ordered = sorted(current, key=lambda one: (one.data, one.protocol))
    grouped = groupby(ordered, key=lambda one: (one.data, one.protocol))
    return [_section(protocol, data, tuple(ones)) for (data, protocol), ones in grouped]


def _section(protocol: str, data: str, ones: tuple[Result, ...]) -> Section:
    section = Section(protocol, data, ones[0].k, ones)
    sign = 1 if section.is_of_ratings else -1
    best_first = sorted(ones, key=lambda one: (sign * one.metrics.get(section.main, sign * 1e9), one.recommender))
    return replace(section, results=tuple(best_first))


def parameters(result: Result) -> str:
    """Parameters that are not the recommender's own defaults, short; those of the first seed where they were searched."""
    known = result.recommender in recommenders.names()
    defaults = recommenders.values_of(recommenders.parameters_of(result.recommender, {})) if known else {}
    used = result.parameters[0] if result.parameters else {}
    # A seed is chance, not a choice.
    said = {name: value for name, value in used.items() if value != defaults.get(name, value) and name != "seed"}
    said |= {name: value for name, value in used.items() if name not in defaults}
    words = ", ".join(f"{name}={_short(value)}" for name, value in sorted(said.items()))
    tuned = f"tuned in {result.trials} trials" if result.trials else ""
    return ": ".join(part for part in (tuned, words) if part) or "defaults"


def markdown(found: Sequence[Section]) -> str:
    """All tables, as the part of a page that a program writes."""
    return "\n\n".join("\n".join(_lines(section)) for section in found)


def card(found: Evaluation) -> str:
    """What a run's page in MLflow says of an evaluation."""
    plan, figures = found.plan, found.metrics
    main, first = next(iter(figures.items()))
    runs = f"{found.viewers:,.0f} viewers, {found.seeds} seed{'' if found.seeds == 1 else 's'}"
    # MLflow's page shows the first lines only, until it is asked for more.
    lines = [
        f"**{main}** {first.mean:.4f} (95 %: {first.low:.4f} to {first.high:.4f}) by {plan.protocol} on {escaped(found.data)}, "
        f"{runs}",
        "",
        escaped(_summary(plan.model)),
        "",
    ]
    lines += ["| metric | mean | 95 % interval |", "|---|--:|---|"]
    lines += [f"| {name} | {one.mean:.4f} | {one.low:.4f} to {one.high:.4f} |" for name, one in figures.items()]
    lines += ["", "| segment | viewers | metric | mean | 95 % interval |", "|---|--:|---|--:|---|"]
    for kind, (viewers, metrics) in found.segments.items():
        shown = {name: one for name, one in metrics.items() if name.startswith(("ndcg", "recall", "rmse"))}
        lines += [
            f"| {kind} | {viewers:,} | {name} | {one.mean:.4f} | {one.low:.4f} to {one.high:.4f} |"
            for name, one in shown.items()
        ]
    lines += ["", "; ".join(found.too_few)] if found.too_few else []
    return "\n".join(lines)


def _summary(recommender: str) -> str:
    """The first line of what a recommender's module says of itself."""
    return (getattr(recommenders.find(recommender), "__doc__", None) or "").partition("\n")[0]


def put(page: str, text: str) -> str:
    """A page with another text between its two marks.

    Raises:
        JobError: It has not both marks, once each and in their order.
    """
    parts = re.split(rf"^(?:{re.escape(BEGIN)}|{re.escape(END)})$", page, flags=re.MULTILINE)
    marks = [line for line in page.splitlines() if line in (BEGIN, END)]
    if marks != [BEGIN, END]:
        raise JobError(
            f"nothing was written: the page needs these two lines around the results, once each: {BEGIN} {END}"
        )
    return f"{parts[0]}{BEGIN}\n\n{text}\n\n{END}{parts[2]}"


def _lines(section: Section) -> Iterator[str]:
    first, columns = section.results[0], section.columns
    at = "" if section.is_of_ratings else f"@{section.k}"
    main = _HEADINGS[section.main.partition("_")[0]] + at
    yield f"### {escaped(section.data)}, {escaped(section.protocol)}"
    yield ""
    yield f"| model | {main} | 95 % interval | {' | '.join(columns)} | seeds | fit, s | parameters |"
    yield f"|---|--:|---|{'--:|' * (len(columns) + 2)}---|"
    for one in section.results:
        figures = " | ".join(_figure(one.metrics, name) for name in columns.values())
        mark = "**" if one is first else ""
        yield (
            f"| {mark}{escaped(one.recommender)}{mark} | {mark}{_figure(one.metrics, section.main)}{mark} "
            f"| {_figure(one.metrics, section.main + '_low')} to {_figure(one.metrics, section.main + '_high')} "
            f"| {figures} | {one.seeds} | {one.metrics.get('fit_seconds', 0.0):.1f} | {escaped(parameters(one))} |"
        )
    yield ""
    codes = sorted({one.code_version for one in section.results})
    viewers = f"{first.viewers:,.0f} viewers a run; " if first.viewers else ""
    yield f"{viewers}data {escaped(first.digest)}; code {escaped(', '.join(codes))}.{_best_published(section)}"


def _best_published(section: Section) -> str:
    """The best of those who published under the same protocol on the same set."""
    rows = [row for row in published.rows(section.protocol, section.data) if section.main in row.metrics]
    if not rows:
        return ""
    choose = min if section.is_of_ratings else max
    best = choose(rows, key=lambda row: row.metrics[section.main])
    return f" The best published: {escaped(best.model)}, {best.metrics[section.main]:.4f}."


def _figure(metrics: Mapping[str, float], name: str) -> str:
    if name not in metrics:
        return ""
    return f"{metrics[name]:.2f}" if name.startswith("novelty") else f"{metrics[name]:.4f}"


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, Mapping):
        return " ".join(f"{name}:{_short(one)}" for name, one in value.items())
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def escaped(text: str) -> str:
    """Text that comes from people or from data, as one line that means nothing to Markdown or HTML."""
    line = _CONTROL.sub(" ", text)
    return _MEANING.sub(r"\\\1", html.escape(line, quote=False))
