"""Popularity: whose viewing counts, and how it fades."""

from dataclasses import replace
from datetime import datetime, timedelta

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from jobs.errors import JobError
from jobs.recommenders import popularity
from jobs.recommenders.popularity import BASELINES, Parameters
from jobs.scoring.training_set import Split, TrainingSet
from tests.recommenders.planted import AS_OF, in_memory, training_set

NOW = datetime(2026, 3, 2)


def watched(spark: SparkSession, held: str) -> TrainingSet:
    """The old title had three viewers forty days ago, the new one two this week, the forgotten one its one long ago."""
    rows = [(0, 0, 40), (1, 0, 40), (2, 0, 40), (0, 1, 1), (1, 1, 2), (0, 2, 300)]
    frame = spark.createDataFrame(
        [(viewer, title, 1.0, NOW - timedelta(days=days)) for viewer, title, days in rows],
        "viewer int, title int, weight float, last_at timestamp",
    )
    kept = frame if held == "on Spark" else frame.toArrow()
    return TrainingSet(pa.array(["old", "new", "forgotten"]), AS_OF, 1, kept, lambda: spark)


@pytest.mark.parametrize("held", ["on Spark", "in memory"])
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
    spark: SparkSession, parameters: Parameters, scores: list[float], held: str
) -> None:
    model = popularity.fit(watched(spark, held), parameters)

    assert model.title_ids.to_pylist() == ["old", "new", "forgotten"]
    assert model.factors[:, 0].tolist() == pytest.approx(scores)


def divided(wanted: list[str]) -> TrainingSet:
    """A training set whose later part wanted some titles; "old" was liked by more, "new" by those of this week."""
    rows = [(0, 0, 40), (1, 0, 40), (2, 0, 40), (0, 1, 1), (1, 1, 2)]
    inner = in_memory([(viewer, title, 1.0) for viewer, title, _ in rows], ["old", "new"], [age for _, _, age in rows])
    strings = pa.list_(pa.string())
    viewers = pa.table(
        {
            "user_id": pa.array([f"u{n}" for n in range(len(wanted))], pa.string()),
            "title_ids": pa.array([[] for _ in wanted], strings),
            "weights": pa.array([[] for _ in wanted], pa.list_(pa.float64())),
            "held_out": pa.array([[title] for title in wanted], strings),
        }
    )
    return replace(inner, split=lambda: Split(inner, viewers, inner.title_ids))


@pytest.mark.parametrize(
    ("wanted", "best"), [(["new"], "recent"), (["old", "old", "new"], "all_time"), ([], "all_time")]
)
def test_the_best_baseline_is_the_one_that_foretells_the_later_part(wanted: list[str], best: str) -> None:
    training = divided(wanted)

    assert popularity.best_baseline(training, k=1) == best


def test_the_best_is_fitted_on_everything_under_its_own_parameters() -> None:
    model = popularity.fit(divided(["new"]), Parameters(best=True))

    assert model.parameters == BASELINES["recent"]
    assert model.factors[:, 0].tolist() == [0.0, 2.0]


def test_what_cannot_be_divided_has_no_best_popularity(spark: SparkSession) -> None:
    with pytest.raises(JobError, match="best=true needs a training set that can be divided"):
        popularity.fit(watched(spark, "on Spark"), Parameters(best=True))


def test_without_an_interaction_nothing_is_counted(spark: SparkSession) -> None:
    with pytest.raises(JobError, match="no popularity was counted: there is no interaction"):
        popularity.fit(training_set(spark, [], ["a"]), Parameters())
