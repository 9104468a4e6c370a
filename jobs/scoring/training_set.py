"""What recommenders learn from: viewers' preferences as of one moment, with the dense integers that learning needs.

The integers exist only inside one training. Events are gathered and numbered once, however many moments are learned from.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

from jobs.scoring.histories import Histories, age_days, ages_of
from jobs.scoring.weighing import rating_of_parts, weight_of_parts, weight_parts
from jobs.settings import Weighing

_POSITION_BITS = 33
"""Spark numbers the rows of a partition in so many bits, below the partition's own number."""


@dataclass(frozen=True)
class TrainingSet:
    """Preferences as of ``as_of``: one row per viewer and title that the viewer had to do with.

    Columns: viewer int, title int, weight float, rating float (0 to 10, null if never rated), last_at timestamp. A
    weight of 0 means: knows the title, and is not known to like it. ``title`` is a position in ``title_ids``, which may
    hold titles without rows; viewers are numbered from 0.

    The rows are there twice: :attr:`preferences` for what learns on Spark, :attr:`table` for what learns in memory; the
    one that is not held is made when asked for.
    """

    title_ids: pa.Array
    as_of: datetime
    cores: int
    """Tasks that run at once: into so many blocks a distributed fit is best cut."""
    rows: DataFrame | pa.Table
    spark: Callable[[], SparkSession]
    """The session, started only if something learns on it."""
    split: "Callable[[], Split] | None" = None
    """Divides the training set by the protocol that it was made by, to learn or choose on the later part."""
    catalogue: "Callable[[], pa.Table] | None" = None
    """What catalogues say of titles: silver.title_profiles' columns, one row per title, some that nobody had to do with
    included."""
    by_chance: bool = False
    """Whether that protocol divides by chance, and not in time."""
    work: Path | None = None
    """Where files for tasks can be put, at a path that workers see too; the system's temporary folder, if None."""

    @cached_property
    def preferences(self) -> DataFrame:
        """The rows, on Spark."""
        return self.spark().createDataFrame(self.rows) if isinstance(self.rows, pa.Table) else self.rows

    @cached_property
    def table(self) -> pa.Table:
        """The rows, in memory, in order of viewer and title."""
        held = self.rows if isinstance(self.rows, pa.Table) else self.rows.toArrow()
        return held.sort_by([("viewer", "ascending"), ("title", "ascending")])

    @cached_property
    def digest(self) -> bytes:
        """What is the same for training sets of the same rows as of the same moment."""
        found = hashlib.blake2b(f"{self.as_of.isoformat()} {len(self.title_ids)}".encode())
        for column in self.table.columns:
            found.update(np.ascontiguousarray(column.to_numpy()).tobytes())
        return found.digest()

    @cached_property
    def ages(self) -> NDArray[np.float64]:
        """Days from the last event of each row of the table to ``as_of``."""
        return ages_of(self.table["last_at"], self.as_of)

    @cached_property
    def histories(self) -> Histories:
        """The same as matrices, viewers by all of ``title_ids``."""
        held = self.table
        viewer, title = held["viewer"].to_numpy(), held["title"].to_numpy()
        shape = (int(viewer.max(initial=-1)) + 1, len(self.title_ids))
        weight, rating = (held[name].cast(pa.float32()).to_numpy() for name in ("weight", "rating"))

        def matrix(values: NDArray[Any], where: NDArray[np.bool_] | slice = slice(None)) -> csr_matrix:
            return csr_matrix((values[where], (viewer[where], title[where])), shape=shape, dtype=np.float32)

        return Histories(
            preferences=matrix(weight, weight > 0),
            seen=matrix(np.ones(len(title))),
            ratings=matrix(rating, ~np.isnan(rating)),
            ages=matrix(self.ages),
        )


@dataclass(frozen=True)
class Split:
    """What was known, and what was wanted of it: how a protocol divides interactions."""

    training: TrainingSet
    viewers: pa.Table
    """Histories of the viewers to judge on, as :func:`jobs.scoring.histories.put_together` makes them, with
    ``held_out`` array<string>: the titles to find."""
    listable: pa.Array
    """The titles that may be listed."""


