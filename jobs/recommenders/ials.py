"""Implicit ALS on the cores of one machine: the fast challenger.

The model of Hu, Koren and Volinsky (2008), "Collaborative filtering for implicit feedback datasets", fitted in memory by
the library ``implicit``, after Takács, Pilászy and Tikk (2011), "Applications of the conjugate gradient method for
implicit feedback collaborative filtering". Unlike Spark MLlib's, λ is the same for every viewer and title, however long
the history; so good values of λ are larger, and grow with the length of histories.
"""

from dataclasses import dataclass
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

from jobs.scoring.fold_in import gram, solve_implicit
from jobs.scoring.histories import Histories
from jobs.scoring.liked import faded, liked
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
    alpha: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 2.0
    """Confidence is 1 + α · preference weight."""
    iterations: Annotated[int, Field(ge=1, le=100)] = 12
    """Alternations between viewers and titles."""
    half_life_days: Annotated[float | None, Field(gt=0)] = None
    """Days after which a preference counts half; never, if None."""
    solver: Literal["cholesky", "cg"] = "cg"
    """Rows solved exactly, or by three steps of conjugate gradients: several times faster."""
    seed: int = 7
    """Seed of the first factors."""


SPACE: Space = {
    "rank": Whole(32, 256, log=True),
    "reg_param": Real(0.3, 300.0, log=True),
    "alpha": Real(0.5, 20.0, log=True),
    "iterations": Whole(8, 20),
    "half_life_days": Choice((None, 30, 90, 180, 365)),
}


@dataclass(frozen=True)
class Model:
    """Title factors and the hyper-parameters that viewers' factors are solved with. It holds no viewers."""

    title_ids: pa.Array
    factors: Floats
    parameters: Parameters

    @cached_property
    def _gram(self) -> NDArray[np.float64]:
        """YᵀY."""
        return gram(self.factors)

    def viewer_factors(self, histories: Histories) -> Floats:
        """Solve each viewer's factor exactly.

        x_u = (YᵀY + Σ α w y yᵀ + λ I)⁻¹ Σ (1 + α w) y, over the viewer's positive weights w.
        """
        preferences = faded(histories, self.parameters.half_life_days)
        ridge = np.full(len(histories), self.parameters.reg_param)
        return solve_implicit(self.factors, self._gram, preferences, self.parameters.alpha, ridge)

    def scores(self, histories: Histories) -> Floats:
        """Viewers by titles of predicted preference."""
        return self.viewer_factors(histories) @ self.factors.T

    def save(self, folder: Path) -> None:
        """Write one array and two JSON files."""
        store(folder, self.title_ids, self.parameters, {"factors": self.factors})


def fit(training: TrainingSet, parameters: Parameters) -> Model:
    """Fit title factors, over every title with a positive weight, most popular first.

    Same rows, parameters and threads: same factors.
    """
    known = liked(training, parameters.half_life_days)
    weights = known.preferences
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


def load(folder: Path) -> Model:
    """Read what ``save`` wrote; the factors stay on disk, mapped into memory."""
    held = stored(folder)
    return Model(held.title_ids, held.array("factors"), Parameters(**held.parameters))
