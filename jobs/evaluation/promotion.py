"""The gate before production: whether a model may serve, decided from what two models did for the same viewers.

``docs/decisions/0011-the-gate-waits-when-it-is-not-sure.md`` says why the rules are these.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs.evaluation.intervals import Floats, Interval, draws, mean_interval, paired_interval

Verdict = Literal["promoted", "rejected", "waits"]

MARGIN = 0.01
"""nDCG@10 that is worth a change of recipe, and that newer data may cost at most."""
ENOUGH_VIEWERS = 200
"""Of fewer viewers an interval says nothing that a decision could rest on."""
NIGHTS = 30
"""Nights that one recipe may challenge another before only a person can promote it."""
_ERROR = 0.05
"""Chance over all of its nights that a recipe is promoted that is no better."""
CHALLENGE_LEVEL = 1 - 2 * _ERROR / NIGHTS
"""Of an interval whose lower end is above zero by chance on one of all nights one time in twenty."""
LEVEL = 0.95
"""Of every other interval."""
_COVERAGE_DRAWS = 200
_NORMAL_95 = 1.96


@dataclass(frozen=True)
class Limits:
    """How far each may fall beside the champion."""

    segment: float = 0.02
    """nDCG@10 of a segment of enough viewers."""
    coverage: float = 0.05
    """Share of the titles that may be listed that stand on anybody's first ten."""
    tail: float = 0.1
    """Share of the listed titles that are of the long tail."""


@dataclass(frozen=True)
class Outcome:
    """What one model did for each of the judged viewers, all models in the same order of viewers."""

    ndcg: Floats
    """nDCG@10 of each viewer."""
    tail: Floats
    """Share of each viewer's first ten that is of the long tail."""
    listed: csr_matrix
    """Viewers by titles that may be listed: one where a title is among the first ten."""


@dataclass(frozen=True)
class Figure:
    """One comparison: what is compared, the difference with its interval, and what that means."""

    name: str
    difference: Interval
    limit: float
    """What the difference is held against."""
    verdict: Verdict
    why: str


@dataclass(frozen=True)
class Decision:
    """What becomes of a model, and why."""

    verdict: Verdict
    reasons: tuple[str, ...]
    """In words, those that decided."""
    figures: tuple[Figure, ...] = field(default=())

    @property
    def difference(self) -> Interval | None:
        """nDCG@10 beside the champion's; None without one."""
        return next((figure.difference for figure in self.figures if figure.name == "nDCG@10"), None)


def first(candidate: Outcome, popularity: Outcome, seed: int) -> Decision:
    """Whether a recipe becomes the first champion: popularity serves where it is not beaten."""
    return _conclude([_above_popularity(candidate, popularity, seed)])


def refresh(
    candidate: Outcome,
    champion: Outcome | None,
    popularity: Outcome,
    segments: Mapping[str, NDArray[np.bool_]],
    seed: int,
    limits: Limits = Limits(),
) -> Decision:
    """Whether the champion's recipe, fitted on newer data, follows it: if it is not worse and above popularity.

    Args:
        candidate: The recipe, fitted on all that is before the window.
        champion: The same recipe as it was when the champion was judged; None if that is not kept.
        popularity: The best popularity.
        segments: Viewers by segment.
        seed: Seed of the draws.
        limits: How far each may fall.
    """
    figures = [_above_popularity(candidate, popularity, seed)]
    if champion is not None and len(candidate.ndcg) >= ENOUGH_VIEWERS:
        figures += [_not_inferior(candidate, champion, seed), *_guards(candidate, champion, segments, seed, limits)]
    return _conclude(figures)


def challenge(
    candidate: Outcome,
    champion: Outcome,
    popularity: Outcome,
    segments: Mapping[str, NDArray[np.bool_]],
    seed: int,
    nights_before: int = 0,
    limits: Limits = Limits(),
) -> Decision:
    """Whether another recipe takes the champion's place: if it is better by the margin, and nothing falls for it.

    Args:
        candidate: The challenger, fitted on all that is before the window.
        champion: The champion's recipe, fitted on the same.
        popularity: The best popularity.
        segments: Viewers by segment.
        seed: Seed of the draws.
        nights_before: Nights on which the two were compared before.
        limits: How far each may fall.
    """
    return _conclude(
        [
            _above_popularity(candidate, popularity, seed),
            _superior(candidate, champion, seed, nights_before),
            *_guards(candidate, champion, segments, seed, limits),
        ]
    )


def _above_popularity(candidate: Outcome, popularity: Outcome, seed: int) -> Figure:
    found = paired_interval(candidate.ndcg, popularity.ndcg, seed, LEVEL)
    is_above = found.mean > 0
    why = "above the best popularity" if is_above else "not above the best popularity"
    return Figure("nDCG@10 beside popularity", found, 0.0, "promoted" if is_above else "rejected", why)


