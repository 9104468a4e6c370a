"""One viewer's list out of a table of 15 million rows, as a service in Python would read it."""

import random
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

import duckdb
import polars as pl
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.lakehouse import staging
from jobs.lakehouse.audit.mark import REASONS
from jobs.lakehouse.commit import commit, move_files, open_or_create
from jobs.lakehouse.ledger import Account
from jobs.lakehouse.spark import session
from jobs.lakehouse.storage import open_storage
from jobs.lakehouse.views import Views
from jobs.settings import Settings
from jobs.tables.gold import RECOMMENDATIONS

_VIEWERS, _LENGTH, _TITLES = 300_000, 50, 50_000
_WARMING, _ASKED = 5, 50
_GOAL_MS = 100
_NIGHT = date(2026, 3, 1)


def run(say: Callable[[str], object]) -> None:
    """gold.recommendations of 300,000 viewers x 50, laid out as the door lays it out; warm, in process, medians."""
    with tempfile.TemporaryDirectory(prefix="reelhouse-bench-") as folder:
        settings = Settings(home=Path(folder) / "home")
        lay_out(settings, say)
        read(settings, say)


def lay_out(settings: Settings, say: Callable[[str], object]) -> None:
    """Publish made-up lists: staged and committed by the door's own parts, without its audit."""
    spark = session(settings, "benchmark")
    try:
        began, address = time.monotonic(), f"{settings.lake}/{RECOMMENDATIONS.path}"
        base = open_or_create(settings.lake, RECOMMENDATIONS)
        rows = _lists(spark).withColumn(REASONS, F.array().cast("array<string>"))
        staging.write(rows, RECOMMENDATIONS, f"{address}/_staging/made-up", settings.rows_per_file)
        files = staging.staged_files(*open_storage(f"{address}/_staging/made-up"))
        actions = move_files(settings.lake, RECOMMENDATIONS, files, "made-up")
        count = _VIEWERS * _LENGTH
        commit(base, RECOMMENDATIONS, actions, None, Account(night=_NIGHT, offered=count, published=count))
        groups = [
            pq.ParquetFile(file.removeprefix("file://")).metadata.num_row_groups
            for file in _delta(settings).file_uris()
        ]
        held = sum(action.size for action in actions) / 1e6
        say(
            f"written in {time.monotonic() - began:.0f} s: {held:,.0f} MB in {len(actions)} files, "
            f"{sum(groups)} row groups"
        )
    finally:
        spark.stop()


def read(settings: Settings, say: Callable[[str], object]) -> None:
    """Ask for one list after another, in each way."""
    users = [f"u{n:07d}" for n in random.Random(8).sample(range(_VIEWERS), _WARMING + _ASKED)]
    path = f"{settings.lake}/{RECOMMENDATIONS.path}"
    kept = _delta(settings).to_pyarrow_dataset()
    views = Views(settings.lake, [RECOMMENDATIONS])
    connection = duckdb.connect()
    connection.register("lists", kept)
    lazy = pl.scan_delta(path)
    ways: dict[str, Callable[[str], int]] = {
        "delta-rs to Arrow": lambda user: kept.to_table(filter=pc.field("user_id") == user).num_rows,
        "delta-rs to Arrow, the table opened anew": lambda user: (
            _delta(settings).to_pyarrow_dataset().to_table(filter=pc.field("user_id") == user).num_rows
        ),
        "DuckDB over it": lambda user: len(
            connection.execute("SELECT * FROM lists WHERE user_id = ? ORDER BY rank", [user]).fetchall()
        ),
        "DuckDB, as `reelhouse sql`": lambda user: len(
            views.rows("SELECT * FROM gold.recommendations WHERE user_id = ? ORDER BY rank", [user])
        ),
        "Polars": lambda user: len(lazy.filter(pl.col("user_id") == user).collect()),
    }
    for way, ask in ways.items():
        taken = []
        for user in users:
            began = time.monotonic()
            found = ask(user)
            taken.append(1000 * (time.monotonic() - began))
            if found != _LENGTH:
                raise SystemExit(f"{way} found {found} rows of {user}")
        asked = sorted(taken[_WARMING:])
        say(f"{way:<42}{median(asked):7.1f} ms   nine in ten {asked[_ASKED * 9 // 10]:7.1f} ms   (goal {_GOAL_MS})")


def _delta(settings: Settings) -> DeltaTable:
    return DeltaTable(f"{settings.lake}/{RECOMMENDATIONS.path}")


def _lists(spark: SparkSession) -> DataFrame:
    """Lists in order of user_id, in ranges, as the scorer makes them."""
    viewers = spark.range(_VIEWERS).select(
        F.concat(F.lit("u"), F.lpad(F.col("id").cast("string"), 7, "0")).alias("user_id"), "id"
    )
    ranges = viewers.repartitionByRange("user_id").sortWithinPartitions("user_id")
    rows = ranges.select("user_id", "id", F.explode(F.sequence(F.lit(1), F.lit(_LENGTH))).alias("rank"))
    title, liked = (_title(F.xxhash64("id", "rank", F.lit(salt))) for salt in (1, 2))
    score = (F.lit(1.0) / F.col("rank")).cast("double")
    words = F.concat(F.lit("because you liked The Film "), liked, F.lit(" (1995): Crime, Somebody Well Known"))
    made = {
        "title_id": title,
        "source": F.lit("personal"),
        "model_score": score,
        "score": score,
        "reason_title_ids": F.array(liked),
        "reason_contributions": F.array(score),
        "reasons": words,
        "model_name": F.lit("reelhouse"),
        "model_version": F.lit(1),
        "model_night": F.lit(_NIGHT),
        "night": F.lit(_NIGHT),
    }
    own = {"user_id", "rank"}
    return rows.select(
        *(
            F.col(column.name)
            if column.name in own
            else made.get(column.name, F.lit(None)).cast(column.type).alias(column.name)
            for column in RECOMMENDATIONS.columns
        )
    )


def _title(number: Column) -> Column:
    return F.concat(F.lit("tt"), F.lpad(F.pmod(number, F.lit(_TITLES)).cast("string"), 7, "0"))
