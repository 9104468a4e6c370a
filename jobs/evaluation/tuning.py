"""Searching a recommender's parameters on the later part of its own training data.

The training set is divided by the protocol that made it; every trial learns from the earlier part and is judged on the
later one, so what the recommender is finally judged on plays no part. The recommender's own defaults are tried first: what
is found is never worse than they are, on the viewers that it was found on.

A trial is judged on two rungs: a seeded third of the viewers, then all of them. Where it is clearly worse than the best so
far on the same third (the 95 % interval of the paired difference lies below 0) it is pruned there.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from optuna.trial import FrozenTrial, TrialState, create_trial

from jobs import recommenders
from jobs.errors import JobError
from jobs.evaluation import proposing
from jobs.evaluation.intervals import paired_interval
from jobs.evaluation.measures import Floats, Measure, ndcg
from jobs.scoring.space import Space
from jobs.scoring.training_set import Split, TrainingSet

if TYPE_CHECKING:
    from pathlib import Path

_FIRST_RUNG = 1 / 3
_MOST_ON_IT = 2_000
"""So many viewers tell a clearly worse model; their figures are kept with each trial."""
_FEWEST_ON_IT = 100
"""With fewer viewers the interval says nothing, and judging them costs nothing: there is no rung."""
_DIGITS = 6
_STATES: Mapping[TrialState, "State"] = MappingProxyType(
    {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
)
_NOTHING: Mapping[str, str] = MappingProxyType({})
State = Literal["complete", "pruned", "failed"]


@dataclass(frozen=True)
class Trial:
    """One try of a search."""

    number: int
    """From 1."""
    state: State
    parameters: Mapping[str, Any]
    """All of the recommender's, by name."""
    value: float | None
    """Its figure; of a pruned trial that of the first rung."""
    seconds: float
    line: str = ""
    """Why it failed."""


@dataclass(frozen=True)
class Found:
    """What a search found."""

    parameters: Any
    """The best, as the recommender's ``fit`` takes them."""
    value: float
    """Their figure on the later part of the training data."""
    trials: tuple[Trial, ...]
    """All of them; the first is of the defaults."""
    finished: tuple[FrozenTrial, ...]
    """The same as Optuna holds them, for its pictures."""


def space_of(name: str, given: Mapping[str, str] = _NOTHING) -> Space:
    """What is to be searched: the recommender's space without the parameters that are given.

    Raises:
        JobError: Nothing is left to search.
    """
    space: Space = vars(recommenders.find(name)).get("SPACE", {})
    left = {parameter: values for parameter, values in space.items() if parameter not in given}
    if not left:
        problem = "all that could be searched is given" if space else f"recommender {name} has no search space"
        raise JobError(f"nothing was searched: {problem}; evaluate it as it is")
    return left


def search(
    name: str,
    training: TrainingSet,
    trials: int,
    seed: int,
    given: Mapping[str, str] = _NOTHING,
    *,
    seconds: float | None = None,
    storage: "Path | None" = None,
    on_trial: Callable[[Trial], None] | None = None,
    measure: Measure | None = None,
) -> Found:
    """Search a recommender's parameters by TPE. Same training set, seed and number of trials: same parameters.

    Args:
        name: The recommender.
        training: What may be learned from.
        trials: Ends with so many trials, those of a resumed search included.
        seed: Seed of the proposals and of the first rung.
        given: Parameters that stay as they are, as text.
        seconds: No trial begins after so many.
        storage: SQLite file of the trials: a search that was stopped goes on there.
        on_trial: Told of each trial as it ends.
        measure: What is made best; nDCG@10 unless given.

    Raises:
        JobError: There is nothing to search or to judge on, or every trial failed.
    """
    space, began = space_of(name, given), time.monotonic()
    defaults = recommenders.values_of(recommenders.parameters_of(name, given))
    bench = _Bench.of(training, seed, measure or ndcg())
    of = f"{name} {dict(given)} seed {seed} of {bench}"
    with proposing.stored(storage, of, bench.measure.direction) as study:
        while len(done := study.get_trials(deepcopy=False)) < trials:
            if done and seconds is not None and time.monotonic() - began >= seconds:
                break
            drawn = proposing.propose(done, space, seed, bench.measure.direction) if done else {}
            if drawn is None:
                break
            study.add_trial(_try(name, {**defaults, **drawn}, space, bench, _best(done, bench.measure)))
            if on_trial is not None:
                on_trial(_trial(study.get_trials(deepcopy=False)[-1]))
        finished = tuple(study.get_trials())
    best = _best(finished, bench.measure)
    if best is None or best.value is None:
        raise JobError(
            f"nothing was found: none of {len(finished)} trials of recommender {name} was judged; the first: "
            f"{finished[0].user_attrs['line'] if finished else 'there was none'}"
        )
    found = recommenders.parameters_of(name, best.user_attrs["parameters"])
    return Found(found, best.value, tuple(_trial(one) for one in finished), finished)


