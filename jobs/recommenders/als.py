"""Implicit ALS: Spark MLlib fits the titles' factors, viewers' factors are solved from their histories when asked for.

Hu, Koren and Volinsky (2008), "Collaborative filtering for implicit feedback datasets"; with MLlib's regularisation of a
row by the number of its positive weights, after Zhou et al. (2008), "Large-scale parallel collaborative filtering for the
Netflix prize".
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
from pyspark.ml.recommendation import ALS
from pyspark.sql import functions as F

from jobs.scoring.fold_in import gram, solve_implicit
from jobs.scoring.histories import Histories
from jobs.scoring.liked import nothing_liked
from jobs.scoring.space import Real, Space, Whole
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
    seed: int = 7
    """Seed of the first factors."""


SPACE: Space = {
    "rank": Whole(32, 128, log=True),
    "reg_param": Real(0.05, 1.0, log=True),
    "alpha": Real(0.5, 20.0, log=True),
    "iterations": Whole(8, 16),
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
        """Solve each viewer's factor exactly: one half-iteration of ALS.

        x_u = (YᵀY + Σ α w y yᵀ + λ n_u I)⁻¹ Σ (1 + α w) y, over the viewer's n_u positive weights w.

        Args:
            histories: What the viewers know.

        Returns:
            Viewers by latent factors; zero for a viewer without a positive weight.
        """
        preferences = histories.preferences
        ridge = self.parameters.reg_param * np.diff(preferences.indptr).astype(np.float64)
        return solve_implicit(self.factors, self._gram, preferences, self.parameters.alpha, ridge)

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
    liked = training.preferences.where(F.col("weight") > 0).select("viewer", "title", "weight")
    als = ALS(
        rank=parameters.rank,
        maxIter=parameters.iterations,
        regParam=parameters.reg_param,
        alpha=parameters.alpha,
        implicitPrefs=True,
        # MLlib is fastest with as many blocks as there are cores; its sums follow them.
        numUserBlocks=training.cores,
        numItemBlocks=training.cores,
        seed=parameters.seed,
        userCol="viewer",
        itemCol="title",
        ratingCol="weight",
    )
    fans = liked.groupBy("title").agg(F.count("*").alias("fans")).toArrow()
    if not fans.num_rows:
        raise nothing_liked()
    factors = als.fit(liked).itemFactors.toArrow()
    titles = factors["id"].to_numpy()
    by_title = np.zeros(len(training.title_ids), dtype=np.int64)
    by_title[fans["title"].to_numpy()] = fans["fans"].to_numpy()
    order = np.lexsort((titles, -by_title[titles]))
    values = factors["features"].combine_chunks().flatten().to_numpy().astype(np.float32)
    return Model(
        training.title_ids.take(pa.array(titles[order])),
        np.ascontiguousarray(values.reshape(len(titles), parameters.rank)[order]),
        parameters,
    )


def load(folder: Path) -> Model:
    """Read what ``save`` wrote; the factors stay on disk, mapped into memory."""
    held = stored(folder)
    return Model(held.title_ids, held.array("factors"), Parameters(**held.parameters))
