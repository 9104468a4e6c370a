"""The door beside a bare Delta write of the same rows: five million, and the smallest table."""

import cProfile
import pstats
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.silver import interactions, title_links, titles
from expectations.suite import Suite
from jobs.lakehouse.lake import Lake
from jobs.lakehouse.spark import session
from jobs.settings import Settings
from tests.rows import rows_of

_EVENTS, _VIEWERS, _TITLES, _DAYS = 5_000_000, 40_000, 15_000, 50
_ROUNDS, _SMALL_ROUNDS = 3, 7
_NIGHT, _FIRST_SECOND = date(2026, 2, 19), 1_767_225_600  # the days begin at 2026-01-01T00:00:00Z
_TYPES = ("view", "complete", "rating", "like", "dislike", "watchlist", "dismiss")
_SHOWN = 0.005  # of the whole: smaller parts are not shown


def run(say: Callable[[str], object]) -> None:
    """silver.interactions with its suite and references, alternating with bare writes in one session, warm."""
    with tempfile.TemporaryDirectory(prefix="reelhouse-bench-") as folder:
        settings = Settings(home=Path(folder) / "home")
        spark = session(settings, "benchmark")
        try:
            known = [{"title_id": f"tt{n:07d}", "title": "A film", "title_type": "movie"} for n in range(_TITLES)]
            _publish(spark, settings, rows_of(spark, titles.SUITE.of, known), titles.SUITE)
            _events(spark).write.parquet(f"{folder}/events")
            _large(spark, settings, folder, say)
            _small(spark, settings, say)
        finally:
            spark.stop()


def _large(spark: SparkSession, settings: Settings, folder: str, say: Callable[[str], object]) -> None:
    """The same rows, read from Parquet, through both, in turns."""
    bare: list[float] = []
    door: list[float] = []
    parts: dict[str, float] = {}
    for turn in range(_ROUNDS + 1):
        began = time.monotonic()
        rows = spark.read.parquet(f"{folder}/events")
        rows.write.format("delta").mode("overwrite").partitionBy("month").save(f"{folder}/bare")
        written = time.monotonic() - began
        audited, parts = _publish(spark, settings, spark.read.parquet(f"{folder}/events"), interactions.SUITE)
        if turn:  # the first round warms the JVM
            bare.append(written)
            door.append(audited)
    say(f"{_EVENTS:,} rows read from Parquet, {_ROUNDS} rounds, medians")
    say(f"bare Delta write  {median(bare):5.1f} s   ({', '.join(f'{seconds:.1f}' for seconds in bare)})")
    say(f"through the door  {median(door):5.1f} s   ({', '.join(f'{seconds:.1f}' for seconds in door)})")
    say(f"ratio             {median(door) / median(bare):5.2f}     (goal 1.25)")
    _show(parts, say)


def _small(spark: SparkSession, settings: Settings, say: Callable[[str], object]) -> None:
    """One row of silver.title_links, again and again."""
    link = {"source_title_id": "tt0000001", "source": "imdb", "title_id": "tt0000001", "matched_by": "same"}
    rounds = [
        _publish(spark, settings, rows_of(spark, title_links.SUITE.of, [link]), title_links.SUITE)
        for _ in range(_SMALL_ROUNDS)
    ]
    seconds = [taken for taken, _ in rounds[2:]]
    say(f"one row           {median(seconds):5.2f} s   ({', '.join(f'{taken:.2f}' for taken in seconds)}; goal 1)")
    _show(rounds[-1][1], say)


def _events(spark: SparkSession) -> DataFrame:
    """Rows of silver.interactions as a sample world has them, in order of time."""
    number = F.col("id")
    second = (F.lit(_FIRST_SECOND) + number * (_DAYS * 86_400) / _EVENTS).cast("bigint")
    # Multiplied by large primes: viewers and titles in no order.
    viewer, title = (number * 7_919) % _VIEWERS, (number * 104_729) % _TITLES
    occurred_at = F.timestamp_seconds(second)
    kind = F.element_at(F.array(*map(F.lit, _TYPES)), (number % len(_TYPES) + 1).cast("int"))
    return spark.range(_EVENTS, numPartitions=8).select(
        F.concat(F.date_format(occurred_at, "yyyyMMdd"), F.lit("-"), F.lpad(number.cast("string"), 7, "0")).alias(
            "event_id"
        ),
        F.concat(F.lit("u"), F.lpad(viewer.cast("string"), 6, "0")).alias("user_id"),
        F.concat(F.lit("tt"), F.lpad(title.cast("string"), 7, "0")).alias("title_id"),
        kind.alias("event_type"),
        F.when(kind == "rating", (number % 21) / 2).when(kind == "view", (number % 101) / 100).alias("value"),
        occurred_at.alias("occurred_at"),
        F.element_at(F.array(*map(F.lit, ("tv", "app", "web"))), (number % 3 + 1).cast("int")).alias("source"),
        F.trunc(occurred_at, "month").alias("month"),
    )


def _publish(spark: SparkSession, settings: Settings, rows: DataFrame, suite: Suite) -> tuple[float, dict[str, float]]:
    """Publish; the seconds, and those of each part: the functions of the lakehouse that its door calls."""
    profile, began = cProfile.Profile(), time.monotonic()
    profile.runcall(Lake(spark, settings, "benchmark").publish, rows, suite, _NIGHT)
    taken = time.monotonic() - began
    parts: dict[str, float] = {}
    calls = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    for (file, _, name), (*_, callers) in calls.items():
        if "jobs/lakehouse" not in file or file.endswith("lake.py"):
            continue
        seconds = sum(cost[3] for (caller, _, _), cost in callers.items() if caller.endswith("lakehouse/lake.py"))
        if seconds:
            part = f"{Path(file).stem}.{name}"
            parts[part] = parts.get(part, 0.0) + seconds
    return taken, {part: seconds for part, seconds in parts.items() if seconds > _SHOWN * taken}


def _show(parts: dict[str, float], say: Callable[[str], object]) -> None:
    """The parts of the last round, longest first, three per line."""
    told = [f"{part} {1000 * seconds:,.0f} ms" for part, seconds in sorted(parts.items(), key=lambda p: -p[1])]
    for start in range(0, len(told), 3):
        say("    " + ", ".join(told[start : start + 3]))
