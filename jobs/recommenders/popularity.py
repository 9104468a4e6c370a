"""Popularity: everybody gets the same titles, those that most viewers interacted with. What a model has to beat."""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from pyspark.sql import functions as F

from jobs.scoring.histories import Histories
from jobs.scoring.space import Choice, Space
from jobs.scoring.top_n import Floats
from jobs.scoring.training_set import TrainingSet

_SECONDS_PER_DAY = 24 * 60 * 60


@checked(frozen=True)
class Parameters:
    """Whom a title's popularity counts, and how much."""

    window_days: Annotated[float | None, Field(gt=0)] = None
    """Viewers who interacted with the title in the last so many days; ever, if None."""
    half_life_days: Annotated[float | None, Field(gt=0)] = None
    """Days after which a viewer counts half; never, if None."""


SPACE: Space = {
    "window_days": Choice((None, 1, 3, 7, 14, 30, 90)),
    "half_life_days": Choice((None, 3, 7, 14, 30, 90, 365)),
}

BASELINES = {
    "all_time": Parameters(),
    "recent": Parameters(window_days=7),
    "decayed": Parameters(half_life_days=30),
}
"""The popularities that every other recommender is judged beside."""


@dataclass(frozen=True)
class Model:
    """One factor: a title's score is its popularity, for every viewer."""

    title_ids: pa.Array
    factors: Floats
    parameters: Parameters

    def viewer_factors(self, histories: Histories) -> Floats:
        """Viewers by one factor of 1."""
        return np.ones((len(histories), 1), dtype=np.float32)

    def scores(self, histories: Histories) -> Floats:
        """Viewers by titles of popularity."""
        return self.viewer_factors(histories) @ self.factors.T

    def save(self, folder: Path) -> None:
        """Write one array and two JSON files."""
        np.save(folder / "factors.npy", self.factors, allow_pickle=False)
        (folder / "titles.json").write_text(json.dumps(self.title_ids.to_pylist()), encoding="utf-8")
        (folder / "parameters.json").write_text(json.dumps(asdict(self.parameters), indent=2), encoding="utf-8")


def fit(training: TrainingSet, parameters: Parameters) -> Model:
    """Count each title's viewers.

    A title that nobody interacted with in the window scores 0; equal titles come in order of their viewers of all time.
    """
    age_days = (F.lit(training.as_of.timestamp()) - F.col("last_at").cast("double")) / _SECONDS_PER_DAY
    counts = F.lit(1.0)
    if parameters.half_life_days is not None:
        counts = F.pow(F.lit(0.5), age_days / parameters.half_life_days)
    if parameters.window_days is not None:
        since = training.as_of - timedelta(days=parameters.window_days)
        counts = F.when(F.col("last_at") >= F.lit(since), counts).otherwise(0.0)
    counted = (
        training.preferences.groupBy("title")
        .agg(F.count("*").alias("viewers"), F.sum(counts).cast("float").alias("popularity"))
        .orderBy(F.desc("viewers"), "title")
        .toArrow()
        .combine_chunks()
    )
    return Model(
        training.title_ids.take(counted["title"].combine_chunks()),
        counted["popularity"].to_numpy().astype(np.float32).reshape(-1, 1),
        parameters,
    )


def load(folder: Path) -> Model:
    """Read what ``save`` wrote."""
    return Model(
        pa.array(json.loads((folder / "titles.json").read_text(encoding="utf-8")), pa.string()),
        np.load(folder / "factors.npy", mmap_mode="r", allow_pickle=False),
        Parameters(**json.loads((folder / "parameters.json").read_text(encoding="utf-8"))),
    )