def _not_inferior(candidate: Outcome, champion: Outcome, seed: int) -> Figure:
    found = paired_interval(candidate.ndcg, champion.ndcg, seed, LEVEL)
    if found.low > -MARGIN:
        return Figure("nDCG@10", found, -MARGIN, "promoted", "newer data costs less than the margin for sure")
    if found.high < 0:
        return Figure("nDCG@10", found, -MARGIN, "rejected", "worse on newer data for sure")
    return Figure("nDCG@10", found, -MARGIN, "waits", "newer data may cost more than the margin")


def _superior(candidate: Outcome, champion: Outcome, seed: int, nights_before: int) -> Figure:
    strict, usual = (paired_interval(candidate.ndcg, champion.ndcg, seed, one) for one in (CHALLENGE_LEVEL, LEVEL))
    verdict, why = superiority(strict, usual, len(candidate.ndcg), nights_before)
    return Figure("nDCG@10", strict, MARGIN, verdict, why)


def superiority(strict: Interval, usual: Interval, viewers: int, nights_before: int) -> tuple[Verdict, str]:
    """Whether a challenger's nDCG@10 is better by the margin.

    Args:
        strict: Its difference from the champion's, at :data:`CHALLENGE_LEVEL`: for being promoted, on any of its nights.
        usual: The same at :data:`LEVEL`: for being rejected.
        viewers: How many were judged.
        nights_before: Nights on which the two were compared before.
    """
    if viewers < ENOUGH_VIEWERS:
        return "waits", f"fewer than {ENOUGH_VIEWERS} viewers were judged: too few to tell"
    if strict.low > 0 and strict.mean >= MARGIN:
        if nights_before < NIGHTS:
            return "promoted", "better for sure, and by the margin"
        return "waits", f"better by the margin, after {NIGHTS} nights that did not say so"
    if usual.high < 0:
        return "rejected", "worse than the champion for sure"
    if usual.high < MARGIN:
        return "rejected", "not better by the margin for sure"
    return "waits", "may be better by the margin or not"


def _guards(
    candidate: Outcome, champion: Outcome, segments: Mapping[str, NDArray[np.bool_]], seed: int, limits: Limits
) -> list[Figure]:
    """What may not fall, whatever the mean over all viewers does."""
    found = [
        (f"nDCG@10 of {name}", paired_interval(candidate.ndcg[who], champion.ndcg[who], seed, LEVEL), limits.segment)
        for name, who in segments.items()
        if who.sum() >= ENOUGH_VIEWERS
    ]
    found.append(("catalogue coverage@10", _coverage(candidate, champion, seed), limits.coverage))
    found.append(("share of the long tail@10", mean_interval(candidate.tail - champion.tail, seed), limits.tail))
    return [_guard(name, difference, limit) for name, difference, limit in found]


def _guard(name: str, difference: Interval, limit: float) -> Figure:
    """Rejected if it fell by more than the limit for sure; a person looks if it fell for sure, perhaps by as much."""
    if difference.high < -limit:
        return Figure(name, difference, -limit, "rejected", f"{name} falls by more than {limit:g} for sure")
    if difference.high < 0 and difference.low < -limit:
        return Figure(name, difference, -limit, "waits", f"{name} falls, perhaps by more than {limit:g}")
    return Figure(name, difference, -limit, "promoted", f"{name} does not fall by more than {limit:g}")


def _coverage(candidate: Outcome, champion: Outcome, seed: int) -> Interval:
    """The difference of coverage, as wide as its standard error under the bootstrap says.

    A draw of viewers holds fewer different viewers than there are, so both models list fewer titles in every draw: the
    spread of the draws says how sure the difference is, their middle does not.
    """
    viewers, titles = candidate.listed.shape
    if not viewers or not titles:
        return Interval(0.0, 0.0, 0.0)
    models = (candidate, champion)
    drawn = [
        [np.asarray((model.listed.T @ counts.T) > 0).sum(axis=0) for model in models]
        for counts in draws(viewers, seed, _COVERAGE_DRAWS)
    ]
    mine, theirs = (np.concatenate(one) / titles for one in zip(*drawn, strict=True))
    now = [len(np.unique(model.listed.indices)) / titles for model in models]
    mean, half = now[0] - now[1], _NORMAL_95 * float(np.std(mine - theirs))
    return Interval(mean, mean - half, mean + half)


def _conclude(figures: list[Figure]) -> Decision:
    """The worst verdict decides, with all reasons for it."""
    order: tuple[Verdict, ...] = ("rejected", "waits", "promoted")
    verdict = next(one for one in order if any(figure.verdict == one for figure in figures))
    deciding = [figure for figure in figures if figure.verdict == verdict]
    if verdict == "promoted":
        # That nothing fell goes without saying.
        deciding = deciding[:2]
    return Decision(verdict, tuple(figure.why for figure in deciding), tuple(figures))
