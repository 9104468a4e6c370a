"""Item-based neighbours of a large set: seconds and memory, beside the goals."""

import os
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from jobs.lakehouse.spark import session
from jobs.recommenders import item_knn
from jobs.scoring.training_set import TrainingSet
from jobs.settings import Settings
from tests.benchmarks.measure import family_bytes

_VIEWERS, _TITLES, _INTERACTIONS = 100_000, 20_000, 10_000_000
_MOST_SECONDS, _MOST_GIB = 600, 8


def run(say: Callable[[str], object]) -> None:
    """Item-kNN of 10 million interactions x 20,000 titles, power laws on both sides, on all cores."""
    with tempfile.TemporaryDirectory() as home:
        cores = len(os.sched_getaffinity(0))
        settings = Settings(home=Path(home), spark_master=f"local[{cores}]", spark_partitions=cores, driver_memory="1g")
        training = _power_laws(settings, cores)
        peak, done = [0], threading.Event()
        watch = threading.Thread(target=_watch, args=(peak, done))
        watch.start()
        began = time.monotonic()
        try:
            model = item_knn.fit(training, item_knn.Parameters())
        finally:
            done.set()
            watch.join()
        seconds = time.monotonic() - began
        training.spark().stop()
    say(
        f"{training.table.num_rows:,} interactions, {len(model.title_ids):,} titles, {model.similarities.nnz:,} neighbours"
    )
    say(f"item-kNN fit, session included  {seconds:6.0f} s    at most {_MOST_SECONDS}")
    say(f"peak memory of all processes    {peak[0] / 2**30:6.1f} GiB  at most {_MOST_GIB}")


def _power_laws(settings: Settings, cores: int) -> TrainingSet:
    """Viewers of lognormal activity, titles of Zipf's popularity; what is drawn twice counts once."""
    rng = np.random.default_rng(1)
    activity = rng.lognormal(sigma=1.1, size=_VIEWERS)
    popularity = 1.0 / np.arange(20, _TITLES + 20) ** 0.8
    wanted = int(_INTERACTIONS * 1.35)
    viewer = rng.choice(_VIEWERS, wanted, p=activity / activity.sum())
    title = rng.choice(_TITLES, wanted, p=popularity / popularity.sum())
    pairs = rng.permutation(np.unique(viewer.astype(np.int64) * _TITLES + title))[:_INTERACTIONS]
    rows = pa.table(
        {
            "viewer": pa.array((pairs // _TITLES).astype(np.int32)),
            "title": pa.array((pairs % _TITLES).astype(np.int32)),
            "weight": pa.array(np.ones(len(pairs), dtype=np.float32)),
            "rating": pa.nulls(len(pairs), pa.float32()),
            "last_at": pa.array(rng.integers(0, 10**15, len(pairs)), pa.timestamp("us", "UTC")),
        }
    )
    title_ids = pa.array([f"t{n:05d}" for n in range(_TITLES)])
    return TrainingSet(title_ids, datetime(2026, 3, 1, tzinfo=UTC), cores, rows, lambda: session(settings))


def _watch(peak: list[int], done: threading.Event) -> None:
    """Look at the memory of this process and all it started, once a second."""
    while not done.wait(1.0):
        peak[0] = max(peak[0], family_bytes(os.getpid()))
