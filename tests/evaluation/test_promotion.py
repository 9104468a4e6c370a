"""The gate: simulated on viewers whose truth is known, and rule by rule."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs.evaluation import promotion
from jobs.evaluation.intervals import Interval, mean_intervals
from jobs.evaluation.promotion import MARGIN, NIGHTS, Decision, Outcome, Verdict

VIEWERS, TITLES, SEED = 2_000, 100, 5
NO_SEGMENTS: Mapping[str, NDArray[np.bool_]] = {}


def ndcg_differences(better_by: float, trials: int, seed: int, viewers: int = VIEWERS) -> NDArray[np.float64]:
    """Viewers by trials of nDCG differences of two models that find about a quarter of what is wanted.

    Most viewers get nothing from either, some the same from both: spread .25.
    """
    random = np.random.default_rng(seed)
    shape = (viewers, trials)
    kind = random.random(shape)
    gain = random.choice([1.0, 0.63, 0.5, 0.39, 0.3], size=shape)
    differs = np.where(kind < 0.08, gain, np.where(kind > 0.92, -gain, 0.0))
    return differs + better_by


def superiority(differences: NDArray[np.float64], nights_before: int = 0) -> list[Verdict]:
    """The verdict of each trial, all of them over the same draws."""
    levels = (promotion.CHALLENGE_LEVEL, promotion.LEVEL)
    strict, usual = (mean_intervals(differences, SEED, level) for level in levels)
    pairs = zip(strict, usual, strict=True)
    return [promotion.superiority(one, other, len(differences), nights_before)[0] for one, other in pairs]


def test_an_equal_challenger_is_promoted_in_one_trial_of_twenty_at_most() -> None:
    verdicts = superiority(ndcg_differences(0.0, trials=1_000, seed=1))

    assert verdicts.count("promoted") <= 0.05 * len(verdicts)


def test_an_equal_challenger_is_promoted_on_any_of_thirty_nights_by_one_in_twenty_at_most() -> None:
    """Nights that share no viewers: the most chances there can be."""
    challengers = 100
    verdicts = superiority(ndcg_differences(0.0, challengers * NIGHTS, seed=2))

    promoted = np.array([one == "promoted" for one in verdicts]).reshape(challengers, NIGHTS)
    assert promoted.any(axis=1).mean() <= 0.05


def test_a_challenger_better_by_three_margins_is_promoted_nearly_always() -> None:
    verdicts = superiority(ndcg_differences(3 * MARGIN, trials=1_000, seed=3))

    assert verdicts.count("promoted") >= 0.95 * len(verdicts)
    assert "rejected" not in verdicts


def test_a_worse_challenger_is_promoted_one_time_in_a_thousand_at_most() -> None:
    verdicts = superiority(ndcg_differences(-MARGIN, trials=3_000, seed=4))

    assert verdicts.count("promoted") <= 0.001 * len(verdicts)


def test_newer_data_that_costs_two_margins_is_promoted_one_time_in_a_thousand_at_most() -> None:
    intervals = mean_intervals(ndcg_differences(-2 * MARGIN, 1_000, seed=6), SEED)

    assert sum(one.low > -MARGIN for one in intervals) <= 1


def outcome(ndcg: NDArray[np.float64], seed: int = 0, titles: int = TITLES, tail: float = 0.3) -> Outcome:
    """A model's outcome whose lists hold one of so many titles for each viewer."""
    viewers = np.arange(len(ndcg))
    listed = np.random.default_rng(seed).integers(titles, size=len(ndcg))
    cells = csr_matrix((np.ones(len(ndcg)), (viewers, listed)), shape=(len(ndcg), TITLES))
    return Outcome(ndcg, np.full(len(ndcg), tail), cells)


CHAMPION = outcome(np.random.default_rng(9).choice([0.0, 0.0, 0.0, 0.5, 1.0], size=VIEWERS))
POPULARITY = outcome(CHAMPION.ndcg * 0.5)


def moved(better_by: float, spread: float = 0.2) -> Outcome:
    """The champion's outcome with every viewer's nDCG moved, by so much in the mean exactly."""
    noise = np.random.default_rng(8).normal(0, spread, VIEWERS)
    return replace(CHAMPION, ndcg=CHAMPION.ndcg + better_by + noise - noise.mean())