@dataclass(frozen=True)
class _Bench:
    """What trials learn from and are judged on."""

    split: Split
    first: NDArray[np.int64]
    """Positions of the viewers of the first rung."""
    rest: NDArray[np.int64]
    measure: Measure

    @classmethod
    def of(cls, training: TrainingSet, seed: int, measure: Measure) -> "_Bench":
        """Divide the training set."""
        if training.split is None:
            raise JobError("nothing was searched: this training set cannot be divided into an earlier and a later part")
        split = training.split()
        viewers = split.viewers.num_rows
        if not viewers:
            raise JobError("nothing was searched: no viewer liked a new title in the later part of the training data")
        mixed = np.random.default_rng(seed).permutation(viewers)
        size = min(_MOST_ON_IT, round(_FIRST_RUNG * viewers))
        size = size if size >= _FEWEST_ON_IT else viewers
        return cls(split, np.sort(mixed[:size]), np.sort(mixed[size:]), measure)

    def __str__(self) -> str:
        return (
            f"{len(self.split.training.title_ids)} titles as of {self.split.training.as_of.isoformat()}, "
            f"{self.split.viewers.num_rows} viewers, by {self.measure.name}"
        )

    def judge(self, model: Any, positions: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """What the measure says of some of the viewers."""
        return self.measure.of(model, self.split.viewers.take(positions), self.split.listable)


def _try(name: str, values: Mapping[str, Any], space: Space, bench: _Bench, best: FrozenTrial | None) -> FrozenTrial:
    """Fit and judge one set of parameters."""
    began = time.monotonic()
    params, distributions = proposing.within(values, space)

    def ended(state: TrialState, **more: Any) -> FrozenTrial:
        kept = {"parameters": dict(values), "seconds": time.monotonic() - began, **more.pop("kept", {})}
        return create_trial(state=state, params=params, distributions=distributions, user_attrs=kept, **more)

    try:
        model = recommenders.find(name).fit(bench.split.training, recommenders.parameters_of(name, values))
        first, counts = bench.judge(model, bench.first)
        at_first = {0: bench.measure.value(first, counts)}
        value = at_first[0]
        if len(bench.rest):
            if best is not None and _is_behind(first, best, bench.measure):
                return ended(TrialState.PRUNED, intermediate_values=at_first)
            others, more = bench.judge(model, bench.rest)
            value = bench.measure.value(np.concatenate([first, others]), np.concatenate([counts, more]))
    except JobError as failed:
        return ended(TrialState.FAIL, kept={"line": str(failed)})
    kept = {"first": np.round(first, _DIGITS).tolist()} if len(bench.rest) else {}
    return ended(TrialState.COMPLETE, value=value, intermediate_values=at_first, kept=kept)


def _is_behind(first: Floats, best: FrozenTrial, measure: Measure) -> bool:
    """Whether a trial is clearly worse than the best so far, on the viewers of the first rung."""
    ahead = paired_interval(
        measure.sign * np.round(first, _DIGITS), measure.sign * np.array(best.user_attrs["first"]), seed=0
    )
    return ahead.high < 0


def _best(trials: Sequence[FrozenTrial], measure: Measure) -> FrozenTrial | None:
    """The complete trial of the best figure, the first of equals."""
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    return max(complete, key=lambda trial: measure.sign * (trial.value or 0.0), default=None)


def _trial(trial: FrozenTrial) -> Trial:
    """As the rest of the project knows it."""
    value = trial.value if trial.state is TrialState.COMPLETE else trial.intermediate_values.get(0)
    kept = trial.user_attrs
    return Trial(
        trial.number + 1, _STATES[trial.state], kept["parameters"], value, kept["seconds"], kept.get("line", "")
    )
