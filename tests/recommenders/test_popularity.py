"""Popularity: whose viewing counts, and how it fades."""

from datetime import datetime, timedelta

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from jobs.recommenders import popularity
from jobs.recommenders.popularity import BASELINES, Parameters
from jobs.scoring.training_set import TrainingSet
from tests.recommenders.planted import AS_OF

NOW = datetime(2026, 3, 2)


def watched(spark: SparkSession) -> TrainingSet:
    """The old title had three viewers forty days ago, the new one two this week, the forgotten one its one long ago."""
    rows = [(0, 0, 40), (1, 0, 40), (2, 0, 40), (0, 1, 1), (1, 1, 2), (0, 2, 300)]
    frame = spark.createDataFrame(
        [(viewer, title, 1.0, NOW - timedelta(days=days)) for viewer, title, days in rows],
        "viewer int, title int, weight float, last_at timestamp",
    )
    return TrainingSet(pa.array(["old", "new", "forgotten"]), AS_OF, 1, frame, lambda: spark)


@pytest.mark.parametrize(
    ("parameters", "scores"),
    [
        (BASELINES["all_time"], [3.0, 2.0, 1.0]),
        (BASELINES["recent"], [0.0, 2.0, 0.0]),
        (Parameters(half_life_days=40), [1.5, 2 ** (-1 / 40) + 2 ** (-2 / 40), 2 ** (-300 / 40)]),
        (Parameters(window_days=50, half_life_days=40), [1.5, 2 ** (-1 / 40) + 2 ** (-2 / 40), 0.0]),
    ],
)
def test_counts_viewers_within_a_window_each_decayed_with_age(
    spark: SparkSession, parameters: Parameters, scores: list[float]
) -> None:
    model = popularity.fit(watched(spark), parameters)

    assert model.title_ids.to_pylist() == ["old", "new", "forgotten"]
    assert model.factors[:, 0].tolist() == pytest.approx(scores)
