"""Lists for everybody: ours beside bare products of factors and MLlib's own."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import random as random_sparse
from threadpoolctl import threadpool_limits

from jobs import recommenders
from jobs.recommenders.als import Model, Parameters
from jobs.scoring.histories import Histories
from jobs.scoring.top_n import Floats, top_titles
from jobs.settings import Settings, cores_here
from tests.benchmarks.lists_on_spark import LENGTH, MLLIB_VIEWERS, Given
from tests.benchmarks.measure import Ended, run_program
from tests.benchmarks.taste_world import NIGHT, World
from tests.tracking.registered import register

_RANK = 64
_BLOCK_SCORES = 32_000_000
"""Scores of a block of bare products: 128 MB, in an array that is there."""
_SMALL, _SMALL_TITLES = 16_384, 20_000
_VIEWERS, _FEW_VIEWERS, _TITLES = 283_228, 30_000, 53_889
_SAMPLE = 12_800
"""Viewers of a world that are listed in memory."""
_GOAL_KERNEL, _GOAL_PRUNED, _GOAL_WRITTEN, _GOAL_DOOR, _GOAL_MLLIB, _GOAL_GIB = 1.3, 1.0, 60, 2.0, 8, 6
_TURNS = 3


def run(say: Callable[[str], object]) -> None:
    """Lists of 100: in memory on one core, then on Spark for 30,000 viewers and for REELHOUSE_BENCH_VIEWERS (283,228)."""
    _small(say)
    viewers = int(os.environ.get("REELHOUSE_BENCH_VIEWERS", _VIEWERS))
    with tempfile.TemporaryDirectory(prefix="reelhouse-bench-") as folder:
        few = _on_spark(Path(folder) / "few", _FEW_VIEWERS, say)
        many = _on_spark(Path(folder) / "many", viewers, say, is_last=True)
    say("goals")
    say(f"  (b) scored and written          {many['write']:6.0f} s (goal {_GOAL_WRITTEN} for {_VIEWERS:,} viewers)")
    say(f"  (c) to (b)                      {many['publish'] / many['write']:6.1f} x (goal {_GOAL_DOOR:.0f})")
    for part in ("write", "publish"):
        growth = (many[part] / viewers) / (few[part] / _FEW_VIEWERS)
        say(f"  {part:8s} a viewer, {viewers:,} to {_FEW_VIEWERS:,}   {growth:4.2f} x (goal 1: linear)")
    ratio = many["mllib"] / (many["write"] / viewers)
    say(f"  (d) MLlib a viewer to (b)       {ratio:6.1f} x (goal {_GOAL_MLLIB})")
    say(f"  peak memory                     {max(many['gib'], few['gib']):6.1f} GiB (goal {_GOAL_GIB})")


def _small(say: Callable[[str], object]) -> None:
    rng = np.random.default_rng(1)
    factors = rng.normal(scale=0.1, size=(_SMALL_TITLES, _RANK)).astype(np.float32)
    model = Model(pa.array([f"t{n}" for n in range(_SMALL_TITLES)]), factors, Parameters(rank=_RANK))
    share = LENGTH / _SMALL_TITLES
    known = Histories.of(
        random_sparse(_SMALL, _SMALL_TITLES, density=share, format="csr", dtype=np.float32, random_state=rng)
    )
    viewers = rng.normal(scale=0.1, size=(_SMALL, _RANK)).astype(np.float32)
    say(f"{_SMALL:,} viewers x {_SMALL_TITLES:,} titles, rank {_RANK}, {LENGTH} seen each, chance factors, one core")
    _in_memory(model, known, viewers, say)


def _in_memory(model: Model, known: Histories, viewers: Floats, say: Callable[[str], object], goal: str = "") -> None:
    """Times of one core, each the best of some turns over all blocks."""
    size = _BLOCK_SCORES // len(model.factors)
    blocks = [slice(start, start + size) for start in range(0, len(known), size)]
    room = np.empty((size, len(model.factors)), dtype=np.float32)
    parts: dict[str, Callable[[slice], object]] = {
        "bare products of factors": lambda some: _multiply(viewers[some], model.factors, room),
        "lists, seen removed": lambda some: top_titles(Given(model, viewers[some]), known[some], LENGTH),
        "solving viewers' factors": lambda some: model.viewer_factors(known[some]),
        "solving, lists, seen removed": lambda some: top_titles(model, known[some], LENGTH),
    }
    taken: dict[str, list[float]] = {name: [] for name in parts}
    with threadpool_limits(1):
        for _ in range(_TURNS):
            for name, work in parts.items():
                # Of the process, not of the clock: what else the machine does is not counted.
                began = time.process_time()
                for some in blocks:
                    work(some)
                taken[name].append(time.process_time() - began)
    bare = min(taken["bare products of factors"])
    for name, seconds in taken.items():
        told = goal if name.startswith("lists") else ""
        say(f"  {name:30s}{min(seconds):7.2f} s {min(seconds) / bare:5.2f} x {told}")


def _on_spark(home: Path, viewers: int, say: Callable[[str], object], *, is_last: bool = False) -> dict[str, float]:
    """Lay a world out, and make its lists; seconds by part, MLlib's of a viewer, and the largest memory."""
    home.mkdir()
    world = World.of(viewers, _TITLES)
    model = world.fitted(_RANK)
    recommenders.save("als", model, home / "model")
    register(Settings(home=home), home / "registered", NIGHT, model)
    with threadpool_limits(1):
        factors = model.viewer_factors(Histories.of(world.known))
    say(f"{viewers:,} viewers x {_TITLES:,} titles, rank {_RANK}, {world.known.nnz:,} seen pairs, top {LENGTH}")
    if is_last:
        some = np.linspace(0, viewers - 1, min(_SAMPLE, viewers)).astype(np.int64)
        known = Histories.of(world.known[some])
        chance = np.random.default_rng(3).normal(size=(_TITLES + len(some), _RANK)).astype(np.float32)
        say(f" {len(some):,} of them in memory, one core, chance factors")
        of_chance = Model(model.title_ids, chance[:_TITLES], model.parameters)
        _in_memory(of_chance, known, chance[_TITLES:], say, f"(a, goal {_GOAL_KERNEL})")
        say(" factors fitted to them")
        _in_memory(model, known, factors[some], say, f"(a, goal below {_GOAL_PRUNED})")
    _lay_out_viewers(world, factors, home)
    world.lay_out(home)
    bare = _bare_products(factors, model.factors)
    del world
    say(f" on Spark, {cores_here()} cores; bare products of the same blocks would take {bare:.0f} s on as many")
    told = {"gib": 0.0}
    for part in ("write", "publish", "mllib") if is_last else ("write", "publish"):
        ended = run_program([sys.executable, "-m", "tests.benchmarks.lists_on_spark", str(home), part], {})
        found = json.loads(ended.said[-1][1])
        _say_part(part, found, ended, bare, say)
        told[part] = found["seconds"] / MLLIB_VIEWERS if part == "mllib" else found["seconds"]
        told["gib"] = max(told["gib"], 0.0 if part == "mllib" else ended.peak_gib)
    return told


