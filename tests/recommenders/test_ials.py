"""The fast challenger: its titles and our viewers are solved by one and the same objective."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs.recommenders import ials
from jobs.recommenders.ials import Parameters
from jobs.scoring.histories import Histories
from tests.recommenders.planted import in_memory


def solve_each(
    others: NDArray[np.float64], weights: NDArray[np.float64], parameters: Parameters
) -> NDArray[np.float64]:
    """Every row's factor, given those of the columns: the normal equations with one λ for all rows."""
    ridge = parameters.reg_param * np.eye(others.shape[1])
    return np.array(
        [
            np.linalg.solve(
                others.T @ np.diag(1.0 + parameters.alpha * own) @ others + ridge,
                others.T @ ((1.0 + parameters.alpha * own) * (own > 0)),
            )
            for own in weights
        ]
    )


@pytest.mark.parametrize("solver", ["cholesky", "cg"])
def test_titles_and_viewers_rest_where_each_is_solved_from_the_other(solver: str) -> None:
    """Another λ, confidence or scaling of one side would move the other."""
    rng = np.random.default_rng(8)
    weights = np.where(rng.random((30, 12)) < 0.4, rng.random((30, 12)) + 0.2, 0.0)
    rows = [(int(u), int(t), float(weights[u, t])) for u, t in np.argwhere(weights)]
    parameters = Parameters(rank=3, reg_param=0.7, alpha=3.0, iterations=100, solver=solver)  # type: ignore[arg-type]

    model = ials.fit(in_memory(rows, [f"t{n:02d}" for n in range(12)]), parameters)

    known = weights[:, [int(title[1:]) for title in model.title_ids.to_pylist()]]
    viewers = model.viewer_factors(Histories.of(csr_matrix(known.astype(np.float32))))
    titles = model.factors.astype(float)
    np.testing.assert_allclose(viewers, solve_each(titles, known, parameters), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(titles, solve_each(viewers.astype(float), known.T, parameters), atol=2e-2)
