"""A recommender of which the best parameters are known. Tests put this file beside jobs/recommenders/.

A viewer has seen one title, which says how hard the viewer is to please: the share of viewers for whom the wanted title
comes first falls with the distance of the parameters from the best ones.
"""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
from pydantic import Field
from pydantic.dataclasses import dataclass as checked

from jobs.errors import JobError
from jobs.scoring.histories import Histories
from jobs.scoring.space import Choice, Real, Space
from jobs.scoring.top_n import Floats
from jobs.scoring.training_set import Split, TrainingSet
from tests.recommenders.planted import in_memory

BEST = 3.0
BREAKS_ABOVE = 50.0
VIEWERS = 400
_WANTED, _OTHER = "wanted", "other"


@checked(frozen=True)
class Parameters:
    """A number and a kind."""

    size: Annotated[float, Field(gt=0)] = 0.02
    """Best at 3, from which it is measured in powers of e."""
    kind: str = "plain"
    """Best if round."""
    pause_seconds: float = 0.0
    """What a fit takes."""


SPACE: Space = {"size": Real(0.01, 100.0, log=True), "kind": Choice(("plain", "round", "square"))}


@dataclass(frozen=True)
class Model:
    """Pleases a share of the viewers."""

    title_ids: pa.Array
    pleased: float

    def scores(self, histories: Histories) -> Floats:
        """The wanted title first for those who are easy to please, another for the rest."""
        hard = np.asarray(histories.seen.argmax(axis=1)).ravel() / VIEWERS
        scores = np.zeros((len(histories), len(self.title_ids)), dtype=np.float32)
        scores[:, VIEWERS] = hard < self.pleased
        scores[:, VIEWERS + 1] = hard >= self.pleased
        return scores

    def save(self, folder: Path) -> None:
        """It is never kept."""
        raise NotImplementedError


def fit(training: TrainingSet, parameters: Parameters) -> Model:
    """Learn nothing, in the time that it takes."""
    if parameters.size > BREAKS_ABOVE:
        raise JobError(f"recommender peak: no model was fitted: size={parameters.size} is too large")
    time.sleep(parameters.pause_seconds)
    pleased = 0.9 * math.exp(-0.2 * abs(math.log(parameters.size / BEST))) - 0.3 * (parameters.kind != "round")
    return Model(training.title_ids, pleased)


def training_set() -> TrainingSet:
    """One that divides into viewers who have seen one title each, and want one and the same."""
    title_ids = [f"seen{at:03d}" for at in range(VIEWERS)] + [_WANTED, _OTHER]
    viewers = pa.table(
        {
            "user_id": [f"u{at:03d}" for at in range(VIEWERS)],
            "title_ids": [[title] for title in title_ids[:VIEWERS]],
            "weights": [[1.0]] * VIEWERS,
            "held_out": [[_WANTED]] * VIEWERS,
        }
    )
    known = in_memory([(at, at, 1.0) for at in range(VIEWERS)], title_ids)
    split = Split(known, viewers, pa.array([_WANTED, _OTHER]))
    return TrainingSet(known.title_ids, known.as_of, 1, known.rows, known.spark, lambda: split)
