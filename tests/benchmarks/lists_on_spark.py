"""Lists of a laid out world on Spark, in a process of its own: ``python -m tests.benchmarks.lists_on_spark HOME PART``.

Its last line is JSON: what it counted, and the seconds.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from jobs.gold import recommendations
from jobs.lakehouse.lake import Lake
from jobs.lakehouse.spark import session
from jobs.recommenders import als
from jobs.scoring.histories import Histories, blocks
from jobs.scoring.top_n import ranks_within, top_titles
from jobs.settings import Settings, cores_here
from tests.benchmarks.taste_world import NIGHT

LENGTH = 100
MLLIB_VIEWERS = 2_048
_LISTED = "user_id string, rank int, title_id string, score double"


class Given:
    """The products of factors of titles and of those of viewers that are given."""

    def __init__(self, model: als.Model, factors: NDArray[np.float32]) -> None:
        self.title_ids, self.factors, self._viewers = model.title_ids, model.factors, factors

    def viewer_factors(self, histories: Histories) -> NDArray[np.float32]:
        return self._viewers

    def scores(self, histories: Histories) -> NDArray[np.float32]:
        return self._viewers @ self.factors.T

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def write_lists(spark: SparkSession, home: Path) -> dict[str, float]:
    """Score viewers whose factors are there, and write their lists with Delta's own writer, counted."""
    viewers = spark.read.parquet(str(home / "viewers"))
    counted = Observation("lists")
    began = time.monotonic()
    scored = score(viewers, home / "model").observe(counted, F.count("*").alias("rows"))
    scored.write.format("delta").mode("overwrite").save(str(home / "scored"))
    return {"rows": counted.get["rows"], "seconds": time.monotonic() - began}


def score(viewers: DataFrame, folder: Path) -> DataFrame:
    path = str(folder)

    def listed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        model = als.load(Path(path))
        for block in blocks(batches, model.title_ids):
            factors = block.rows.column("factors").flatten().to_numpy().reshape(len(block.histories), -1)
            found = top_titles(Given(model, factors), block.histories, LENGTH)
            yield pa.RecordBatch.from_arrays(
                [
                    block.user_ids.take(pa.array(found.rows)),
                    pa.array(ranks_within(found.rows) + 1),
                    model.title_ids.take(pa.array(found.positions)),
                    pa.array(found.scores.astype(np.float64)),
                ],
                names=["user_id", "rank", "title_id", "score"],
            )

    return viewers.mapInArrow(listed, _LISTED)


def publish_lists(spark: SparkSession, settings: Settings) -> dict[str, float]:
    """The job of gold.recommendations: histories, factors, lists, reasons, audit, commit."""
    lake = Lake(spark, settings, "benchmark")
    began = time.monotonic()
    recommendations.run(lake, NIGHT)
    return {"rows": lake.outcomes[-1].rows or 0, "seconds": time.monotonic() - began}


def recommend_by_mllib(spark: SparkSession, home: Path) -> dict[str, float]:
    """MLlib's lists of some viewers, from the same factors, written nowhere; the second time, when the JVM is warm."""
    from pyspark.ml.recommendation import ALSModel

    model = als.load(home / "model")
    some = spark.read.parquet(str(home / "viewers")).limit(MLLIB_VIEWERS).toArrow()["factors"].combine_chunks()
    viewers, titles = (
        spark.createDataFrame(pa.table({"id": np.arange(len(held), dtype=np.int32), "features": held})).persist()
        for held in (some, pa.array(list(model.factors), pa.list_(pa.float32())))
    )
    count, _ = viewers.count(), titles.count()
    # PySpark makes such a model by fitting alone.
    java = spark._jvm.org.apache.spark.ml.recommendation.ALSModel  # type: ignore[union-attr]
    made = java("als", model.factors.shape[1], viewers._jdf, titles._jdf).setUserCol("viewer").setItemCol("title")
    theirs = ALSModel(made)
    seconds = 0.0
    for _ in range(2):
        began = time.monotonic()
        theirs.recommendForAllUsers(LENGTH).write.format("noop").mode("overwrite").save()
        seconds = time.monotonic() - began
    return {"rows": count * LENGTH, "seconds": seconds}


def main(home: Path, part: str) -> None:
    """Run a part."""
    cores = cores_here()
    settings = Settings(home=home, spark_master=f"local[{cores}]", spark_partitions=cores, list_length=LENGTH)
    spark = session(settings)
    spark.range(1000, numPartitions=cores).mapInArrow(lambda batches: batches, "id bigint").count()
    parts: Mapping[str, Callable[[], dict[str, float]]] = {
        "write": lambda: write_lists(spark, home),
        "publish": lambda: publish_lists(spark, settings),
        "mllib": lambda: recommend_by_mllib(spark, home),
    }
    told = parts[part]()
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    spark.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
