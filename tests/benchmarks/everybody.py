"""Everybody's list by the two-stage hybrid, beside ALS and its own fastest part."""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from pyspark.sql import SparkSession

from jobs import recommenders
from jobs.lakehouse.lake import Lake
from jobs.lakehouse.spark import session
from jobs.lakehouse.views import Views
from jobs.scoring.catalogue import catalogue_of
from jobs.scoring.lists import recommend
from jobs.scoring.plan import plan_of
from jobs.scoring.rules import RULES, Allowed
from jobs.scoring.sources import profiles_for_lists, titles_for_lists, viewers_by_title
from jobs.scoring.training_set import gather
from jobs.scoring.viewer_ranges import ViewerRanges
from jobs.scoring.weighing import end_of
from jobs.settings import Settings
from jobs.tables import silver
from tests.benchmarks.five_million_world import LAST_DAY, lay_out
from tests.benchmarks.measure import REELHOUSE, run_program

_MODELS = ("als", "ials", "two_stage")
_PASSES = 3
_GOAL = 3.0


def run(say: Callable[[str], object]) -> None:
    """The world of five million events: lists of 50 for 40,000 viewers, from preferences to Parquet, on all cores."""
    with tempfile.TemporaryDirectory(prefix="reelhouse-bench-") as folder:
        home = Path(folder) / "home"
        lay_out(home, say)
        run_program([REELHOUSE, "night", "--night", str(LAST_DAY)], {"REELHOUSE_HOME": str(home)})
        measure(home, Path(folder), say)


def measure(home: Path, folder: Path, say: Callable[[str], object]) -> None:
    """Fit the models on a lake, and time the lists of each in turn.

    Args:
        home: A home whose lake holds the world's first night.
        folder: Gets the models and the lists.
        say: Gets the figures.
    """
    cores = len(os.sched_getaffinity(0))
    settings = Settings(home=home, spark_master=f"local[{cores}]", spark_partitions=cores, driver_memory="4g")
    lake = Lake(session(settings), settings)
    moment = end_of(LAST_DAY)
    titles, profiles = (lake.read(table, LAST_DAY) for table in (silver.TITLES, silver.TITLE_PROFILES))
    with gather(lake.read(silver.INTERACTIONS, LAST_DAY), (moment,), settings.weighing, folder) as known:
        training = known.training_set(moment, catalogue_of(profiles, titles, known.title_ids, LAST_DAY, Allowed()))
        say(f"{training.table.num_rows:,} preferences, {len(training.title_ids):,} titles")
        for name in _MODELS:
            began = time.monotonic()
            fitted = recommenders.find(name).fit(training, recommenders.parameters_of(name, {}))
            say(f"fit of {name:24s} {time.monotonic() - began:6.1f} s")
            recommenders.save(name, fitted, folder / name)
    views = lake.views(silver.PREFERENCES, silver.TITLES, silver.TITLE_PROFILES, night=LAST_DAY)
    ranges = ViewerRanges.of(views, moment, cores)
    taken: dict[str, list[float]] = {name: [] for name in _MODELS}
    # The first pass warms the session and its workers up.
    for _ in range(1 + _PASSES):
        for name, seconds in taken.items():
            seconds.append(_seconds(lake.spark, views, ranges, folder / name))
    lake.spark.stop()
    alone = median(taken["als"][1:])
    for name, seconds in taken.items():
        one, goal = median(seconds[1:]), f" (goal {_GOAL:.0f})" if name == "two_stage" else ""
        say(f"lists of {name:22s} {one:6.1f} s   {one / alone:4.1f} x of ALS{goal}")


def _seconds(spark: SparkSession, views: Views, known: ViewerRanges, model: Path) -> float:
    """Make and write everybody's list."""
    fitted, length = recommenders.load(model), Settings().list_length
    counted = viewers_by_title(views, LAST_DAY)
    found = titles_for_lists(views, counted, fitted.title_ids, LAST_DAY, length, Allowed())
    with tempfile.TemporaryDirectory() as folder:
        said = profiles_for_lists(views, fitted.title_ids)
        plan_of(model, fitted, found, said, RULES.empty_table(), length).save(Path(folder))
        began = time.monotonic()
        recommend(known.rows(spark), known, Path(folder)).write.mode("overwrite").parquet(str(model.parent / "lists"))
        return time.monotonic() - began
