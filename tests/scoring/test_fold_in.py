"""Viewers' factors: solved exactly, however long a history is."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from jobs.scoring.fold_in import Fit, gram, solve_implicit, solve_viewers
from jobs.scoring.products import Titles, best_products


def test_solves_long_and_short_histories_by_the_same_equations() -> None:
    rng = np.random.default_rng(1)
    factors = rng.normal(size=(20_000, 5)).astype(np.float32)
    shares = np.array([1.0, 0.5, 0.001, 0.0])[:, np.newaxis]
    weights = np.where(rng.random((4, 20_000)) < shares, rng.random((4, 20_000)), 0.0).astype(np.float32)

    found = solve_implicit(Fit.of(factors, gram(factors)), csr_matrix(weights), 3.0, np.full(4, 0.5))

    y, w = factors.astype(float), 3.0 * weights.astype(float)
    expected = [
        np.linalg.solve(y.T @ y + (y.T * own) @ y + 0.5 * np.eye(5), y.T @ np.where(own > 0, 1 + own, 0)) for own in w
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-8)


def test_takes_the_shortest_of_many_solutions() -> None:
    factors = np.array([[1, 1], [2, 2]], dtype=np.float32)
    cells = csr_matrix(np.array([[1, 0]], dtype=np.float32))

    found = solve_viewers(Fit.alone(factors), cells, 3 * cells, np.zeros(1))

    assert found.tolist() == [pytest.approx([1.5, 1.5])]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    titles=st.sampled_from([8, 60, 3_000]),
    rank=st.integers(1, 64),
    fall=st.floats(0, 8),
    alpha=st.floats(0, 50),
    ridge=st.sampled_from([1e-3, 0.1, 30.0]),
)
def test_factors_are_those_that_float64_finds(
    seed: int, titles: int, rank: int, fall: float, alpha: float, ridge: float
) -> None:
    rng = np.random.default_rng(seed)
    directions = np.linalg.qr(rng.normal(size=(rank, rank)))[0]
    drawn = rng.normal(size=(titles, rank)) * np.exp(-fall * np.arange(rank) / rank)
    factors = (drawn @ directions * rng.lognormal(size=(titles, 1))).astype(np.float32)
    likes = rng.random((6, titles)) < rng.random((6, 1))
    weights = np.where(likes, rng.lognormal(size=likes.shape), 0.0).astype(np.float32)

    found = solve_implicit(Fit.of(factors, gram(factors)), csr_matrix(weights), alpha, np.full(6, ridge))

    y, w = factors.astype(float), alpha * weights.astype(float)
    for viewer, own, is_liked in zip(found, w, likes, strict=True):
        right = y.T @ np.where(is_liked, 1 + own, 0)
        expected = np.linalg.solve(y.T @ y + (y.T * own) @ y + ridge * np.eye(rank), right)
        assert np.linalg.norm(viewer - expected) <= 1e-4 * np.linalg.norm(expected)


def test_what_no_title_has_anything_of_is_nothing_to_a_viewer() -> None:
    rng = np.random.default_rng(5)
    factors = rng.normal(size=(9, 20)).astype(np.float32)
    likes = rng.random((40, 9)) < 0.5

    found = solve_implicit(Fit.of(factors, gram(factors)), csr_matrix(likes, dtype=np.float32), 2.0, np.zeros(40))

    # With more factors than titles, and no λ, there is a viewer who says 1 of what is liked and 0 of the rest.
    np.testing.assert_allclose(found, likes @ np.linalg.pinv(factors.astype(float)).T, atol=1e-5)


def test_a_viewer_is_solved_the_same_alone_and_among_others() -> None:
    rng = np.random.default_rng(6)
    factors = rng.normal(size=(500, 64)).astype(np.float32)
    known = csr_matrix((rng.random((70, 500)) < 0.1).astype(np.float32))
    fit, ridge = Fit.of(factors, gram(factors)), np.ones(70)

    together = solve_implicit(fit, known, 2.0, ridge)

    assert all(np.array_equal(solve_implicit(fit, known[n : n + 1], 2.0, ridge[:1])[0], together[n]) for n in range(70))


def test_a_heavy_viewer_costs_only_himself() -> None:
    """100,000 titles seen, of 120,000: what is in memory beside them stays that of some titles and of the block."""
    rng = np.random.default_rng(2)
    factors = rng.normal(scale=0.1, size=(120_000, 16)).astype(np.float32)
    others = rng.integers(0, 120_000, (300, 10))
    cells = [rng.choice(120_000, 100_000, replace=False), *map(np.unique, others)]
    ends = np.cumsum([0, *map(len, cells)])
    known = csr_matrix((np.ones(ends[-1], np.float32), np.concatenate(cells), ends), shape=(301, 120_000))
    fit, titles = Fit.of(factors, gram(factors)), Titles.of(factors, np.empty(0, dtype=np.int32))

    tracemalloc.start()
    viewers = solve_implicit(fit, known, 1.0, np.ones(301))
    row, position, _ = best_products(viewers, titles, known, 50)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert np.bincount(row).min() >= 50
    assert not np.isin(position[row == 0], cells[0]).any()
    assert peak < 25 * 2**20
