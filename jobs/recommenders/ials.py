"""Implicit ALS on the cores of one machine: the fast challenger.

The model of Hu, Koren and Volinsky (2008), "Collaborative filtering for implicit feedback datasets", fitted in memory by
the library ``implicit``, after Takács, Pilászy and Tikk (2011), "Applications of the conjugate gradient method for
implicit feedback collaborative filtering". Unlike Spark MLlib's, λ is the same for every viewer and title, however long
the history; so good values of λ are larger, and grow with the length of histories. ``reg_per_weight`` adds a share for each
positive weight of a row: the two together are the regularisation of Rendle et al. (2022), "Revisiting the performance of iALS
on item recommendation benchmarks", whose λ (n_u + α₀ · rows) is a share and a constant. The library knows no such λ, so
then our own solver alternates.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from jobs.scoring.fold_in import Fit, gram, implicit_cells, solve_implicit
from jobs.scoring.histories import Histories
from jobs.scoring.liked import faded, graded, liked
from jobs.scoring.reasons import Terms, fold_in_terms
from jobs.scoring.space import Choice, Real, Space, Whole
from jobs.scoring.stored import store, stored
from jobs.scoring.top_n import Floats
from jobs.scoring.training_set import TrainingSet


@checked(frozen=True)
class Parameters:
    """Hyper-parameters under their names in Hu, Koren and Volinsky (2008)."""

    rank: Annotated[int, Field(ge=1, le=1024)] = 64
    """Number of latent factors."""
    reg_param: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 30.0
    """λ: regularisation, the same for every row."""
    reg_per_weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """What is added to a row's λ for each of its positive weights; above 0 rows are solved exactly, whatever the solver."""
    alpha: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 2.0
    """Confidence is 1 + α · preference weight."""
    iterations: Annotated[int, Field(ge=1, le=100)] = 12
    """Alternations between viewers and titles."""
    rating_power: Annotated[float, Field(ge=0, le=8, allow_inf_nan=False)] = 0.0
    """A weight of a title that was rated is multiplied by (rating / 7) to this power; 0: ratings say no more than weights."""
    half_life_days: Annotated[float | None, Field(gt=0)] = None
    """Days after which a preference counts half; never, if None."""
    solver: Literal["cholesky", "cg"] = "cg"
    """Rows solved exactly, or by three steps of conjugate gradients: several times faster."""
    seed: int = 7
    """Seed of the first factors."""


SPACE: Space = {
    "rank": Whole(32, 256, log=True),
    "reg_param": Real(0.3, 300.0, log=True),
    "reg_per_weight": Choice((0.0, 0.03, 0.08, 0.15)),
    "rating_power": Choice((0.0, 1.0, 1.5)),
    "alpha": Real(0.5, 20.0, log=True),
    "iterations": Whole(8, 20),
    "half_life_days": Choice((None, 30, 90, 180, 365)),
}
STARTS = ({"rank": 64, "reg_param": 12.0, "reg_per_weight": 0.08, "alpha": 0.7, "rating_power": 1.5},)
"""Recipes that a search tries after the defaults: of sets of ratings, where what was rated highly counts for more."""


@dataclass(frozen=True)
class Model:
    """Title factors and the hyper-parameters that viewers' factors are solved with. It holds no viewers."""

    title_ids: pa.Array
    factors: Floats
    parameters: Parameters

    @cached_property
    def _fit(self) -> Fit:
        return Fit.of(self.factors, gram(self.factors))

    def viewer_factors(self, histories: Histories) -> Floats:
        """Solve each viewer's factor exactly.

        x_u = (YᵀY + Σ α w y yᵀ + λ_u I)⁻¹ Σ (1 + α w) y, over the viewer's positive weights w.
        """
        return _solve(self._fit, _weighed(histories, self.parameters), self.parameters)

    def scores(self, histories: Histories) -> Floats:
        """Viewers by titles of predicted preference."""
        return self.viewer_factors(histories) @ self.factors.T

    def terms(self, histories: Histories) -> Terms:
        """Σ_j (1 + α w_j) y_iᵀ W_u y_j over what the viewer likes: the score, title by title."""
        preferences = _weighed(histories, self.parameters)
        evidence, wanted = implicit_cells(preferences, self.parameters.alpha)
        return fold_in_terms([self._fit], evidence, wanted, _ridge(preferences, self.parameters))

    def save(self, folder: Path) -> None:
        """Write one array and two JSON files."""
        store(folder, self.title_ids, self.parameters, {"factors": self.factors})


def _weighed(histories: Histories, parameters: Parameters) -> csr_matrix:
    """Preference weights, faded by age and graded by ratings."""
    preferences = faded(histories, parameters.half_life_days)
    return graded(replace(histories, preferences=preferences), parameters.rating_power)


def _solve(others: Fit, rows: csr_matrix, parameters: Parameters) -> Floats:
    """Factors of rows from those of the columns; λ of a row as Rendle et al. scale it."""
    return solve_implicit(others, rows, parameters.alpha, _ridge(rows, parameters))


def _ridge(rows: csr_matrix, parameters: Parameters) -> NDArray[np.float64]:
    """λ of each row: a constant, and a share for each of its weights."""
    ridge: NDArray[np.float64] = parameters.reg_param + parameters.reg_per_weight * np.diff(rows.indptr)
    return ridge


def fit(training: TrainingSet, parameters: Parameters) -> Model:
    """Fit title factors, over every title with a positive weight, most popular first.

    Same rows, parameters and threads: same factors.
    """
    known = liked(training, parameters.half_life_days)
    weights = known.columns(_weighed(training.histories, parameters)) if parameters.rating_power else known.preferences
    if parameters.reg_per_weight:
        return Model(known.title_ids, _alternate(weights, parameters), parameters)
    # The library takes a confidence as it is; a title outside a history has one of 1.
    confidence = (1.0 + parameters.alpha * weights.data).astype(np.float32)
    # One row at a time is solved on each thread: BLAS threads of their own would get in their way.
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=parameters.rank,
            regularization=parameters.reg_param,
            alpha=1.0,
            iterations=parameters.iterations,
            use_cg=parameters.solver == "cg",
            dtype=np.float32,
            num_threads=training.cores,
            random_state=parameters.seed,
        )
        model.fit(csr_matrix((confidence, weights.indices, weights.indptr), shape=weights.shape), show_progress=False)
    return Model(known.title_ids, np.ascontiguousarray(model.item_factors, dtype=np.float32), parameters)


def _alternate(weights: csr_matrix, parameters: Parameters) -> Floats:
    """Title factors, from first ones of length 1 in directions of chance."""
    titles = np.random.default_rng(parameters.seed).normal(size=(weights.shape[1], parameters.rank)).astype(np.float32)
    titles /= np.linalg.norm(titles, axis=1, keepdims=True)
    by_title = weights.T.tocsr()
    for _ in range(parameters.iterations):
        viewers = _solve(Fit.of(titles, gram(titles)), weights, parameters)
        titles = _solve(Fit.of(viewers, gram(viewers)), by_title, parameters)
    return titles


def load(folder: Path) -> Model:
    """Read what ``save`` wrote; the factors stay on disk, mapped into memory."""
    held = stored(folder)
    return Model(held.title_ids, held.array("factors"), Parameters(**held.parameters))
