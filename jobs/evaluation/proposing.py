"""What Optuna does for a search: proposes parameters from those tried so far, and keeps the trials in a file.

Bergstra et al. (2011), "Algorithms for hyper-parameter optimization": the tree-structured Parzen estimator (TPE) draws
what is likelier under the better trials than under the others. A proposal follows from the finished trials and a seed
alone, so a search that was stopped and resumed proposes what one that was never stopped would have.
"""

import fcntl
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial

from jobs.errors import JobError
from jobs.evaluation.measures import Direction
from jobs.scoring.space import Choice, Real, Space, Whole

_BY_CHANCE = 8
"""The first trials are spread over the space; with fewer, TPE takes chance for a pattern."""
_ASKED_AGAIN = 20
"""So often another draw is asked for, where what was drawn has been tried."""
_SEARCH = "search"
_OF = "of"
"""Attribute of a stored search: what it was of."""


def propose(trials: Sequence[FrozenTrial], space: Space, seed: int, direction: Direction) -> Mapping[str, Any] | None:
    """Parameters worth trying next.

    Args:
        trials: The finished ones, in order.
        space: What is searched.
        seed: Seed of the search.
        direction: maximize or minimize.

    Returns:
        Name → value; None where everything that was drawn has been tried.
    """
    distributions = {name: _distribution(values) for name, values in space.items()}
    tried = [trial.params for trial in trials]
    for attempt in range(_ASKED_AGAIN):
        drawn = np.random.SeedSequence([seed, len(trials), attempt]).generate_state(1)
        sampler = optuna.samplers.TPESampler(seed=int(drawn[0]), n_startup_trials=_BY_CHANCE)
        study = optuna.create_study(sampler=sampler, direction=direction)
        study.add_trials(trials)
        params = study.ask(distributions).params
        if params not in tried:
            return params
    return None


def within(values: Mapping[str, Any], space: Space) -> tuple[dict[str, Any], dict[str, BaseDistribution]]:
    """The values that the space holds, and where they are from, as a trial carries them.

    A default may lie outside of the space: it is tried, and says nothing about the space.
    """
    held = {name: values[name] for name, one in space.items() if _holds(one, values[name])}
    return held, {name: _distribution(space[name]) for name in held}


@contextmanager
def stored(storage: Path | None, of: str, direction: Direction, *, resumes: bool) -> Iterator[optuna.Study]:
    """A study, kept in a SQLite file if one is named.

    Args:
        storage: The file.
        of: What is searched and on what: another search does not go on in its file.
        direction: maximize or minimize.
        resumes: Whether what is in the file already goes on; else it is deleted.

    Raises:
        JobError: The file holds another search, or another process is searching in it.
    """
    # It would say that it made a study; what it finds wrong it still says.
    optuna.logging.set_verbosity(logging.WARNING)
    if storage is None:
        yield optuna.create_study(direction=direction)
        return
    storage.parent.mkdir(parents=True, exist_ok=True)
    with storage.with_suffix(".lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JobError(
                f"nothing was searched: another process searches in {storage}; wait for it, or end it"
            ) from None
        if not resumes:
            # Not before the lock is held: another process may be searching in it.
            storage.unlink(missing_ok=True)
        study = optuna.create_study(
            storage=f"sqlite:///{storage.absolute()}", study_name=_SEARCH, direction=direction, load_if_exists=True
        )
        if study.user_attrs.setdefault(_OF, of) != of:
            raise JobError(
                f"nothing was searched: {storage} holds a search of {study.user_attrs[_OF]}, which is not one of {of}; "
                "leave --resume out to begin anew"
            )
        study.set_user_attr(_OF, of)
        yield study


def _distribution(values: Real | Whole | Choice) -> BaseDistribution:
    """As Optuna says the same."""
    if isinstance(values, Choice):
        return CategoricalDistribution(values.values)
    if isinstance(values, Real):
        return FloatDistribution(values.low, values.high, log=values.log)
    return IntDistribution(values.low, values.high, log=values.log)


def _holds(values: Real | Whole | Choice, value: Any) -> bool:
    """Whether a value is one of these; None is no number."""
    if isinstance(values, Choice):
        return value in values.values
    return value is not None and values.low <= value <= values.high
