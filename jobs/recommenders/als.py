"""Implicit ALS: Spark MLlib fits the titles' factors, viewers' factors are solved from their histories when asked for.

Hu, Koren and Volinsky (2008), "Collaborative filtering for implicit feedback datasets"; with MLlib's regularisation of a
row by the number of its positive weights, after Zhou et al. (2008), "Large-scale parallel collaborative filtering for the
Netflix prize".
"""

import json
from dataclasses import asdict, dataclass
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
from scipy.sparse import csr_matrix

from jobs.scoring.histories import Histories
from jobs.scoring.space import Real, Space, Whole
from jobs.scoring.top_n import Floats
from jobs.scoring.training_set import TrainingSet

_NUMBERS_AT_ONCE = 4_000_000
"""Float64 numbers of gathered factors and normal equations in memory at once: 32 MB each."""
_ROWS_AT_ONCE = 65_536


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
        """YᵀY, without a float64 copy of all factors."""
        rank = self.factors.shape[1]
        total = np.zeros((rank, rank))
        for start in range(0, len(self.factors), _ROWS_AT_ONCE):
            some = self.factors[start : start + _ROWS_AT_ONCE].astype(np.float64)
            total += some.T @ some
        return total

    def viewer_factors(self, histories: Histories) -> Floats:
        """Solve each viewer's factor exactly: one half-iteration of ALS.

        x_u = (YᵀY + Σ α w y yᵀ + λ n_u I)⁻¹ Σ (1 + α w) y, over the viewer's n_u positive weights w. Viewers with
        histories of about one length are solved together, the shorter ones filled up with weights of 0.

        Args:
            histories: What the viewers know.

        Returns:
            Viewers by latent factors; zero for a viewer without a positive weight.
        """
        preferences = histories.preferences
        lengths = np.diff(preferences.indptr)
        rank = self.factors.shape[1]
        solved = np.zeros((len(lengths), rank), dtype=np.float32)
        by_length = np.argsort(lengths, kind="stable")
        start = int(np.searchsorted(lengths[by_length], 1))
        while start < len(by_length):
            end = _end_of_batch(lengths[by_length], start, rank)
            viewers = by_length[start:end]
            solved[viewers] = self._solve(preferences, viewers, lengths[viewers])
            start = end
        return solved

    def _solve(
        self, preferences: csr_matrix, viewers: NDArray[np.intp], lengths: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        """The factors of some viewers with histories of about one length."""
        within = np.arange(lengths.max())
        is_there = within < lengths[:, np.newaxis]
        element = np.where(is_there, preferences.indptr[viewers][:, np.newaxis] + within, 0)
        liked = self.factors[preferences.indices[element]].astype(np.float64)
        confidence = np.where(is_there, self.parameters.alpha * preferences.data[element].astype(np.float64), 0.0)
        transposed = liked.transpose(0, 2, 1)
        left = transposed @ (liked * confidence[:, :, np.newaxis])
        left += self._gram
        diagonal = np.arange(self.factors.shape[1])
        left[:, diagonal, diagonal] += self.parameters.reg_param * lengths[:, np.newaxis]
        right = transposed @ (confidence + is_there)[:, :, np.newaxis]
        return np.linalg.solve(left, right)[:, :, 0]

    def scores(self, histories: Histories) -> Floats:
        """Viewers by titles of predicted preference."""
        return self.viewer_factors(histories) @ self.factors.T

    def save(self, folder: Path) -> None:
        """Write one array and two JSON files."""
        np.save(folder / "factors.npy", self.factors, allow_pickle=False)
        (folder / "titles.json").write_text(json.dumps(self.title_ids.to_pylist()), encoding="utf-8")
        (folder / "parameters.json").write_text(json.dumps(asdict(self.parameters), indent=2), encoding="utf-8")


def _end_of_batch(lengths: NDArray[np.int32], start: int, rank: int) -> int:
    """Where to stop so that a batch fits into memory and its shortest history is filled up by an eighth at most.

    Args:
        lengths: Lengths of histories, rising.
        start: Where the batch begins.
        rank: Latent factors.
    """
    longest = max(int(lengths[start] * 9 // 8), int(lengths[start]) + 2)
    size = max(1, _NUMBERS_AT_ONCE // (rank * max(longest, rank)))
    return min(start + size, int(np.searchsorted(lengths, longest, side="right")))


def fit(training: TrainingSet, parameters: Parameters) -> Model:
    """Fit title factors with Spark MLlib. Same rows, parameters and cores: same factors.

    Weights of 0 are not fitted: the model is over every title with a positive weight, most popular first.
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
    factors = als.fit(liked).itemFactors.toArrow()
    fans = liked.groupBy("title").agg(F.count("*").alias("fans")).toArrow()
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
    return Model(
        pa.array(json.loads((folder / "titles.json").read_text(encoding="utf-8")), pa.string()),
        np.load(folder / "factors.npy", mmap_mode="r", allow_pickle=False),
        Parameters(**json.loads((folder / "parameters.json").read_text(encoding="utf-8"))),
    )
