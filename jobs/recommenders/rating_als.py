"""The rating model: means of titles and viewers, latent factors of what is left, and neighbours.

    predicted rating = μ + b_u + b_i + f · x_u · y_i + g · Σ_j s_ij e_uj / (Σ_j s_ij + damping)

b are means damped by a number of made-up ratings of no news (Koren 2010, "Factor in the neighbors", section 2.1). e is a
rating less μ + b_u + b_i; explicit ALS by Spark MLlib learns its factors, regularised by the number of a row's ratings
(Zhou et al. 2008, "Large-scale parallel collaborative filtering for the Netflix prize"), and s is the cosine of two titles'
e, with shrinkage, over the viewer's rated titles j. Factors see the large lines and neighbours the small ones, so each is
added with less than its whole weight.

It holds titles and no viewers: b_u and x_u are solved from the viewer's ratings. It is made to foretell ratings; lists by
predicted rating lose against almost anything that learns from what was watched at all.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from scipy.sparse import csr_matrix

from jobs.errors import JobError
from jobs.recommenders.als import title_factors
from jobs.scoring.fold_in import Fit, solve_viewers
from jobs.scoring.histories import Histories
from jobs.scoring.liked import by_popularity, rows_of
from jobs.scoring.neighbours import find_neighbours
from jobs.scoring.reasons import Cells, Positions, Reals, Terms, Turned, fold_in_terms
from jobs.scoring.space import Real, Space, Whole
from jobs.scoring.stored import store, stored
from jobs.scoring.top_n import Floats
from jobs.scoring.training_set import TrainingSet

_HIGHEST = 10.0
"""Ratings are from 0 to this."""
_ROUNDS = 5
"""Alternations between the means of titles and of viewers: later ones change the third digit of none."""


@checked(frozen=True)
class Parameters:
    """Hyper-parameters; what has a unit is in ratings from 0 to 10."""

    rank: Annotated[int, Field(ge=1, le=512)] = 32
    """Number of latent factors."""
    reg_param: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.26
    """λ: regularisation of factors, times the number of a row's ratings."""
    iterations: Annotated[int, Field(ge=1, le=100)] = 12
    """Alternations between viewers and titles."""
    title_damping: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 3.0
    """Ratings at the mean that are added to each title's."""
    viewer_damping: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 7.0
    """Ratings at the mean that are added to each viewer's."""
    factor_weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.7
    """f: how much of the factors' product is added."""
    neighbour_weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.8
    """g: how much of what the neighbours say is added."""
    neighbours: Annotated[int, Field(ge=1, le=5000)] = 200
    """k: titles that a title is foretold by, the most similar ones."""
    shrinkage: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 40.0
    """Added to the product of two titles' lengths: titles with few ratings do not look alike by chance."""
    damping: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.5
    """Similarity that is added to that of the rated neighbours: a few that are hardly alike say little."""
    seed: int = 7
    """Seed of the first factors."""


SPACE: Space = {
    "rank": Whole(8, 64, log=True),
    "reg_param": Real(0.1, 0.6, log=True),
    "iterations": Whole(8, 16),
    "title_damping": Real(1.0, 20.0, log=True),
    "viewer_damping": Real(1.0, 20.0, log=True),
    "factor_weight": Real(0.3, 1.2),
    "neighbour_weight": Real(0.0, 1.2),
    "shrinkage": Real(5.0, 500.0, log=True),
    "damping": Real(0.05, 5.0, log=True),
}


