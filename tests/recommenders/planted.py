"""Planted truth: even viewers like even titles, odd viewers odd ones. The diagonal is held out, so the right answer is known."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa
from pyspark.sql import SparkSession

from jobs.scoring.training_set import TrainingSet

SIZE = 12
AS_OF = datetime(2026, 3, 2, tzinfo=UTC)
BEFORE = datetime(2026, 3, 1)
Preference = tuple[int, int, float]
"""Viewer, title, weight."""


def likes(viewer: int, title: int) -> bool:
    """Whether the viewer is known to like the title."""
    return viewer % 2 == title % 2 and viewer != title


def training_set(
    spark: SparkSession, rows: Sequence[Preference], title_ids: Sequence[str], cores: int = 2
) -> TrainingSet:
    """A training set of some preferences."""
    schema = "viewer int, title int, weight float, rating float, last_at timestamp"
    stamped = [(*row, None, BEFORE) for row in rows]
    preferences = spark.createDataFrame(stamped, schema).coalesce(1)
    return TrainingSet(pa.array(title_ids), AS_OF, cores, preferences, lambda: spark)


def planted(spark: SparkSession, titles: Sequence[int] = tuple(range(SIZE))) -> TrainingSet:
    """What viewers are known to like, and one title that viewer 0 knows and does not like.

    Args:
        spark: The session.
        titles: The title that stands at each position: another order is another world of the same people.
    """
    rows = [(u, position, 1.0) for u in range(SIZE) for position, t in enumerate(titles) if likes(u, t)]
    return training_set(spark, [*rows, (0, list(titles).index(1), 0.0)], [f"t{t:02d}" for t in titles])
