"""Viewers' factors: solved exactly, however long a history is."""

import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from jobs.scoring.fold_in import gram, solve_implicit, solve_viewers
from jobs.scoring.products import Titles, best_products


def test_solves_long_and_short_histories_by_the_same_equations() -> None:
    rng = np.random.default_rng(1)
    factors = rng.normal(size=(20_000, 5)).astype(np.float32)
    shares = np.array([1.0, 0.5, 0.001, 0.0])[:, np.newaxis]
    weights = np.where(rng.random((4, 20_000)) < shares, rng.random((4, 20_000)), 0.0).astype(np.float32)

    found = solve_implicit(factors, gram(factors), csr_matrix(weights), 3.0, np.full(4, 0.5))

    y, w = factors.astype(float), 3.0 * weights.astype(float)
    expected = [
        np.linalg.solve(y.T @ y + (y.T * own) @ y + 0.5 * np.eye(5), y.T @ np.where(own > 0, 1 + own, 0)) for own in w
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-8)


def test_takes_the_shortest_of_many_solutions() -> None:
    factors = np.array([[1, 1], [2, 2]], dtype=np.float32)
    cells = csr_matrix(np.array([[1, 0]], dtype=np.float32))

    found = solve_viewers(factors, np.zeros((2, 2)), cells, 3 * cells, np.zeros(1))

    assert found.tolist() == [pytest.approx([1.5, 1.5])]


def test_a_heavy_viewer_costs_only_himself() -> None:
    """100,000 titles seen, of 120,000: what is in memory beside them stays that of some titles and of the block."""
    rng = np.random.default_rng(2)
    factors = rng.normal(scale=0.1, size=(120_000, 16)).astype(np.float32)
    others = rng.integers(0, 120_000, (300, 10))
    cells = [rng.choice(120_000, 100_000, replace=False), *map(np.unique, others)]
    ends = np.cumsum([0, *map(len, cells)])
    known = csr_matrix((np.ones(ends[-1], np.float32), np.concatenate(cells), ends), shape=(301, 120_000))
    total, titles = gram(factors), Titles.of(factors, np.empty(0, dtype=np.int32))

    tracemalloc.start()
    viewers = solve_implicit(factors, total, known, 1.0, np.ones(301))
    row, position, _ = best_products(viewers, titles, known, 50)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert np.bincount(row).min() >= 50
    assert not np.isin(position[row == 0], cells[0]).any()
    assert peak < 25 * 2**20
