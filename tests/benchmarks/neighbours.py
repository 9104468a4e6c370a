"""Item-based neighbours of a large set: seconds and memory, beside the goals."""

import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from jobs.recommenders import item_knn
from jobs.settings import Settings
from tests.benchmarks.measure import family_bytes
from tests.benchmarks.power_laws import training_set

_VIEWERS, _TITLES, _INTERACTIONS = 100_000, 20_000, 10_000_000
_MOST_SECONDS, _MOST_GIB = 600, 8


def run(say: Callable[[str], object]) -> None:
    """Item-kNN of 10 million interactions x 20,000 titles, power laws on both sides, on all cores."""
    with tempfile.TemporaryDirectory() as home:
        cores = len(os.sched_getaffinity(0))
        settings = Settings(home=Path(home), spark_master=f"local[{cores}]", spark_partitions=cores, driver_memory="1g")
        training = training_set(settings, _VIEWERS, _TITLES, _INTERACTIONS)
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


def _watch(peak: list[int], done: threading.Event) -> None:
    """Look at the memory of this process and all it started, once a second."""
    while not done.wait(1.0):
        peak[0] = max(peak[0], family_bytes(os.getpid()))
