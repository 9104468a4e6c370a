"""EASE: a linear model of titles by titles, solved in closed form.

Steck (2019), "Embarrassingly shallow autoencoders for sparse data": with X viewers by titles and P = (XᵀX + λI)⁻¹, the
weights B = I - P · diag(1 / diag P) foretell each title from all others, and a viewer's scores are the viewer's row of X
times B. It holds weights between titles, and no viewers. Popularity of the last days may be added: under a split by time,
what is watched now says more than B knows.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from scipy.linalg.lapack import spotrf, spotri
from scipy.sparse import csr_matrix

from jobs.errors import JobError
from jobs.scoring.histories import Histories
from jobs.scoring.liked import faded, liked
from jobs.scoring.reasons import Terms, weighted_terms
from jobs.scoring.space import Choice, Real, Space
from jobs.scoring.stored import store, stored
from jobs.scoring.top_n import Floats
from jobs.scoring.training_set import TrainingSet

MOST_TITLES = 25_000
"""25,000² weights of 4 bytes: 2.5 GB, in memory once while fitting, and on disk."""
_BYTES = 4
_CELLS_AT_ONCE = 16_000_000
"""Cells of XᵀX that are sparse before they are written into their place: up to 200 MB."""


@checked(frozen=True)
class Parameters:
    """The hyper-parameter of Steck (2019), and what time does to preferences."""

    reg_param: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 400.0
    """λ: regularisation of the weights; larger for larger sets."""
    half_life_days: Annotated[float | None, Field(gt=0)] = None
    """Days after which a preference counts half, in X when fitting and in a viewer's row when scoring; never, if None."""
    recency_weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """What is added to a title's score: so much times log(1 + viewers of the last days)."""
    recency_days: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 7.0
    """Viewers who interacted with the title in the last so many days are counted."""


SPACE: Space = {
    "reg_param": Real(20.0, 2000.0, log=True),
    "half_life_days": Choice((None, 10, 30, 90, 180, 365)),
    "recency_weight": Choice((0.0, 0.03, 0.1, 0.2, 0.4, 1.0, 2.0)),
    "recency_days": Choice((1, 3, 7, 14, 30)),
}
STARTS = ({"recency_weight": 0.2, "recency_days": 7}, {"recency_weight": 1.0, "recency_days": 7})
"""Recipes that a search tries after the defaults: what was watched in the last week, beside what the viewer likes."""


@dataclass(frozen=True)
class Model:
    """Titles by titles of weights, and what recency adds to each title's score."""

    title_ids: pa.Array
    weights: Floats
    recency: Floats
    parameters: Parameters

    def scores(self, histories: Histories) -> Floats:
        """Viewers by titles; of a viewer of whom nothing good is known, recency alone."""
        preferences = faded(histories, self.parameters.half_life_days)
        scores: Floats = np.asarray(preferences @ self.weights, dtype=np.float32)
        scores += self.recency
        return scores

    def terms(self, histories: Histories) -> Terms:
        """w_j B_ji of what the viewer likes; what recency adds comes of nothing that the viewer did."""
        preferences = faded(histories, self.parameters.half_life_days)
        return weighted_terms(preferences, lambda known, titles: self.weights[np.ix_(known, titles)])

    def likeness(self, rows: NDArray[np.int64]) -> Floats:
        """Some titles by all titles of weights."""
        return np.array(self.weights[rows])

    def save(self, folder: Path) -> None:
        """Write two arrays and two JSON files."""
        store(folder, self.title_ids, self.parameters, {"weights": self.weights, "recency": self.recency})


def fit(training: TrainingSet, parameters: Parameters) -> Model:
    """Solve the weights between all titles with a positive weight, most popular first.

    Raises:
        JobError: There are more titles than fit into memory.
    """
    known = liked(training, parameters.half_life_days)
    titles = len(known.title_ids)
    if titles > MOST_TITLES:
        raise JobError(
            f"recommender ease: no model was fitted: {titles:,} titles would take {titles**2 * _BYTES / 1e9:.1f} GB, and it "
            f"ends at {MOST_TITLES:,} ({MOST_TITLES**2 * _BYTES / 1e9:.1f} GB); set REELHOUSE_RECOMMENDER to another"
        )
    weights = _solve(_products(known.preferences), parameters.reg_param)
    ages = training.histories.ages
    recent = np.bincount(ages.indices[ages.data <= parameters.recency_days], minlength=ages.shape[1])[known.positions]
    return Model(
        known.title_ids, weights, (parameters.recency_weight * np.log1p(recent)).astype(np.float32), parameters
    )


def _products(preferences: csr_matrix) -> Floats:
    """XᵀX, dense, made of blocks of rows that are sparse: a product of two sparse matrices costs no more than its pairs."""
    titles = preferences.shape[1]
    products = np.empty((titles, titles), dtype=np.float32, order="F")
    by_title = preferences.T.tocsr()
    rows = max(1, _CELLS_AT_ONCE // max(1, titles))
    for start in range(0, titles, rows):
        # XᵀX is symmetrical: what are rows here are columns of the array, whose columns are contiguous.
        products[:, start : start + rows] = (by_title[start : start + rows] @ preferences).toarray().T
    return products


def _solve(products: Floats, reg_param: float) -> Floats:
    """B of XᵀX, in its place: Cholesky's factor, the inverse of which LAPACK fills one triangle, and the weights.

    Raises:
        JobError: The matrix cannot be inverted in float32.
    """
    titles = len(products)
    diagonal = np.arange(titles)
    products[diagonal, diagonal] += reg_param
    factor, failed = spotrf(products, lower=True, overwrite_a=True, clean=False)
    inverse, failed_too = spotri(factor, lower=True, overwrite_c=True)
    if failed or failed_too:
        raise JobError(
            f"recommender ease: no model was fitted: reg_param={reg_param} is too small for these preferences"
        )
    for column in range(titles):
        inverse[column, column + 1 :] = inverse[column + 1 :, column]
    # The inverse is symmetrical, so its transpose, whose rows are contiguous, is the same: B_ij = -P_ij / P_jj.
    weights: Floats = inverse.T
    weights /= -inverse[diagonal, diagonal].copy()
    weights[diagonal, diagonal] = 0.0
    return weights


def load(folder: Path) -> Model:
    """Read what ``save`` wrote; the weights stay on disk, mapped into memory."""
    held = stored(folder)
    return Model(held.title_ids, held.array("weights"), held.array("recency"), Parameters(**held.parameters))
