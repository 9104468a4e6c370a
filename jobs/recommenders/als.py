"""Implicit ALS: Spark MLlib fits the titles' factors, viewers' factors are solved from their histories when asked for.

Hu, Koren and Volinsky (2008), "Collaborative filtering for implicit feedback datasets"; with MLlib's regularisation of a
row by the number of its positive weights, after Zhou et al. (2008), "Large-scale parallel collaborative filtering for the
Netflix prize".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

from jobs.scoring.fold_in import Fit, gram, implicit_cells, solve_implicit
from jobs.scoring.histories import Histories
from jobs.scoring.liked import USUAL_RATING, by_popularity, graded, nothing_liked
from jobs.scoring.reasons import Terms, fold_in_terms
from jobs.scoring.space import Choice, Real, Space, Whole
from jobs.scoring.stored import store, stored
from jobs.scoring.top_n import Floats
from jobs.scoring.training_set import TrainingSet


@checked(frozen=True)
class Parameters:
    """Hyper-parameters under their names in Hu, Koren and Volinsky (2008) and in Spark MLlib."""

    rank: Annotated[int, Field(ge=1, le=512)] = 32
    """Number of latent factors."""
    reg_param: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.3
    """λ: regularisation, times the number of a row's positive weights."""
    alpha: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 2.0
    """Confidence is 1 + α · preference weight."""
    iterations: Annotated[int, Field(ge=1, le=100)] = 10
    """Alternations between viewers and titles."""
    rating_power: Annotated[float, Field(ge=0, le=8, allow_inf_nan=False)] = 0.0
    """A weight of a title that was rated is multiplied by (rating / 7) to this power; 0: ratings say no more than weights."""
    ensemble: Annotated[int, Field(ge=1, le=16)] = 1
    """Fits from as many first factors, whose scores are added up: chance in one of them is not in the others."""
    seed: int = 7
    """Seed of the first factors."""


SPACE: Space = {
    "rank": Whole(32, 128, log=True),
    "reg_param": Real(0.05, 0.8, log=True),
    "alpha": Real(0.3, 10.0, log=True),
    "iterations": Whole(6, 16),
    "rating_power": Choice((0.0, 1.0, 1.5, 2.0)),
    # One fit's chance is larger than what most other parameters change: a search would choose by it.
    "ensemble": Choice((3,)),
}
STARTS = (
    # Where everything that was watched counts the same.
    {"rank": 64, "reg_param": 0.2, "alpha": 1.0, "iterations": 12, "ensemble": 3},
    # Of sets of ratings: what was rated highly counts for more.
    {"rank": 64, "reg_param": 0.16, "alpha": 0.5, "iterations": 10, "rating_power": 1.5, "ensemble": 3},
)
"""Recipes that a search tries after the defaults."""


@dataclass(frozen=True)
class Model:
    """Title factors and the hyper-parameters that viewers' factors are solved with. It holds no viewers."""

    title_ids: pa.Array
    factors: Floats
    parameters: Parameters

    @cached_property
    def _fits(self) -> list[Fit]:
        """Each fit: factors stand side by side."""
        fits = np.split(self.factors, self.parameters.ensemble, axis=1)
        return [Fit.of(factors, gram(factors)) for factors in fits]

    def viewer_factors(self, histories: Histories) -> Floats:
        """Solve each viewer's factor exactly: one half-iteration of ALS.

        x_u = (YᵀY + Σ α w y yᵀ + λ n_u I)⁻¹ Σ (1 + α w) y, over the viewer's n_u positive weights w.

        Args:
            histories: What the viewers know.

        Returns:
            Viewers by latent factors; zero for a viewer without a positive weight.
        """
        preferences, ridge = self._weighed(histories)
        alpha = self.parameters.alpha
        return np.hstack([solve_implicit(fit, preferences, alpha, ridge) for fit in self._fits])

    def _weighed(self, histories: Histories) -> tuple[csr_matrix, NDArray[np.float64]]:
        """Preference weights, graded by ratings, and λ n_u of each viewer."""
        preferences = graded(histories, self.parameters.rating_power)
        return preferences, self.parameters.reg_param * np.diff(preferences.indptr).astype(np.float64)

    def terms(self, histories: Histories) -> Terms:
        """Σ_j (1 + α w_j) y_iᵀ W_u y_j over what the viewer likes: the score, title by title."""
        preferences, ridge = self._weighed(histories)
        return fold_in_terms(self._fits, *implicit_cells(preferences, self.parameters.alpha), ridge)

    def scores(self, histories: Histories) -> Floats:
        """Viewers by titles of predicted preference."""
        return self.viewer_factors(histories) @ self.factors.T

    def save(self, folder: Path) -> None:
        """Write one array and two JSON files."""
        store(folder, self.title_ids, self.parameters, {"factors": self.factors})


def fit(training: TrainingSet, parameters: Parameters) -> Model:
    """Fit title factors with Spark MLlib. Same rows, parameters and cores: same factors.

    Weights of 0 are not fitted: the model is over every title with a positive weight, most popular first.

    Raises:
        JobError: There is no positive weight.
    """
    preferences = training.preferences  # starts the session, without which there are no columns
    weight = F.col("weight")
    if parameters.rating_power:
        grade = F.pow(F.col("rating") / USUAL_RATING, parameters.rating_power)
        weight = (weight * F.when(F.col("rating") > 0, grade).otherwise(1.0)).cast("float")
    liked = preferences.where(F.col("weight") > 0).select("viewer", "title", weight.alias("weight"))
    fans = liked.groupBy("title").agg(F.count("*").alias("fans")).toArrow()
    if not fans.num_rows:
        raise nothing_liked()
    by_title = np.zeros(len(training.title_ids), dtype=np.int64)
    by_title[fans["title"].to_numpy()] = fans["fans"].to_numpy()
    order = by_popularity(by_title)
    settings = {
        "rank": parameters.rank,
        "maxIter": parameters.iterations,
        "regParam": parameters.reg_param,
        "alpha": parameters.alpha,
        "implicitPrefs": True,
    }
    fits = [
        title_factors(liked, "weight", len(by_title), training.cores, settings | {"seed": parameters.seed + number})
        for number in range(parameters.ensemble)
    ]
    return Model(training.title_ids.take(pa.array(order)), np.hstack(fits)[order], parameters)


def title_factors(rows: DataFrame, value: str, titles: int, cores: int, settings: Mapping[str, Any]) -> Floats:
    """Fit ALS, and take the titles' side of it. Same rows, settings and cores: same factors.

    Args:
        rows: viewer int, title int, and a value; one row per viewer and title.
        value: The column of the value.
        titles: How many titles there are; those without a row get zeros.
        cores: Tasks that run at once.
        settings: MLlib's, the rank among them.
    """
    # Tasks that make lists import this module, too: they need no MLlib, which brings pandas with it.
    from pyspark.ml.recommendation import ALS

    als = ALS(
        # MLlib is fastest with as many blocks as there are cores; its sums follow them.
        numUserBlocks=cores,
        numItemBlocks=cores,
        userCol="viewer",
        itemCol="title",
        ratingCol=value,
        **settings,
    )
    learned = als.fit(rows).itemFactors.toArrow()
    factors = np.zeros((titles, settings["rank"]), dtype=np.float32)
    values = learned["features"].combine_chunks().flatten().to_numpy()
    factors[learned["id"].to_numpy()] = values.reshape(-1, settings["rank"])
    return factors


def load(folder: Path) -> Model:
    """Read what ``save`` wrote; the factors stay on disk, mapped into memory."""
    held = stored(folder)
    return Model(held.title_ids, held.array("factors"), Parameters(**held.parameters))
