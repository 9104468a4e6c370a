"""Planted truth: even viewers like even titles, odd viewers odd ones. The diagonal is held out, so the right answer is known."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

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


def in_memory(rows: Sequence[Preference], title_ids: Sequence[str], ages: Sequence[float] | None = None) -> TrainingSet:
    """A training set of some preferences in memory, for which no session may be started.

    Args:
        rows: The preferences.
        title_ids: The titles.
        ages: Days since each; all of now, unless given.
    """
    columns = list(zip(*rows, strict=True))
    table = pa.table(
        {
            "viewer": pa.array(columns[0], pa.int32()),
            "title": pa.array(columns[1], pa.int32()),
            "weight": pa.array(columns[2], pa.float32()),
            "rating": pa.nulls(len(rows), pa.float32()),
            "last_at": pa.array(
                [AS_OF - timedelta(days=age) for age in ages or [0] * len(rows)], pa.timestamp("us", "UTC")
            ),
        }
    )
    return TrainingSet(pa.array(title_ids), AS_OF, 1, table, no_session)


def no_session() -> SparkSession:
    """What a model that learns in memory never asks for."""
    raise AssertionError("a set in memory starts no session")