def _say_part(part: str, found: dict[str, float], ended: Ended, bare: float, say: Callable[[str], object]) -> None:
    names = {"write": "scored, written, counted", "publish": "through the door", "mllib": "MLlib, written nowhere"}
    seconds = found["seconds"]
    multiple = "" if part == "mllib" else f" {seconds / bare:5.2f} x"
    say(
        f"  {names[part]:30s}{seconds:7.1f} s{multiple}  {int(found['rows']):,} rows, peak {ended.peak_gib:.1f} GiB, "
        f"{ended.seconds:.0f} s with its start"
    )


def _multiply(viewers: Floats, factors: Floats, room: Floats) -> None:
    np.matmul(viewers, factors.T, out=room[: len(viewers)])


def _bare_products(viewers: Floats, factors: Floats) -> float:
    """Seconds of all products of blocks, on as many cores as there are, by some of them."""
    size = _BLOCK_SCORES // len(factors)
    some, room = viewers[: 4 * size], np.empty((size, len(factors)), dtype=np.float32)
    taken = []
    with threadpool_limits(1):
        for _ in range(_TURNS):
            began = time.process_time()
            for start in range(0, len(some), size):
                _multiply(some[start : start + size], factors, room)
            taken.append(time.process_time() - began)
    return min(taken) / len(some) * len(viewers) / cores_here()


def _lay_out_viewers(world: World, factors: Floats, home: Path) -> None:
    """One row a viewer: what they have seen, and their factors; in order, a file for each core."""
    ends = pa.array(world.known.indptr.astype(np.int32))
    seen = pa.DictionaryArray.from_arrays(pa.array(world.known.indices), world.title_ids()).cast(pa.string())
    rows = pa.table(
        {
            "user_id": world.user_ids(),
            "title_ids": pa.ListArray.from_arrays(ends, seen),
            "weights": pa.ListArray.from_arrays(ends, pa.array(world.known.data.astype(np.float64))),
            "factors": pa.array(list(factors), pa.list_(pa.float32())),
        }
    )
    (home / "viewers").mkdir()
    size = -(-rows.num_rows // cores_here())
    for number in range(cores_here()):
        pq.write_table(rows.slice(number * size, size), home / "viewers" / f"part-{number}.parquet")
