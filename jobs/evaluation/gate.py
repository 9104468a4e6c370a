"""One night at the gate: which of its models serves, which one waits for a person, and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from jobs.evaluation.contest import SEED, Contest
from jobs.evaluation.promotion import ENOUGH_VIEWERS, Decision, challenge, first, refresh

CHAMPION, CHALLENGER, FORMER = "champion", "challenger", "champion_as_it_was"
"""Models of a night: the champion's recipe and another one, fitted on all that is before the window, and the champion as
it was when it was judged itself."""


@dataclass(frozen=True)
class Settled:
    """What becomes of a night's models."""

    serves: str | None
    """The model that becomes the champion; None if the champion stays as it is."""
    waits: str | None
    """The model that waits for a person."""
    decisions: Mapping[str, Decision]
    """By model, those that a recipe was entered for."""
    popularity: str
    """The best popularity."""

    @property
    def serves_popularity(self) -> bool:
        """Whether popularity serves, as nothing beats it."""
        return self.serves == self.popularity


def settle(
    contest: Contest, popularities: list[str], nights_before: int | None = None, *, refreshes: bool = True
) -> Settled:
    """Decide a night.

    Without a champion's recipe in the contest the best popularity is what is to be beaten: there is no champion yet, or
    popularity is.

    Args:
        contest: The night's models: :data:`CHAMPION` and :data:`FORMER` if there is a champion that is not popularity,
            :data:`CHALLENGER` if another recipe is to be tried, and popularities.
        popularities: Their names.
        nights_before: Nights on which challenger and champion were compared before; None if there is no champion yet.
        refreshes: Whether the champion's recipe would learn from anything new; else the champion stays unless it is beaten.
    """
    best, outcomes, segments = contest.best(popularities), contest.outcomes, contest.segments
    if CHAMPION not in outcomes:
        return _without_champion(contest, best, nights_before)
    decisions = dict[str, Decision]()
    if refreshes:
        decisions[CHAMPION] = refresh(outcomes[CHAMPION], outcomes.get(FORMER), outcomes[best], segments, SEED)
    if CHALLENGER in outcomes:
        rivals = (outcomes[CHALLENGER], outcomes[CHAMPION], outcomes[best])
        decisions[CHALLENGER] = challenge(*rivals, segments, SEED, nights_before or 0)
    promoted = [name for name in (CHALLENGER, CHAMPION) if _is(decisions, name, "promoted")]
    waits = [name for name in (CHALLENGER, CHAMPION) if _is(decisions, name, "waits")]
    is_below = contest.outcomes[best].ndcg.mean() >= contest.outcomes[CHAMPION].ndcg.mean()
    serves = promoted[0] if promoted else best if is_below else None
    return Settled(serves, waits[0] if waits and serves != CHALLENGER else None, decisions, best)


def _without_champion(contest: Contest, best: str, nights_before: int | None) -> Settled:
    """The first night, and every night on which popularity is the champion."""
    outcomes = contest.outcomes
    if CHALLENGER not in outcomes:
        return Settled(best, None, {}, best)
    tried = outcomes[CHALLENGER]
    if nights_before is None or len(tried.ndcg) < ENOUGH_VIEWERS:
        decision = first(tried, outcomes[best], SEED)
    else:
        decision = challenge(tried, outcomes[best], outcomes[best], contest.segments, SEED, nights_before)
    serves = CHALLENGER if decision.verdict == "promoted" else best
    return Settled(serves, CHALLENGER if decision.verdict == "waits" else None, {CHALLENGER: decision}, best)


def _is(decisions: Mapping[str, Decision], name: str, verdict: str) -> bool:
    return name in decisions and decisions[name].verdict == verdict
