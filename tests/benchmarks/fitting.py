"""Our fit of ALS beside MLlib's own, on the same frame."""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame

from jobs.recommenders import als
from jobs.settings import Settings
from tests.benchmarks.power_laws import training_set

_VIEWERS, _TITLES, _INTERACTIONS = 60_000, 15_000, 5_000_000
_PASSES = 3
_GOAL = 1.1


def run(say: Callable[[str], object]) -> None:
    """5 million preferences in a cached frame: als.fit and bare ALS.fit, the same settings, in turn, after a pass of each."""
    with tempfile.TemporaryDirectory() as home:
        cores = len(os.sched_getaffinity(0))
        settings = Settings(home=Path(home), spark_master=f"local[{cores}]", spark_partitions=cores, driver_memory="4g")
        made = training_set(settings, _VIEWERS, _TITLES, _INTERACTIONS)
        rows = made.preferences.repartition(cores, "viewer").persist()
        training = replace(made, rows=rows)
        say(f"{rows.count():,} preferences, {_VIEWERS:,} viewers, {_TITLES:,} titles, rank {als.Parameters().rank}")
        passes = [(_seconds(lambda: _bare(rows, cores)), _seconds(lambda: als.fit(training, als.Parameters())))]
        while len(passes) <= _PASSES:
            passes.append((_seconds(lambda: _bare(rows, cores)), _seconds(lambda: als.fit(training, als.Parameters()))))
        training.spark().stop()
    bare, ours = (median(one[of] for one in passes[1:]) for of in (0, 1))
    ratio = median(ours / bare for bare, ours in passes[1:])
    say("bare ALS.fit, ours: " + ", ".join(f"{bare:.1f} {ours:.1f}" for bare, ours in passes) + " s")
    say(f"our fit to bare ALS.fit         {ours:5.1f} s to {bare:.1f} s, {ratio:.2f} x (goal {_GOAL})")


def _bare(rows: DataFrame, cores: int) -> None:
    """What anybody would write, with as many blocks as there are cores."""
    usual = als.Parameters()
    ALS(
        rank=usual.rank,
        maxIter=usual.iterations,
        regParam=usual.reg_param,
        alpha=usual.alpha,
        implicitPrefs=True,
        seed=usual.seed,
        numUserBlocks=cores,
        numItemBlocks=cores,
        userCol="viewer",
        itemCol="title",
        ratingCol="weight",
    ).fit(rows)


def _seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
