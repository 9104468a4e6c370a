"""Popularity: everybody gets the same titles. The baseline that a model has to beat."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

from jobs.scoring.top_n import Floats

RECENT_DAYS = 7
DECAY_HALF_LIFE_DAYS = 30
_SECONDS_A_DAY = 24 * 60 * 60


@dataclass(frozen=True)
class PopularityModel:
    """One factor: a title's score is its popularity, for every viewer."""

    title_ids: pa.Array
    factors: Floats

    def viewer_factors(self, preferences: csr_matrix) -> Floats:
        """Viewers by one factor of 1."""
        return np.ones((preferences.shape[0], 1), dtype=np.float32)


def fit(interactions: DataFrame, as_of: datetime) -> dict[str, PopularityModel]:
    """Count viewers by title: of all time, of the last 7 days, and decayed with a half-life of 30 days.

    Args:
        interactions: Rows with user_id, title_id and occurred_at, all before ``as_of``.
        as_of: From when ages are counted.

    Returns:
        The three models by name.
    """
    age_days = (F.lit(as_of.timestamp()) - F.col("last_at").cast("double")) / _SECONDS_A_DAY
    recent = F.col("last_at") >= F.lit(as_of - timedelta(days=RECENT_DAYS))
    counts = (
        interactions.groupBy("user_id", "title_id")
        .agg(F.max("occurred_at").alias("last_at"))
        .groupBy("title_id")
        .agg(
            F.count("*").cast("float").alias("all_time"),
            F.count_if(recent).cast("float").alias("recent"),
            F.sum(F.pow(F.lit(0.5), age_days / DECAY_HALF_LIFE_DAYS)).cast("float").alias("decayed"),
        )
        .orderBy(F.desc("all_time"), "title_id")
        .toArrow()
        .combine_chunks()
    )
    title_ids = counts["title_id"].combine_chunks()
    return {
        name: PopularityModel(title_ids, counts[name].to_numpy().astype(np.float32).reshape(-1, 1))
        for name in ("all_time", "recent", "decayed")
    }
