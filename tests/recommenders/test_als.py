"""Implicit ALS: viewers solved exactly, whatever the lengths of their histories."""

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs.recommenders.als import Model, Parameters
from jobs.scoring.histories import Histories


def solve_one_by_one(model: Model, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The normal equations as the paper writes them, viewer by viewer."""
    titles, parameters = model.factors.astype(float), model.parameters
    ridge = parameters.reg_param * np.eye(titles.shape[1])
    return np.array(
        [
            np.linalg.solve(
                titles.T @ np.diag(1.0 + parameters.alpha * own) @ titles + (own > 0).sum() * ridge,
                titles.T @ ((1.0 + parameters.alpha * own) * (own > 0)),
            )
            if own.any()
            else np.zeros(titles.shape[1])
            for own in weights
        ]
    )


@pytest.mark.parametrize(("viewers", "titles", "rank", "share"), [(5, 9, 4, 0.4), (300, 60, 7, 0.3), (40, 500, 3, 0.9)])
def test_solves_viewers_by_the_normal_equations(viewers: int, titles: int, rank: int, share: float) -> None:
    rng = np.random.default_rng(5)
    shares = rng.random((viewers, 1)) * share  # histories of every length
    weights = np.where(rng.random((viewers, titles)) < shares, rng.random((viewers, titles)), 0.0).astype(np.float32)
    weights[2] = 0.0
    factors = rng.normal(size=(titles, rank)).astype(np.float32)
    model = Model(pa.array([str(n) for n in range(titles)]), factors, Parameters(rank=rank, reg_param=0.05, alpha=10.0))

    found = model.viewer_factors(Histories.of(csr_matrix(weights)))

    np.testing.assert_allclose(found, solve_one_by_one(model, weights.astype(float)), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(found[2], 0.0)


def test_a_viewer_is_solved_the_same_alone_and_among_others() -> None:
    rng = np.random.default_rng(6)
    weights = np.where(rng.random((50, 80)) < 0.3, rng.random((50, 80)), 0.0).astype(np.float32)
    factors = rng.normal(size=(80, 8)).astype(np.float32)
    model = Model(pa.array([str(n) for n in range(80)]), factors, Parameters(rank=8))

    together = model.viewer_factors(Histories.of(csr_matrix(weights)))
    alone = np.vstack([model.viewer_factors(Histories.of(csr_matrix(own[np.newaxis]))) for own in weights])

    np.testing.assert_allclose(together, alone, rtol=1e-5)
