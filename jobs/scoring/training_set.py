"""What recommenders learn from: viewers' preferences as of one moment, with the dense integers that learning needs.

The integers exist only inside one training. Events are gathered and numbered once, however many moments are learned from.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.scoring.weighing import weight_of_parts, weight_parts
from jobs.settings import Weighing

_POSITION_BITS = 33
"""Spark numbers the rows of a partition in so many bits, below the partition's own number."""


@dataclass(frozen=True)
class TrainingSet:
    """Preferences as of ``as_of``.

    ``preferences`` has one row per viewer and title: viewer int, title int, weight float, last_at timestamp. A weight
    of 0 means: knows the title, and is not known to like it. ``title`` is a position in ``title_ids``, which holds more
    titles than have rows.
    """

    preferences: DataFrame
    title_ids: pa.Array
    as_of: datetime
    cores: int
    """Tasks that run at once: into so many blocks a distributed fit is best cut."""


@dataclass(frozen=True)
class Known:
    """The histories of all viewers, gathered once: what training sets and histories of each moment come from."""

    moments: tuple[datetime, ...]
    viewers: DataFrame
    """user_id, viewer int, known array<struct<title_id, weight_0, last_at_0, weight_1, …>>, one row per viewer."""
    titles: DataFrame
    """title_id, title int."""
    title_ids: pa.Array
    cores: int

    def training_set(self, moment: datetime) -> TrainingSet:
        """What was known at one of the moments, as recommenders learn from it."""
        at = self.moments.index(moment)
        rows = (
            self.viewers.select("viewer", F.explode("known").alias("known"))
            .where(F.col(f"known.weight_{at}").isNotNull())
            .select(
                "viewer",
                "known.title_id",
                F.col(f"known.weight_{at}").cast("float").alias("weight"),
                F.col(f"known.last_at_{at}").alias("last_at"),
            )
            .join(F.broadcast(self.titles), on="title_id", how="inner")
            .select("viewer", "title", "weight", "last_at")
        )
        return TrainingSet(rows, self.title_ids, moment, self.cores)

    def histories(self, moment: datetime) -> DataFrame:
        """What was known at one of the moments, one row per viewer, as collect_histories makes them."""
        at = f"weight_{self.moments.index(moment)}"
        then = F.filter("known", lambda one: one[at].isNotNull())
        return (
            self.viewers.select("user_id", then.alias("known"))
            .where(F.size("known") > 0)
            .select("user_id", F.col("known.title_id").alias("title_ids"), F.col(f"known.{at}").alias("weights"))
        )


@contextmanager
def gather(interactions: DataFrame, moments: Sequence[datetime], weighing: Weighing) -> Iterator[Known]:
    """Weigh and number all events, in one shuffle of them; held while in use.

    Args:
        interactions: silver.interactions, one row per event.
        moments: As of when preferences are wanted: each sees the events before it.
        weighing: Weights by event type, and the half-life.
    """
    cores = cores_of(interactions.sparkSession)
    parts, columns = [], []
    for at, moment in enumerate(moments):
        is_before = F.col("occurred_at") < F.lit(moment)
        last_at = F.max(F.when(is_before, F.col("occurred_at"))).alias(f"last_at_{at}")
        parts += [*weight_parts(moment, weighing, is_before, f"_{at}"), last_at]
        # Who did not interact with a title before the moment has no weight there; null is not 0.
        weight = F.when(F.col(f"last_at_{at}").isNotNull(), weight_of_parts(moment, weighing, f"_{at}"))
        columns += [weight.alias(f"weight_{at}"), F.col(f"last_at_{at}")]
    histories = (
        interactions.select("user_id", "title_id", "event_type", "value", "occurred_at")
        .repartition(cores, "user_id")
        .groupBy("user_id", "title_id")
        .agg(*parts)
        .groupBy("user_id")
        .agg(F.array_sort(F.collect_list(F.struct("title_id", *columns))).alias("known"))
        .sortWithinPartitions("user_id")
        # A viewer's position among the sorted rows of its partition: no chance in it.
        .select("user_id", "known", F.monotonically_increasing_id().alias("position"))
        .persist()
    )
    try:
        title_ids = _titles_of(histories)
        numbered = pa.table({"title_id": title_ids, "title": pa.array(range(len(title_ids)), pa.int32())})
        yield Known(
            tuple(moments),
            _number(histories),
            interactions.sparkSession.createDataFrame(numbered),
            title_ids,
            cores,
        )
    finally:
        histories.unpersist()


def cores_of(spark: SparkSession) -> int:
    """Tasks that run at once, as every kind of session is set to."""
    return int(spark.conf.get("spark.sql.shuffle.partitions") or 1)


def _titles_of(histories: DataFrame) -> pa.Array:
    """Every title that somebody interacted with, in order of title_id."""
    titles = histories.select(F.explode("known.title_id").alias("title_id")).distinct().orderBy("title_id").toArrow()
    return titles["title_id"].combine_chunks()


def _number(histories: DataFrame) -> DataFrame:
    """Number viewers densely from 0: by partition, then by user_id."""
    partition = F.shiftright("position", _POSITION_BITS).cast("int")
    counts = {
        row["partition"]: row["count"] for row in histories.groupBy(partition.alias("partition")).count().collect()
    }
    before, offsets = 0, []
    for number in sorted(counts):
        offsets += [F.lit(number), F.lit(before)]
        before += counts[number]
    if not offsets:
        return histories.select("user_id", F.lit(0).alias("viewer"), "known")
    within = F.col("position").bitwiseAND(F.lit((1 << _POSITION_BITS) - 1))
    return histories.select(
        "user_id", (F.create_map(*offsets)[partition] + within).cast("int").alias("viewer"), "known"
    )
