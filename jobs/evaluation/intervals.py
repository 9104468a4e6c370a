"""How sure a mean over viewers is: bootstrap intervals, the one place that draws them.

Efron and Tibshirani (1993), "An introduction to the bootstrap": viewers are drawn with replacement, as many as there are,
and the interval holds the middle of the means of the draws. Two models judged on the same viewers are drawn together, so
that what is hard for both of them cancels out. Same values, seed and level: same interval.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_RESAMPLES = 1_000
_BEYOND_AN_END = 10
"""So many draws lie beyond each end of an interval at least, or its ends would be chance."""
_DRAWN_AT_ONCE = 4_000_000
"""Counts in memory at once: 32 MB."""


@dataclass(frozen=True)
class Interval:
    """A mean and the ends of its interval; not a number where there was nothing to take a mean of."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        """As people read it: the mean, and the ends in brackets."""
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def mean_interval(values: Floats, seed: int, level: float = 0.95) -> Interval:
    """The mean of one value per viewer.

    Args:
        values: One value per viewer.
        seed: Seed of the draws.
        level: Share of the draws that the interval holds.
    """
    return mean_intervals(np.asarray(values, dtype=np.float64)[:, np.newaxis], seed, level)[0]


def paired_interval(a: Floats, b: Floats, seed: int, level: float = 0.95) -> Interval:
    """The mean of ``a`` less that of ``b``, of the same viewers in the same order."""
    return mean_interval(np.subtract(a, b, dtype=np.float64), seed, level)


def mean_intervals(values: Floats, seed: int, level: float = 0.95) -> list[Interval]:
    """The mean of each column, all of them over the same draws.

    Args:
        values: Viewers by columns.
        seed: Seed of the draws.
        level: Share of the draws that each interval holds.
    """
    if not values.size:
        return [Interval(np.nan, np.nan, np.nan) for _ in range(values.shape[1])]
    # Rounded, as 20 / (1 - 0.95) is more than 400 by a hair.
    resamples = max(_RESAMPLES, round(2 * _BEYOND_AN_END / (1 - level)))
    drawn = np.vstack([counts @ values for counts in draws(len(values), seed, resamples)]) / len(values)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return [Interval(*map(float, one)) for one in zip(values.mean(axis=0), low, high, strict=True)]


def draws(viewers: int, seed: int, resamples: int = _RESAMPLES) -> Iterator[Floats]:
    """How often each viewer is drawn, some draws at a time.

    Yields:
        Draws by viewers; each row adds up to the number of viewers.
    """
    random = np.random.default_rng(seed)
    size = max(1, _DRAWN_AT_ONCE // viewers)
    for start in range(0, resamples, size):
        rows = min(size, resamples - start)
        drawn = random.integers(viewers, size=(rows, viewers)) + viewers * np.arange(rows)[:, np.newaxis]
        yield np.bincount(drawn.ravel(), minlength=rows * viewers).reshape(rows, viewers).astype(np.float64)
