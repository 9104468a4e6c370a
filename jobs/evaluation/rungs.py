"""Rungs of a search: a sample of viewers on which a poor trial ends cheaply, before it is fitted on all of them.

After Li et al. (2018), "Hyperband: a novel bandit-based approach to hyperparameter optimization". A rung learns from a
share of the viewers and is judged on the same share of those to judge on; each holds the viewers of the one below. Another
amount of data may have other best parameters, so a rung prunes nothing but what is clearly poor, see
:mod:`jobs.evaluation.tuning`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.scoring.training_set import Split, TrainingSet

ALL = 100
_PERCENT = (11, ALL)
"""A third in between costs those who pass it more than it saves: on MovieTweetings it pruned a quarter of the trials, and a
search with it took a fifth more."""
_FEWEST = 1_000
"""Viewers to judge on, below which a rung says nothing: small sets have one rung, all viewers."""
_MOST = 2_000
"""So many tell a clearly poor trial; their figures are kept with each."""


@dataclass(frozen=True)
class Rung:
    """What a trial learns from and is judged on before it goes on."""

    percent: int
    """Share of the viewers, in percent."""
    training: TrainingSet
    viewers: pa.Table


def rungs(split: Split, seed: int) -> tuple[Rung, ...]:
    """The rungs of a search, the last one of all viewers.

    Args:
        split: What is learned from and what is judged on.
        seed: Seed of who is in the samples.
    """
    judged = split.viewers.num_rows
    found = []
    for percent in _PERCENT:
        if percent == ALL:
            found.append(Rung(ALL, split.training, split.viewers))
        elif (count := judged * percent // ALL) >= _FEWEST:
            chosen = np.sort(_mixed(judged, seed)[: min(count, _MOST)])
            found.append(Rung(percent, _sample(split.training, percent, seed), split.viewers.take(chosen)))
    return tuple(found)


def _sample(training: TrainingSet, percent: int, seed: int) -> TrainingSet:
    """The rows of a share of the viewers; what is divided off later is of a share, too."""
    viewer = training.table["viewer"].to_numpy()
    count = int(viewer.max(initial=-1)) + 1
    is_chosen = np.zeros(count, dtype=bool)
    is_chosen[_mixed(count, seed)[: -(-count * percent // ALL)]] = True
    rows = training.table.filter(pa.array(is_chosen[viewer]))
    return replace(training, rows=rows, split=training.split and partial(_sample_split, training.split, percent, seed))


def _sample_split(split: Callable[[], Split], percent: int, seed: int) -> Split:
    """The same share of a division, of whom it learns from and of whom it judges on."""
    whole = split()
    judged = whole.viewers.num_rows
    chosen = np.sort(_mixed(judged, seed)[: -(-judged * percent // ALL)])
    return Split(_sample(whole.training, percent, seed), whole.viewers.take(chosen), whole.listable)


def _mixed(count: int, seed: int) -> NDArray[np.int64]:
    """Numbers below ``count`` in an order of chance."""
    return np.random.default_rng(seed).permutation(count)