def challenge(candidate: Outcome, nights_before: int = 0, **segments: NDArray[np.bool_]) -> Decision:
    return promotion.challenge(candidate, CHAMPION, POPULARITY, segments, SEED, nights_before)


@pytest.mark.parametrize(
    ("better_by", "verdict", "reason"),
    [
        (3 * MARGIN, "promoted", "better for sure, and by the margin"),
        (MARGIN, "waits", "may be better by the margin or not"),
        (-MARGIN / 2, "rejected", "not better by the margin for sure"),
        (-3 * MARGIN, "rejected", "worse than the champion for sure"),
    ],
)
def test_a_challenge_is_won_lost_or_left_to_a_person(better_by: float, verdict: Verdict, reason: str) -> None:
    decision = challenge(moved(better_by))

    assert decision.verdict == verdict
    assert reason in decision.reasons
    assert decision.difference is not None
    assert decision.difference.mean == pytest.approx(better_by)


def test_after_its_nights_only_a_person_promotes_a_challenger() -> None:
    assert challenge(moved(3 * MARGIN), NIGHTS - 1).verdict == "promoted"
    assert challenge(moved(3 * MARGIN), NIGHTS).verdict == "waits"


def test_a_segment_of_enough_viewers_may_not_pay_for_the_others() -> None:
    pays = np.arange(VIEWERS) < promotion.ENOUGH_VIEWERS
    better = moved(3 * MARGIN, spread=0.05)
    unequal = replace(better, ndcg=better.ndcg - 0.1 * pays + 0.1 * pays.mean())

    lost = challenge(unequal, cold=pays)

    assert lost.verdict == "rejected"
    assert lost.reasons == ("nDCG@10 of cold falls by more than 0.02 for sure",)
    assert challenge(unequal, cold=pays & (np.arange(VIEWERS) > 0)).verdict == "promoted", "one viewer too few to tell"


def test_coverage_and_the_long_tail_may_not_fall() -> None:
    better = moved(3 * MARGIN)

    narrow = challenge(replace(better, listed=outcome(better.ndcg, titles=80).listed))
    popular = challenge(replace(better, tail=better.tail - 0.2))

    assert (narrow.verdict, popular.verdict) == ("rejected", "rejected")
    assert narrow.reasons == ("catalogue coverage@10 falls by more than 0.05 for sure",)
    assert popular.reasons == ("share of the long tail@10 falls by more than 0.1 for sure",)


def test_too_few_viewers_leave_a_challenge_to_a_person() -> None:
    few = slice(0, promotion.ENOUGH_VIEWERS - 1)

    def cut(one: Outcome) -> Outcome:
        return Outcome(one.ndcg[few], one.tail[few], one.listed[few])

    decision = promotion.challenge(cut(moved(0.5)), cut(CHAMPION), cut(POPULARITY), NO_SEGMENTS, SEED)

    assert decision.verdict == "waits"


@pytest.mark.parametrize(
    ("better_by", "spread", "verdict"),
    [(0.0, 0.0, "promoted"), (0.0, 0.05, "promoted"), (-0.005, 0.2, "waits"), (-0.03, 0.2, "rejected")],
)
def test_newer_data_is_promoted_where_it_costs_nothing(better_by: float, spread: float, verdict: Verdict) -> None:
    decision = promotion.refresh(moved(better_by, spread), CHAMPION, POPULARITY, NO_SEGMENTS, SEED)

    assert decision.verdict == verdict


def test_popularity_serves_where_nothing_beats_it() -> None:
    best = replace(POPULARITY, ndcg=CHAMPION.ndcg + 0.1)

    decisions = (
        promotion.first(CHAMPION, best, SEED),
        promotion.refresh(CHAMPION, CHAMPION, best, NO_SEGMENTS, SEED),
        promotion.challenge(moved(3 * MARGIN), CHAMPION, best, NO_SEGMENTS, SEED),
    )

    assert {one.verdict for one in decisions} == {"rejected"}
    assert {one.reasons for one in decisions} == {("not above the best popularity",)}
    assert promotion.first(CHAMPION, POPULARITY, SEED).verdict == "promoted"


def test_the_same_outcomes_are_decided_alike() -> None:
    assert challenge(moved(MARGIN)) == challenge(moved(MARGIN))
    assert Interval(0.1, 0.05, 0.15) != challenge(moved(MARGIN)).difference
