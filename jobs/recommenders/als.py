"""Implicit ALS: Spark MLlib fits the titles' factors, viewers' factors are solved from their histories when asked for.

Hu, Koren and Volinsky (2008), "Collaborative filtering for implicit feedback datasets"; with MLlib's regularisation of a
row by the number of its positive weights, after Zhou et al. (2008), "Large-scale parallel collaborative filtering for the
Netflix prize".
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyspark.ml.feature import StringIndexer
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

from jobs.scoring.top_n import Floats
from jobs.settings import Als

_SOLVED_AT_ONCE = 256
"""Viewers whose normal equations are in memory at once: 256 · 64² float64 are 8 MB."""


@dataclass(frozen=True)
class AlsModel:
    """Title factors and the hyper-parameters that viewers' factors are solved with. It holds no viewers."""

    title_ids: pa.Array
    factors: Floats
    parameters: Als

    def viewer_factors(self, preferences: csr_matrix) -> Floats:
        """Solve each viewer's factor exactly: one half-iteration of ALS.

        x_u = (YᵀY + Σ α w y yᵀ + λ n_u I)⁻¹ Σ (1 + α w) y, over the viewer's n_u positive weights w.

        Args:
            preferences: Viewers by titles of positive preference weights.

        Returns:
            Viewers by latent factors; zero for a viewer without a positive weight.
        """
        titles = self.factors.astype(np.float64)
        gram = titles.T @ titles
        rank = titles.shape[1]
        solved = np.zeros((preferences.shape[0], rank), dtype=np.float32)
        for start in range(0, preferences.shape[0], _SOLVED_AT_ONCE):
            block = preferences[start : start + _SOLVED_AT_ONCE]
            warm = np.flatnonzero(np.diff(block.indptr))
            left = np.empty((len(warm), rank, rank))
            right = np.empty((len(warm), rank, 1))
            for place, viewer in enumerate(warm):
                own = slice(block.indptr[viewer], block.indptr[viewer + 1])
                liked = titles[block.indices[own]]
                confidence = self.parameters.alpha * block.data[own].astype(np.float64)
                ridge = self.parameters.reg_param * len(liked) * np.eye(rank)
                left[place] = gram + (liked.T * confidence) @ liked + ridge
                right[place, :, 0] = liked.T @ (1.0 + confidence)
            solved[start + warm] = np.linalg.solve(left, right)[:, :, 0]
        return solved


def fit(preferences: DataFrame, parameters: Als, blocks: int) -> AlsModel:
    """Fit title factors with Spark MLlib. Same rows, parameters and blocks: same factors.

    Args:
        preferences: Rows with user_id, title_id and weight, one a viewer and title; weights of 0 are not fitted.
        parameters: Hyper-parameters.
        blocks: Blocks of viewers and of titles; MLlib is fastest with as many as there are cores.

    Returns:
        The model over every title with a positive weight, most popular first.
    """
    liked = preferences.where(F.col("weight") > 0).select("user_id", "title_id", F.col("weight").cast("float"))
    indexer = StringIndexer(
        inputCols=["user_id", "title_id"], outputCols=["user", "title"], stringOrderType="alphabetAsc"
    ).fit(liked)
    # MLlib's sums follow the order of rows: sorted partitions make them repeatable.
    indexed = (
        indexer.transform(liked)
        .select(F.col("user").cast("int"), F.col("title").cast("int"), "weight")
        .repartition(blocks, "user")
        .sortWithinPartitions("user", "title")
    )
    als = ALS(
        rank=parameters.rank,
        maxIter=parameters.iterations,
        regParam=parameters.reg_param,
        alpha=parameters.alpha,
        implicitPrefs=True,
        numUserBlocks=blocks,
        numItemBlocks=blocks,
        seed=parameters.seed,
        userCol="user",
        itemCol="title",
        ratingCol="weight",
    )
    fitted = als.fit(indexed).itemFactors.orderBy("id").toArrow()
    fans = liked.groupBy("title_id").agg(F.count("*").alias("fans")).toArrow()
    title_ids = np.asarray(indexer.labelsArray[1], dtype=object)[fitted["id"].to_numpy()]
    factors = np.stack(fitted["features"].to_numpy()).astype(np.float32)
    by_title = dict(zip(fans["title_id"].to_pylist(), fans["fans"].to_pylist(), strict=True))
    order = np.lexsort((title_ids.astype(str), [-by_title[title] for title in title_ids]))
    return AlsModel(pa.array(title_ids[order].tolist()), np.ascontiguousarray(factors[order]), parameters)


def save(model: AlsModel, folder: Path) -> None:
    """Write the model as one array and two JSON files; nothing is pickled."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "factors.npy", model.factors, allow_pickle=False)
    (folder / "titles.json").write_text(json.dumps(model.title_ids.to_pylist()), encoding="utf-8")
    (folder / "parameters.json").write_text(model.parameters.model_dump_json(indent=2), encoding="utf-8")


def load(folder: Path) -> AlsModel:
    """Read what :func:`save` wrote."""
    return AlsModel(
        title_ids=pa.array(json.loads((folder / "titles.json").read_text(encoding="utf-8")), pa.string()),
        factors=np.load(folder / "factors.npy", allow_pickle=False),
        parameters=Als.model_validate_json((folder / "parameters.json").read_text(encoding="utf-8")),
    )
