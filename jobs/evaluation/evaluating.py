"""Evaluate a recommender under a protocol: split, fit and judge, once for each seed and fold."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pyarrow as pa

from jobs import recommenders
from jobs.evaluation import variety
from jobs.evaluation.combining import mean_over_runs, ratio_over_runs
from jobs.evaluation.interactions import Interactions
from jobs.evaluation.intervals import Floats, Interval
from jobs.evaluation.judging import Question, judge_by
from jobs.evaluation.protocols.found import find
from jobs.evaluation.protocols.rules import Rules
from jobs.evaluation.rating_judging import judge_ratings, require_predictions
from jobs.evaluation.segments import LEAST_SHOWN, Popularity, recall_by_title, viewer_segments
from jobs.scoring.training_set import Split, TrainingSet

Told = Callable[[str], object]
Tune = Callable[[TrainingSet, int], Any]
"""Parameters that a search found on a training set, with a seed."""
TOLD_OF_SEGMENTS = ("ndcg", "recall", "rmse", "mae")
"""Metrics that are told of segments, too."""


@dataclass(frozen=True)
class Plan:
    """What is to be evaluated."""

    model: str
    protocol: str
    given: Mapping[str, str]
    """Parameters as text."""
    seeds: int = 1
    seed: int = 1
    """The first seed; the others follow it."""
    tune: Tune | None = None


@dataclass(frozen=True)
class Evaluation:
    """What was found."""

    plan: Plan
    data: str
    metrics: dict[str, Interval]
    """By name, as ``ndcg_at_10``."""
    segments: dict[str, tuple[int, dict[str, Interval]]]
    """cold, light, heavy: mean number of viewers, and their metrics; head, tail: viewers who wanted such titles.

    Of fewer than 30 viewers there are no metrics.
    """
    viewers: float
    """How many were judged, a run."""
    seeds: int
    """How many were run."""
    parameters: tuple[dict[str, Any], ...]
    """Of each seed; where they were searched, of each fold of each seed."""
    fit_seconds: float
    """A run, without the search of parameters."""

    @property
    def too_few(self) -> list[str]:
        """Of which segments nothing is told, in words."""
        few = {kind: viewers for kind, (viewers, metrics) in self.segments.items() if viewers and not metrics}
        return [f"{kind}: {viewers} viewer{'' if viewers == 1 else 's'}, too few" for kind, viewers in few.items()]

    @property
    def figures(self) -> dict[str, float]:
        """Its metrics as MLflow keeps them: ``ndcg_at_10``, ``ndcg_at_10_low``, ``ndcg_at_10_cold``."""
        named = dict(self.metrics)
        for kind, (_, metrics) in self.segments.items():
            named |= {f"{name}_{kind}": one for name, one in metrics.items() if name.startswith(TOLD_OF_SEGMENTS)}
        figures: dict[str, float] = {}
        for name, one in named.items():
            figures |= {name: one.mean, f"{name}_low": one.low, f"{name}_high": one.high}
        figures["fit_seconds"] = self.fit_seconds
        return {name: value for name, value in figures.items() if not np.isnan(value)}


@dataclass(frozen=True)
class _Run:
    """One split, one fit, judged."""

    values: dict[str, Floats]
    """Name of a metric → one value per viewer."""
    shares: dict[str, Interval]
    errors: dict[str, Floats]
    segments: dict[str, Any]
    viewers: int
    fit_seconds: float


def evaluate(plan: Plan, data: Interactions, say: Told) -> Evaluation:
    """Evaluate a recommender.

    Seeds that change nothing (of a protocol that divides in one way only, and a recommender without chance) are run once.

    Args:
        plan: What is to be evaluated.
        data: On what.
        say: Told of each step as it begins.

    Raises:
        JobError: There is no such protocol, recommender or parameter; the protocol judges predicted ratings, and the
            recommender predicts none; or there is too little to learn from or to judge on.
    """
    protocol = find(plan.protocol)
    rules = protocol.RULES
    require_predictions(plan.model, rules)
    first = recommenders.parameters_of(plan.model, plan.given)
    varies = rules.is_seeded or plan.tune is not None or _has_chance(first, plan.given)
    seeds = range(plan.seed, plan.seed + (plan.seeds if varies else 1))
    runs, used = [], []
    for seed in seeds:
        parameters = _with_seed(first, plan.given, seed)
        for fold in range(rules.folds):
            at = f"seed {seed}" + (f", fold {fold + 1} of {rules.folds}" if rules.folds > 1 else "")
            say(f"{at}: dividing")
            split = protocol.split(data, seed, fold)
            # Each fold by itself: what one learns from is what another is judged on.
            if plan.tune is not None:
                say(f"{at}: searching parameters")
                parameters = plan.tune(split.training, seed)
            say(f"{at}: fitting {plan.model}")
            began = time.monotonic()
            model = recommenders.find(plan.model).fit(split.training, parameters)
            fit_seconds = time.monotonic() - began
            say(f"{at}: judging {split.viewers.num_rows:,} viewers")
            runs.append(_judged(plan, rules, model, split, data, fit_seconds))
            if plan.tune is not None or fold == 0:
                used.append(recommenders.values_of(parameters))
    say("drawing intervals")
    return _summed(plan, rules, data, runs, tuple(used))


def _judged(plan: Plan, rules: Rules, model: Any, split: Split, data: Interactions, fit_seconds: float) -> _Run:
    """Judge a model on a split."""
    viewers = split.viewers
    if rules.asks_for == "ratings":
        errors = judge_ratings(model, viewers, data.lowest, data.highest)
        return _Run({}, {}, errors, viewer_segments(viewers), viewers.num_rows, fit_seconds)
    question = Question(rules.k, rules.cutoffs, rules.averages_over_all)
    judged = judge_by(model, viewers, split.listable, question)
    names = {column: column if "_at_" in column else f"{column}_at_{rules.k}" for column in question.columns}
    values = {name: judged[column].to_numpy() for column, name in names.items()}
    if rules.asks_for == "candidates":
        # Lists of sampled titles say nothing of what a catalogue's lists would be like.
        return _Run(values, {}, {}, viewer_segments(viewers), viewers.num_rows, fit_seconds)
    listed, popularity = judged["listed"].combine_chunks(), Popularity.of(split.training)
    values |= {f"{name}_at_{rules.k}": found for name, found in _variety(listed, popularity, split).items()}
    shares = variety.catalogue_shares(listed, split.listable, plan.seed)
    values |= {
        f"recall_at_{rules.k}_{kind}": found for kind, found in recall_by_title(viewers, judged, popularity).items()
    }
    return _Run(values, shares, {}, viewer_segments(viewers), viewers.num_rows, fit_seconds)


def _variety(listed: pa.ListArray, popularity: Popularity, split: Split) -> dict[str, Floats]:
    found = {"novelty": variety.novelty(listed, popularity), "tail_share": variety.tail_share(listed, popularity)}
    if split.training.catalogue is not None:
        found["diversity"] = variety.diversity(listed, split.training.catalogue())
    return found


def _summed(
    plan: Plan, rules: Rules, data: Interactions, runs: list[_Run], used: tuple[dict[str, Any], ...]
) -> Evaluation:
    """Figures over all runs."""
    names = list(runs[0].values)
    by_title = {name for name in names if name.endswith(("_head", "_tail"))}
    metrics = {name: mean_over_runs([run.values[name] for run in runs], plan.seed) for name in names}
    metrics |= {
        f"{name}_at_{rules.k}": _mean_of_intervals([run.shares[name] for run in runs]) for name in runs[0].shares
    }
    if rules.asks_for == "ratings":
        metrics |= _rating_metrics(runs, [np.ones(run.viewers, dtype=bool) for run in runs], plan.seed)
    segments: dict[str, tuple[int, dict[str, Interval]]] = {}
    for kind in runs[0].segments:
        chosen = [run.segments[kind] for run in runs]
        count = round(float(np.mean([who.sum() for who in chosen])))
        of_kind = {
            name: mean_over_runs([run.values[name][who] for run, who in zip(runs, chosen, strict=True)], plan.seed)
            for name in names
            if name not in by_title and count >= LEAST_SHOWN
        }
        if rules.asks_for == "ratings" and count >= LEAST_SHOWN:
            of_kind = _rating_metrics(runs, chosen, plan.seed)
        segments[kind] = (count, of_kind)
    for name in sorted(by_title):
        metric, _, kind = name.rpartition("_")
        wanting = round(float(np.mean([(~np.isnan(run.values[name])).sum() for run in runs])))
        recall = {metric: metrics.pop(name)}
        segments[kind] = (wanting, recall if wanting >= LEAST_SHOWN else {})
    viewers = float(np.mean([run.viewers for run in runs]))
    seeds, fit_seconds = len(runs) // rules.folds, float(np.mean([run.fit_seconds for run in runs]))
    return Evaluation(plan, data.name, metrics, segments, viewers, seeds, used, fit_seconds)


def _rating_metrics(runs: list[_Run], who: list[Any], seed: int) -> dict[str, Interval]:
    def over(part: str) -> list[tuple[Floats, Floats]]:
        return [(run.errors[part][some], run.errors["ratings"][some]) for run, some in zip(runs, who, strict=True)]

    return {
        "rmse": ratio_over_runs(over("squared"), seed, is_squared=True),
        "mae": ratio_over_runs(over("absolute"), seed),
    }


def _mean_of_intervals(found: list[Interval]) -> Interval:
    """Of figures that are of all viewers together: the means of the figures and of their ends over runs."""
    return Interval(*(float(np.mean([(one.mean, one.low, one.high)[end] for one in found])) for end in range(3)))


def _has_chance(parameters: Any, given: Mapping[str, str]) -> bool:
    return any(field.name == "seed" for field in fields(parameters)) and "seed" not in given


def _with_seed(parameters: Any, given: Mapping[str, str], seed: int) -> Any:
    """Parameters whose own seed is the run's, unless one is given."""
    return replace(parameters, seed=seed) if _has_chance(parameters, given) else parameters
