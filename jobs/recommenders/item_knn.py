"""Item-based nearest neighbours: a title is foretold by the titles that the same viewers liked.

Sarwar, Karypis, Konstan and Riedl (2001), "Item-based collaborative filtering recommendation algorithms"; weighting and
shrinkage as compared by Ferrari Dacrema, Cremonesi and Jannach (2019), "Are we really making much progress?". It holds
similarities between titles, and no viewers.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from scipy.sparse import csr_matrix

from jobs.scoring.histories import Histories
from jobs.scoring.liked import faded, liked, newest
from jobs.scoring.neighbours import Weigher, Weighting, find_neighbours
from jobs.scoring.reasons import Cells, Terms, weighted_terms
from jobs.scoring.space import Choice, Real, Space, Whole
from jobs.scoring.stored import store, stored
from jobs.scoring.top_n import Floats
from jobs.scoring.training_set import TrainingSet


@checked(frozen=True)
class Parameters:
    """Hyper-parameters under their names in Ferrari Dacrema et al. (2019)."""

    neighbours: Annotated[int, Field(ge=1, le=5000)] = 200
    """k: titles that a title is foretold by, the most similar ones."""
    shrinkage: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 20.0
    """Added to the product of two titles' lengths: titles with few fans do not look alike by chance."""
    weighting: Weighting = "tfidf"
    """What a preference says of a title: cosine its weight, tfidf and bm25 less if the viewer likes a great deal."""
    half_life_days: Annotated[float | None, Field(gt=0)] = None
    """Days after which a preference counts half, when fitting and when scoring; never, if None."""
    history_cap: Annotated[int | None, Field(ge=1)] = 1000
    """Only so many newest preferences of a viewer are learned from, as the cost grows with their square; all, if None."""


SPACE: Space = {
    "neighbours": Whole(10, 500, log=True),
    "shrinkage": Real(0.1, 300.0, log=True),
    "weighting": Choice(("cosine", "tfidf", "bm25")),
    "half_life_days": Choice((None, 10, 30, 90, 180, 365)),
}


@dataclass(frozen=True)
class Model:
    """For each title, what it adds to the scores of those titles whose neighbour it is."""

    title_ids: pa.Array
    similarities: csr_matrix
    """Titles known by titles foretold."""
    parameters: Parameters

    def scores(self, histories: Histories) -> Floats:
        """Viewers by titles: the sum of a title's similarities to what the viewer likes, times the preference weights."""
        preferences = faded(histories, self.parameters.half_life_days)
        scores: Floats = (preferences @ self.similarities).toarray().astype(np.float32, copy=False)
        return scores

    def terms(self, histories: Histories) -> Terms:
        """Each liked title's similarity times its preference weight."""
        return weighted_terms(faded(histories, self.parameters.half_life_days), Cells(self.similarities))

    def likeness(self, rows: NDArray[np.int64]) -> Floats:
        """Some titles by all titles of similarities."""
        return np.asarray(self.similarities[rows].toarray(), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write a sparse matrix as arrays, and two JSON files."""
        store(folder, self.title_ids, self.parameters, {"similarities": self.similarities})


def fit(training: TrainingSet, parameters: Parameters) -> Model:
    """Find each title's neighbours, over every title with a positive weight, most popular first."""
    known = liked(training, parameters.half_life_days)
    ages = known.columns(training.histories.ages)
    by_title = newest(known.preferences, ages, parameters.history_cap).T.tocsr()
    found = find_neighbours(
        Weigher.of(by_title, parameters.weighting).weigh(by_title),
        parameters.neighbours,
        parameters.shrinkage,
        training.spark,
        training.cores,
        training.work,
    )
    return Model(known.title_ids, found.T.tocsr(), parameters)


def load(folder: Path) -> Model:
    """Read what ``save`` wrote, mapped into memory."""
    held = stored(folder)
    return Model(held.title_ids, held.matrix("similarities"), Parameters(**held.parameters))
