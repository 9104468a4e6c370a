"""Popularity: everybody gets the same titles, those that most viewers interacted with. What a model has to beat."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from pyspark.sql import functions as F

from jobs.errors import JobError
from jobs.evaluation.judging import judge
from jobs.scoring.histories import Histories, age_days
from jobs.scoring.liked import by_popularity
from jobs.scoring.space import Choice, Space
from jobs.scoring.stored import store, stored
from jobs.scoring.top_n import Best, Floats, as_matrices
from jobs.scoring.training_set import TrainingSet


@checked(frozen=True)
class Parameters:
    """Whom a title's popularity counts, and how much."""

    window_days: Annotated[float | None, Field(gt=0)] = None
    """Viewers who interacted with the title in the last so many days; ever, if None."""
    half_life_days: Annotated[float | None, Field(gt=0)] = None
    """Days after which a viewer counts half; never, if None."""
    best: bool = False
    """Whether the best of the baselines is taken instead, chosen on the later part of the training set."""


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
    is_popularity: ClassVar[bool] = True

    @property
    def counted(self) -> str:
        """What a title's popularity counts, in words."""
        window, half_life = self.parameters.window_days, self.parameters.half_life_days
        lately = f" in {window:g} days" if window is not None else ""
        return f"viewers{lately}" + (f", each half after {half_life:g} days" if half_life is not None else "")

    def viewer_factors(self, histories: Histories) -> Floats:
        """Viewers by one factor of 1."""
        return np.ones((len(histories), 1), dtype=np.float32)

    def scores(self, histories: Histories) -> Floats:
        """Viewers by titles of popularity."""
        return self.viewer_factors(histories) @ self.factors.T

    def best(self, histories: Histories, length: int, excluded: NDArray[np.int32]) -> Best:
        """The first titles of everybody's order that a viewer has not seen; so many are looked at that nobody runs short."""
        order = np.argsort(-self.factors[:, 0], kind="stable")
        longest = int(np.diff(histories.seen.indptr).max(initial=0))
        first = order[~np.isin(order, excluded)][: length + longest]
        is_new = histories.seen[:, first].toarray() == 0
        row, at = np.nonzero(is_new & (np.cumsum(is_new, axis=1) <= length))
        return as_matrices(row, first[at], self.factors[first[at], 0], len(histories))

    def save(self, folder: Path) -> None:
        """Write one array and two JSON files."""
        store(folder, self.title_ids, self.parameters, {"factors": self.factors})


def fit(training: TrainingSet, parameters: Parameters) -> Model:
    """Count each title's viewers.

    A title that nobody interacted with in the window scores 0; equal titles come in order of their viewers of all time.

    Raises:
        JobError: There is no interaction, or the best is asked for of a training set that cannot be divided.
    """
    if parameters.best:
        return fit(training, BASELINES[best_baseline(training)])
    count = _count_in_memory if isinstance(training.rows, pa.Table) else _count_on_spark
    counted = count(training, parameters)
    if not counted.num_rows:
        raise JobError("no popularity was counted: there is no interaction; deliver event logs")
    return Model(
        training.title_ids.take(counted["title"].combine_chunks()),
        counted["popularity"].to_numpy().astype(np.float32).reshape(-1, 1),
        parameters,
    )


def best_baseline(training: TrainingSet, k: int = 10) -> str:
    """Which of the baselines foretells the later part of a training set best, by nDCG@k; the first of equals.

    Args:
        training: What was known, divided as its protocol divides it.
        k: Titles per list.

    Raises:
        JobError: The training set cannot be divided.
    """
    if training.split is None:
        raise JobError("recommender popularity: best=true needs a training set that can be divided; set window_days")
    split = training.split()
    if not split.viewers.num_rows:
        return next(iter(BASELINES))
    found = {
        name: np.mean(judge(fit(split.training, counted), split.viewers, split.listable, k)["ndcg"].to_numpy())
        for name, counted in BASELINES.items()
    }
    return max(found, key=lambda name: found[name])


def _count_on_spark(training: TrainingSet, parameters: Parameters) -> pa.Table:
    """Title and popularity, of titles by falling number of viewers, then in order of title_id."""
    counts = F.lit(1.0)
    if parameters.half_life_days is not None:
        counts = F.pow(F.lit(0.5), age_days(F.col("last_at"), training.as_of) / parameters.half_life_days)
    if parameters.window_days is not None:
        since = training.as_of - timedelta(days=parameters.window_days)
        counts = F.when(F.col("last_at") >= F.lit(since), counts).otherwise(0.0)
    return (
        training.preferences.groupBy("title")
        .agg(F.count("*").alias("viewers"), F.sum(counts).cast("float").alias("popularity"))
        .orderBy(F.desc("viewers"), "title")
        .toArrow()
        .combine_chunks()
    )


def _count_in_memory(training: TrainingSet, parameters: Parameters) -> pa.Table:
    """The same of rows that are in memory, without a Spark session."""
    title, ages = training.table["title"].to_numpy(), training.ages
    counts = np.ones(len(title))
    if parameters.half_life_days is not None:
        counts = np.exp2(-ages / parameters.half_life_days)
    if parameters.window_days is not None:
        counts = np.where(ages <= parameters.window_days, counts, 0.0)
    titles = by_popularity(np.bincount(title, minlength=len(training.title_ids)))
    return pa.table({"title": titles, "popularity": np.bincount(title, counts, len(training.title_ids))[titles]})


def load(folder: Path) -> Model:
    """Read what ``save`` wrote."""
    held = stored(folder)
    return Model(held.title_ids, held.array("factors"), Parameters(**held.parameters))
