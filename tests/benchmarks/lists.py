"""Lists for everybody: ours beside bare products of factors and MLlib's own."""

import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa
from scipy.sparse import random as random_sparse
from threadpoolctl import threadpool_limits

from jobs.recommenders.als import Model, Parameters
from jobs.scoring.histories import Histories
from jobs.scoring.top_n import top_titles

_VIEWERS, _TITLES, _RANK, _SEEN, _LENGTH = 16_384, 20_000, 64, 100, 100
_BLOCK = 1_600


def run(say: Callable[[str], object]) -> None:
    """16,384 viewers x 20,000 titles, rank 64, 100 seen each, top 100, one core, in memory."""
    rng = np.random.default_rng(1)
    factors = rng.normal(scale=0.1, size=(_TITLES, _RANK)).astype(np.float32)
    model = Model(pa.array([f"t{n}" for n in range(_TITLES)]), factors, Parameters(rank=_RANK))
    known = Histories.of(
        random_sparse(_VIEWERS, _TITLES, density=_SEEN / _TITLES, format="csr", dtype=np.float32, random_state=rng)
    )
    viewers = rng.normal(scale=0.1, size=(_VIEWERS, _RANK)).astype(np.float32)
    with threadpool_limits(1):
        products = _seconds(lambda start: viewers[start : start + _BLOCK] @ factors.T)
        solving = _seconds(lambda start: model.viewer_factors(known[start : start + _BLOCK]))
        listing = _seconds(lambda start: top_titles(model, known[start : start + _BLOCK], _LENGTH))
    say(f"bare products of factors        {products:6.2f} s")
    say(f"solving viewers' factors        {solving:6.2f} s   {solving / products:4.1f} x")
    say(f"solving, scoring, seen removed  {listing:6.2f} s   {listing / products:4.1f} x")


def _seconds(work: Callable[[int], object]) -> float:
    """Best of two passes over all blocks."""
    taken = []
    for _ in range(2):
        began = time.monotonic()
        for start in range(0, _VIEWERS, _BLOCK):
            work(start)
        taken.append(time.monotonic() - began)
    return min(taken)
