"""Searching a recommender's parameters on the later part of its own training data.

The training set is divided by the protocol that made it; every trial learns from the earlier part and is judged on the
later one, so what the recommender is finally judged on plays no part. The recommender's own defaults are tried first, then
the recipes that its module knows to be good somewhere (``STARTS``): what is found is never worse than they are, on the
viewers that it was found on.

A trial climbs rungs (:mod:`jobs.evaluation.rungs`): it is fitted and judged on a ninth of the viewers, then on all of
them. It is pruned on a rung where it is clearly worse than the best trial was there (the 95 % interval of the paired
difference lies below 0) and worse than the median of the complete trials.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
from optuna.pruners import MedianPruner
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState, create_trial

from jobs import recommenders
from jobs.errors import JobError
from jobs.evaluation import proposing
from jobs.evaluation.intervals import paired_interval
from jobs.evaluation.measures import Floats, Measure, ndcg
from jobs.evaluation.rungs import ALL, Rung, rungs
from jobs.scoring.parts import parts_kept
from jobs.scoring.space import Space
from jobs.scoring.training_set import TrainingSet

if TYPE_CHECKING:
    from pathlib import Path

_MEDIAN = MedianPruner(n_startup_trials=4)
"""Of fewer trials that climbed all rungs there is no median to speak of."""
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
    """Its figure; of a pruned trial that of the last rung it climbed."""
    seconds: float
    line: str
    """Why it failed."""
    rungs: Mapping[int, float]
    """Percent of the viewers → the figure of those."""


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


def _starts(name: str, space: Space) -> list[dict[str, Any]]:
    """What is tried after the defaults, without the parameters that are not searched; nothing that is left is tried twice."""
    known: Sequence[Mapping[str, Any]] = vars(recommenders.find(name)).get("STARTS", ())
    found = [{parameter: value for parameter, value in one.items() if parameter in space} for one in known]
    return [one for at, one in enumerate(found) if one and one not in found[:at]]


def search(
    name: str,
    training: TrainingSet,
    trials: int,
    seed: int,
    given: Mapping[str, str] = _NOTHING,
    *,
    seconds: float | None = None,
    storage: "Path | None" = None,
    resumes: bool = True,
    on_trial: Callable[[Trial], None] | None = None,
    measure: Measure | None = None,
) -> Found:
    """Search a recommender's parameters by TPE. Same training set, seed and number of trials: same parameters.

    Args:
        name: The recommender.
        training: What may be learned from.
        trials: Ends with so many trials, those of a resumed search included.
        seed: Seed of the proposals and of who is on which rung.
        given: Parameters that stay as they are, as text.
        seconds: No trial begins after so many.
        storage: SQLite file of the trials: a search that was stopped goes on there.
        resumes: Whether it does; else it begins anew.
        on_trial: Told of each trial as it ends.
        measure: What is made best; nDCG@10 unless given.

    Raises:
        JobError: There is nothing to search or to judge on, or every trial failed.
    """
    space, began = space_of(name, given), time.monotonic()
    defaults = recommenders.values_of(recommenders.parameters_of(name, given))
    bench = _Bench.of(training, seed, measure or ndcg())
    first = [{}, *_starts(name, space)]
    # Trials of another space are none of this one's.
    words = hashlib.sha256(repr((sorted(space.items()), first)).encode()).hexdigest()[:8]
    of = f"{name} {dict(given)} seed {seed} of {bench} in space {words}"
    with parts_kept(), proposing.stored(storage, of, bench.measure.direction, resumes=resumes) as study:
        while len(done := study.get_trials(deepcopy=False)) < trials:
            if done and seconds is not None and time.monotonic() - began >= seconds:
                break
            at = len(done)
            drawn = first[at] if at < len(first) else proposing.propose(done, space, seed, bench.measure.direction)
            if drawn is None:
                break
            study.add_trial(_try(name, {**defaults, **drawn}, space, bench, study))
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

    rungs: tuple[Rung, ...]
    listable: pa.Array
    measure: Measure

    @classmethod
    def of(cls, training: TrainingSet, seed: int, measure: Measure) -> "_Bench":
        """Divide the training set."""
        if training.split is None:
            raise JobError("nothing was searched: this training set cannot be divided into an earlier and a later part")
        split = training.split()
        if not split.viewers.num_rows:
            raise JobError("nothing was searched: no viewer liked a new title in the later part of the training data")
        return cls(rungs(split, seed), split.listable, measure)

    def __str__(self) -> str:
        whole = self.rungs[-1]
        climbed = ", ".join(str(rung.percent) for rung in self.rungs)
        return (
            f"{len(whole.training.title_ids)} titles as of {whole.training.as_of.isoformat()}, "
            f"{whole.viewers.num_rows} viewers, by {self.measure.name} on rungs of {climbed} %"
        )


def _try(name: str, values: Mapping[str, Any], space: Space, bench: _Bench, study: Study) -> FrozenTrial:
    """Fit and judge one set of parameters, rung by rung."""
    began = time.monotonic()
    params, distributions = proposing.within(values, space)
    reached: dict[int, float] = {}
    figures: dict[str, list[float]] = {}

    def ended(state: TrialState, line: str = "") -> FrozenTrial:
        kept = {"parameters": dict(values), "seconds": time.monotonic() - began, "line": line}
        return create_trial(
            state=state,
            value=reached[ALL] if state is TrialState.COMPLETE else None,
            params=params,
            distributions=distributions,
            intermediate_values=reached,
            # What later trials are held against.
            user_attrs=kept | ({"figures": figures} if state is TrialState.COMPLETE else {}),
        )

    try:
        parameters = recommenders.parameters_of(name, values)
        for rung in bench.rungs:
            model = recommenders.find(name).fit(rung.training, parameters)
            found, counts = bench.measure.of(model, rung.viewers, bench.listable)
            reached[rung.percent] = bench.measure.value(found, counts)
            if rung.percent != ALL:
                # Text, as JSON has no other names.
                figures[str(rung.percent)] = np.round(found, _DIGITS).tolist()
                if _is_poor(rung.percent, reached[rung.percent], found, study, bench.measure):
                    return ended(TrialState.PRUNED)
    except JobError as failed:
        return ended(TrialState.FAIL, str(failed))
    return ended(TrialState.COMPLETE)


def _is_poor(percent: int, value: float, figures: Floats, study: Study, measure: Measure) -> bool:
    """Whether a trial ends on a rung: clearly worse there than the best trial was, and worse than the median."""
    best = _best(study.get_trials(deepcopy=False), measure)
    if best is None:
        return False
    there = np.array(best.user_attrs["figures"][str(percent)])
    ahead = paired_interval(measure.sign * np.round(figures, _DIGITS), measure.sign * there, seed=0)
    now = create_trial(state=TrialState.RUNNING, intermediate_values={percent: value})
    return ahead.high < 0 and _MEDIAN.prune(study, now)


def _best(trials: Sequence[FrozenTrial], measure: Measure) -> FrozenTrial | None:
    """The complete trial of the best figure, the first of equals."""
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    return max(complete, key=lambda trial: measure.sign * (trial.value or 0.0), default=None)


def _trial(trial: FrozenTrial) -> Trial:
    """As the rest of the project knows it."""
    kept, climbed = trial.user_attrs, trial.intermediate_values
    state = _STATES[trial.state]
    value = None if state == "failed" else climbed[max(climbed)]
    return Trial(trial.number + 1, state, kept["parameters"], value, kept["seconds"], kept["line"], climbed)
