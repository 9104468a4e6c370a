"""The audit's mechanism: rows held in memory against rows staged as files."""

import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import great_expectations.expectations as gxe
from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.suite import Suite, suite
from jobs.lakehouse.audit import judge as audit
from jobs.lakehouse.spark import session
from jobs.settings import Settings
from jobs.tables import Column, Table, bronze

_ROWS = 2_000_000
_ROUNDS = 3
_NIGHT = date(2026, 3, 1)
VIEWS = Table(
    name="silver.views",
    grain="One row per view.",
    owner="viewing",
    key=("view_id",),
    inputs=(bronze.INTERACTIONS,),
    columns=(
        Column("view_id", "string", "The view.", nullable=False),
        Column("title_id", "string", "The title.", nullable=False),
        Column("share", "double", "Share watched.", nullable=False),
    ),
)
SUITE = suite(
    VIEWS,
    rows=(
        gxe.ExpectColumnValuesToMatchRegex(column="title_id", regex=r"^tt\d{7}$"),
        gxe.ExpectColumnValuesToBeBetween(column="share", min_value=0.0, max_value=1.0),
    ),
    tolerates=0.01,
)


def run(say: Callable[[str], object]) -> None:
    """2 million rows through mark, count, judge and a Delta write, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        spark = session(Settings(home=Path(folder)), "benchmark")
        number = F.col("id")
        rows = spark.range(_ROWS, numPartitions=2).select(
            F.sha2(number.cast("string"), 256).alias("view_id"),
            F.concat(F.lit("tt"), F.lpad((number % 9_999).cast("string"), 7, "0")).alias("title_id"),
            F.when(number % 1000 == 0, F.lit(2.0)).otherwise((number % 100) / 100).alias("share"),
        )
        mechanisms: dict[str, Callable[[], DataFrame]] = {
            "written without audit": lambda: rows,
            "held (persist)": lambda: _marked(rows, SUITE).persist(StorageLevel.MEMORY_AND_DISK),
            "staged (Parquet)": lambda: _staged(_marked(rows, SUITE), f"{folder}/staged"),
        }
        seconds: dict[str, list[float]] = {name: [] for name in mechanisms}
        for turn in range(_ROUNDS + 1):
            for name, offer in mechanisms.items():
                began = time.monotonic()
                offered = offer()
                if audit.REASONS in offered.columns:
                    audit.judge(offered, audit.count(offered, SUITE), SUITE, _NIGHT, Path(folder) / "docs")
                    offered = audit.kept(offered, SUITE)
                offered.write.format("delta").mode("overwrite").save(f"{folder}/table")
                spark.catalog.clearCache()
                if turn:  # the first round warms the JVM
                    seconds[name].append(time.monotonic() - began)
        bare = min(seconds["written without audit"])
        for name, taken in seconds.items():
            say(f"{name:24s} {min(taken):6.1f} s   {min(taken) / bare:4.1f} x the bare write")
        spark.stop()


def _marked(rows: DataFrame, promised: Suite) -> DataFrame:
    return audit.mark(rows, promised, {})


def _staged(rows: DataFrame, path: str) -> DataFrame:
    rows.write.mode("overwrite").parquet(path)
    return rows.sparkSession.read.parquet(path)