@dataclass(frozen=True)
class Known:
    """The histories of all viewers, gathered once: what training sets and histories of each moment come from."""

    moments: tuple[datetime, ...]
    viewers: DataFrame
    """user_id, viewer int, known array<struct<title_id, weight_0, rating_0, last_at_0, …>>, one row per viewer."""
    titles: DataFrame
    """title_id, title int."""
    title_ids: pa.Array
    cores: int
    work: Path | None = None
    """A folder that workers see too."""

    def training_set(self, moment: datetime, catalogue: Callable[[], pa.Table] | None = None) -> TrainingSet:
        """What was known at one of the moments, as recommenders learn from it.

        Args:
            moment: One of the moments.
            catalogue: What catalogues say of titles, as :func:`jobs.scoring.catalogue.catalogue_of` gives it.
        """
        at = self.moments.index(moment)
        rows = (
            self.viewers.select("viewer", F.explode("known").alias("known"))
            .where(F.col(f"known.weight_{at}").isNotNull())
            .select(
                "viewer",
                "known.title_id",
                F.col(f"known.weight_{at}").cast("float").alias("weight"),
                F.col(f"known.rating_{at}").cast("float").alias("rating"),
                F.col(f"known.last_at_{at}").alias("last_at"),
            )
            .join(F.broadcast(self.titles), on="title_id", how="inner")
            .select("viewer", "title", "weight", "rating", "last_at")
        )
        session = self.viewers.sparkSession
        return TrainingSet(
            self.title_ids, moment, self.cores, rows, lambda: session, catalogue=catalogue, work=self.work
        )

    def histories(self, moment: datetime) -> DataFrame:
        """What was known at one of the moments, one row per viewer, as put_together makes them."""
        at = self.moments.index(moment)
        then = F.filter("known", lambda one: one[f"weight_{at}"].isNotNull())
        ages = F.transform("known", lambda one: age_days(one[f"last_at_{at}"], moment))
        return (
            self.viewers.select("user_id", then.alias("known"))
            .where(F.size("known") > 0)
            .select(
                "user_id",
                F.col("known.title_id").alias("title_ids"),
                F.col(f"known.weight_{at}").alias("weights"),
                F.col(f"known.rating_{at}").alias("ratings"),
                ages.alias("ages"),
            )
        )


@contextmanager
def gather(
    interactions: DataFrame, moments: Sequence[datetime], weighing: Weighing, work: Path | None = None
) -> Iterator[Known]:
    """Weigh and number all events, in one shuffle of them; held while in use.

    Args:
        interactions: silver.interactions, one row per event.
        moments: As of when preferences are wanted: each sees the events before it.
        weighing: Weights by event type, and the half-life.
        work: A folder for files of tasks, at a path that workers see too.
    """
    cores = cores_of(interactions.sparkSession)
    parts, columns = [], []
    for at, moment in enumerate(moments):
        is_before = F.col("occurred_at") < F.lit(moment)
        last_at = F.max(F.when(is_before, F.col("occurred_at"))).alias(f"last_at_{at}")
        parts += [*weight_parts(moment, weighing, is_before, f"_{at}"), last_at]
        # Who did not interact with a title before the moment has no weight there; null is not 0.
        weight = F.when(F.col(f"last_at_{at}").isNotNull(), weight_of_parts(moment, weighing, f"_{at}"))
        columns += [
            weight.alias(f"weight_{at}"),
            rating_of_parts(f"_{at}").alias(f"rating_{at}"),
            F.col(f"last_at_{at}"),
        ]
    histories = (
        interactions.select("user_id", "title_id", "event_type", "value", "occurred_at")
        .repartition(cores, "user_id")
        .groupBy("user_id", "title_id")
        .agg(*parts)
        .groupBy("user_id")
        .agg(F.sort_array(F.collect_list(F.struct("title_id", *columns))).alias("known"))
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
            work,
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
