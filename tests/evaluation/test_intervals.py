"""Bootstrap intervals of means over viewers."""

import numpy as np
import pytest

from jobs.evaluation.intervals import mean_interval, mean_intervals, paired_interval

_SEED = 11


def _normal(*size: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=size)


def test_holds_the_truth_as_often_as_its_level_says() -> None:
    intervals = mean_intervals(_normal(300, 2_000), _SEED, level=0.9)

    assert np.mean([one.low <= 0 <= one.high for one in intervals]) == pytest.approx(0.9, abs=0.02)


def test_is_as_wide_as_the_standard_error_says() -> None:
    values = _normal(4_000)

    found = mean_interval(values, _SEED)

    error = values.std() / np.sqrt(len(values))
    assert found.mean == pytest.approx(values.mean())
    assert (found.high - found.low) / error == pytest.approx(2 * 1.96, rel=0.1)


def test_is_narrower_of_pairs_than_of_two_models_by_themselves() -> None:
    how_hard = _normal(500)
    a, b = how_hard + 0.1, how_hard + 0.01 * np.random.default_rng(4).normal(size=500)

    found = paired_interval(a, b, _SEED)

    assert 0.09 < found.low < found.mean < found.high < 0.11
    assert mean_interval(a, _SEED).low < mean_interval(b, _SEED).high


def test_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    values = _normal(200)

    assert mean_interval(values, _SEED) == mean_interval(values, _SEED)
    assert mean_interval(values, _SEED) != mean_interval(values, _SEED + 1)


def test_draws_more_often_for_a_level_near_one() -> None:
    values = _normal(300)

    wide, wider = (mean_interval(values, _SEED, level) for level in (0.95, 0.999))

    error = values.std() / np.sqrt(len(values))
    assert (wider.high - wider.low) / error == pytest.approx(2 * 3.29, rel=0.1)
    assert wider.low < wide.low


def test_is_a_point_of_one_viewer_and_not_a_number_of_none() -> None:
    one, none = mean_interval(np.array([0.5]), _SEED), mean_interval(np.array([]), _SEED)

    assert (one.mean, one.low, one.high) == (0.5, 0.5, 0.5)
    assert all(np.isnan((none.mean, none.low, none.high)))