@dataclass(frozen=True)
class Model:
    """What was learned of titles."""

    title_ids: pa.Array
    mean: float
    """μ."""
    deviations: Floats
    """b_i."""
    factors: Floats
    similarities: csr_matrix
    """Titles known by titles foretold."""
    parameters: Parameters

    def scores(self, histories: Histories) -> Floats:
        """Viewers by titles of predicted ratings, not cut to the scale, so that the best of them differ."""
        p = self.parameters
        rated = histories.ratings
        own, left = self._residuals(rated)
        scores: Floats = self._viewer_factors(left) @ (p.factor_weight * self.factors.T)
        if p.neighbour_weight:
            said, similar = ((cells @ self.similarities).toarray() for cells in (left, _ones(left)))
            scores += p.neighbour_weight * said / (similar + p.damping)
        scores += np.float32(self.mean) + own[:, np.newaxis].astype(np.float32) + self.deviations
        return scores

    def predict(
        self, histories: Histories, viewers: NDArray[np.integer], titles: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """The ratings that viewers would give, 0 to 10.

        Args:
            histories: What the viewers know.
            viewers: A row of the histories for each rating asked for.
            titles: A position among the model's titles for each; -1 for a title that the model does not know.
        """
        own, _ = self._residuals(histories.ratings)
        known = self.scores(histories)[viewers, titles].astype(np.float64)
        predicted: NDArray[np.float64] = np.where(titles >= 0, known, self.mean + own[viewers])
        return np.clip(predicted, 0.0, _HIGHEST)

    def likeness(self, rows: NDArray[np.int64]) -> Floats:
        """Some titles by all titles of similarities."""
        return np.asarray(self.similarities[rows].toarray(), dtype=np.float32)

    def _residuals(self, rated: csr_matrix) -> tuple[NDArray[np.float64], csr_matrix]:
        """b_u of each viewer, and what is left of each rating."""
        return _own_means(rated, self.mean, self.deviations.astype(np.float64), self.parameters.viewer_damping)

    def _viewer_factors(self, left: csr_matrix) -> Floats:
        """x_u = (Σ y yᵀ + λ n_u I)⁻¹ Σ e y, over the viewer's n_u ratings: one half-iteration of ALS."""
        return solve_viewers(self._alone, _ones(left), left, self._ridge(left))

    def _ridge(self, left: csr_matrix) -> NDArray[np.float64]:
        """λ n_u of each viewer."""
        ridge: NDArray[np.float64] = self.parameters.reg_param * np.diff(left.indptr)
        return ridge

    @cached_property
    def _alone(self) -> Fit:
        return Fit.alone(self.factors)

    @cached_property
    def _turned(self) -> Turned:
        """The factors as they are: titles outside a history do not count."""
        return Turned(np.asarray(self.factors), np.zeros(self.factors.shape[1]))

    def terms(self, histories: Histories) -> Terms:
        """What each rated title adds to the factors' product and to what neighbours say.

        The means add the same whatever title of the viewer's one looks at. A title that the viewer rated below what the means
        foretell, or does not like, is named nowhere: it may add to a score, but nobody was ever won by it.
        """
        _, left = self._residuals(histories.ratings)
        by_factors = fold_in_terms([self._turned], _ones(left), left, self._ridge(left))
        similar = Cells(self.similarities)
        row = rows_of(left)
        liked = (
            np.asarray(histories.preferences[row, left.indices]).ravel() > 0 if len(row) else np.empty(0, dtype=bool)
        )
        is_named = liked & (left.data > 0)
        p = self.parameters

        def terms(viewer: int, titles: Positions) -> tuple[Positions, Reals]:
            cells = slice(left.indptr[viewer], left.indptr[viewer + 1])
            known, added = by_factors(viewer, titles)
            near = similar(known, titles).T
            total = near.sum(axis=1, keepdims=True) + p.damping
            added = p.factor_weight * added + p.neighbour_weight * near * left.data[cells] / total
            return known[is_named[cells]], added[:, is_named[cells]]

        return terms

    def save(self, folder: Path) -> None:
        """Write arrays and two JSON files."""
        arrays = {"factors": self.factors, "deviations": self.deviations, "mean": np.array([self.mean])}
        store(folder, self.title_ids, self.parameters, arrays | {"similarities": self.similarities})


def _ones(cells: csr_matrix) -> csr_matrix:
    return csr_matrix((np.ones_like(cells.data), cells.indices, cells.indptr), shape=cells.shape)


def _own_means(
    rated: csr_matrix, mean: float, deviations: NDArray[np.float64], damping: float
) -> tuple[NDArray[np.float64], csr_matrix]:
    """Each row's damped mean of what its ratings differ from μ + b of the columns, and what is left after it."""
    counts = np.diff(rated.indptr)
    row = rows_of(rated)
    differences = rated.data.astype(np.float64) - mean - deviations[rated.indices]
    own = np.bincount(row, differences, minlength=len(counts)) / np.maximum(counts + damping, 1e-9)
    left = csr_matrix(((differences - own[row]).astype(np.float32), rated.indices, rated.indptr), shape=rated.shape)
    return own, left


def fit(training: TrainingSet, parameters: Parameters) -> Model:
    """Learn from every rating, over every rated title, most rated first. Ratings are held in memory while fitting.

    Raises:
        JobError: Nobody rated anything.
    """
    every = training.histories.ratings
    positions = by_popularity(np.bincount(every.indices, minlength=every.shape[1]))
    if not len(positions):
        raise JobError("recommender rating_als: no model was fitted: nobody rated anything; set REELHOUSE_RECOMMENDER")
    rated = csr_matrix(every[:, positions])
    rated.sort_indices()
    mean = float(rated.data.mean(dtype=np.float64))
    by_title = rated.T.tocsr()
    own = np.zeros(rated.shape[0])
    for _ in range(_ROUNDS):
        deviations, _ = _own_means(by_title, mean, own, parameters.title_damping)
        own, left = _own_means(rated, mean, deviations, parameters.viewer_damping)
    similarities = find_neighbours(
        left.T.tocsr(), parameters.neighbours, parameters.shrinkage, training.spark, training.cores, training.work
    )
    return Model(
        training.title_ids.take(pa.array(positions)),
        mean,
        deviations.astype(np.float32),
        _factors(training, left, parameters),
        similarities.T.tocsr(),
        parameters,
    )


def _factors(training: TrainingSet, left: csr_matrix, parameters: Parameters) -> Floats:
    """Titles' factors of what is left of ratings, by Spark MLlib. Same rows, parameters and cores: same factors."""
    rows = pa.table(
        {"viewer": rows_of(left).astype(np.int32), "title": left.indices.astype(np.int32), "rest": left.data}
    )
    rests = training.spark().createDataFrame(rows)
    settings = {
        "rank": parameters.rank,
        "maxIter": parameters.iterations,
        "regParam": parameters.reg_param,
        "seed": parameters.seed,
    }
    return title_factors(rests, "rest", left.shape[1], training.cores, settings)


def load(folder: Path) -> Model:
    """Read what ``save`` wrote, mapped into memory."""
    held = stored(folder)
    return Model(
        held.title_ids,
        float(held.array("mean")[0]),
        held.array("deviations"),
        held.array("factors"),
        held.matrix("similarities"),
        Parameters(**held.parameters),
    )
