"""One figure from several runs: the mean, and an interval over seeds and viewers."""

from collections.abc import Sequence

import numpy as np

from jobs.evaluation.intervals import Floats, Interval, draws

_RESAMPLES = 1_000
_ENDS = (0.025, 0.975)


def mean_over_runs(runs: Sequence[Floats], seed: int) -> Interval:
    """The mean over runs of the mean over each run's viewers.

    Its 95 % interval is a bootstrap of two steps, after Davison and Hinkley (1997), "Bootstrap methods and their
    application", section 3.8: runs are drawn with replacement, then viewers within each. Runs over the same viewers draw
    the same of them. Of one run the interval is over viewers alone.

    Args:
        runs: One value per viewer of each run; viewers of whom there is none, not a number, are left out.
        seed: Seed of the draws.
    """
    return ratio_over_runs([(_known(run), (~np.isnan(run)).astype(np.float64)) for run in runs], seed)


def ratio_over_runs(runs: Sequence[tuple[Floats, Floats]], seed: int, *, is_squared: bool = False) -> Interval:
    """The mean over runs of Σ part / Σ whole over viewers, or of its square root, with its interval.

    Args:
        runs: Part and whole of each viewer, of each run.
        seed: Seed of the draws.
        is_squared: Whether the root is taken: RMSE of squared errors and numbers of ratings.
    """
    some = [(part, whole) for part, whole in runs if whole.sum() > 0]
    if not some:
        return Interval(np.nan, np.nan, np.nan)
    means = np.array([part.sum() / whole.sum() for part, whole in some])
    drawn = np.column_stack([_drawn(part, whole, seed) for part, whole in some])
    if is_squared:
        means, drawn = np.sqrt(means), np.sqrt(drawn)
    chosen = np.random.default_rng(seed).integers(len(some), size=drawn.shape)
    low, high = np.nanquantile(np.take_along_axis(drawn, chosen, axis=1).mean(axis=1), _ENDS)
    return Interval(float(means.mean()), float(low), float(high))


def _drawn(part: Floats, whole: Floats, seed: int) -> Floats:
    """The ratio of each draw of viewers; not a number for a draw without any whole."""
    both = np.column_stack([part, whole])
    sums = np.vstack([counts @ both for counts in draws(len(part), seed, _RESAMPLES)])
    return np.asarray(np.divide(sums[:, 0], sums[:, 1], out=np.full(len(sums), np.nan), where=sums[:, 1] > 0))


def _known(values: Floats) -> Floats:
    return np.nan_to_num(values, nan=0.0)
