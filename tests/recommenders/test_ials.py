"""The fast challenger: its titles and our viewers are solved by one and the same objective."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
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
    """Every row's factor, given those of the columns: the normal equations."""
    unit = np.eye(others.shape[1])
    return np.array(
        [
            np.linalg.solve(
                others.T @ np.diag(1.0 + parameters.alpha * own) @ others
                + (parameters.reg_param + parameters.reg_per_weight * np.count_nonzero(own)) * unit,
                others.T @ ((1.0 + parameters.alpha * own) * (own > 0)),
            )
            for own in weights
        ]
    )


@pytest.mark.parametrize(("solver", "reg_per_weight"), [("cholesky", 0.0), ("cg", 0.0), ("cg", 0.1)])
def test_titles_and_viewers_rest_where_each_is_solved_from_the_other(solver: str, reg_per_weight: float) -> None:
    """Another λ, confidence or scaling of one side would move the other."""
    rng = np.random.default_rng(8)
    weights = np.where(rng.random((30, 12)) < 0.4, rng.random((30, 12)) + 0.2, 0.0)
    rows = [(int(u), int(t), float(weights[u, t])) for u, t in np.argwhere(weights)]
    parameters = Parameters(
        rank=3,
        reg_param=0.7,
        reg_per_weight=reg_per_weight,
        alpha=3.0,
        iterations=100,
        solver=solver,  # type: ignore[arg-type]
    )

    model = ials.fit(in_memory(rows, [f"t{n:02d}" for n in range(12)]), parameters)

    known = weights[:, [int(title[1:]) for title in model.title_ids.to_pylist()]]
    viewers = model.viewer_factors(Histories.of(csr_matrix(known.astype(np.float32))))
    titles = model.factors.astype(float)
    np.testing.assert_allclose(viewers, solve_each(titles, known, parameters), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(titles, solve_each(viewers.astype(float), known.T, parameters), atol=2e-2)


@pytest.mark.parametrize("reg_per_weight", [0.0, 0.05])
def test_a_better_rating_counts_more_where_it_is_told_to(reg_per_weight: float) -> None:
    rows = [(viewer, title, 1.0) for viewer in range(12) for title in (viewer % 2, 2, 3)]
    plain = in_memory(rows, [f"t{n}" for n in range(4)])
    graded = replace(plain, rows=plain.table.set_column(3, "rating", pa.array([10.0, 7.0, 4.0] * 12, pa.float32())))
    parameters = Parameters(rank=2, reg_param=0.5, reg_per_weight=reg_per_weight, alpha=1.0, rating_power=2.0)

    model, ignorant = ials.fit(graded, parameters), ials.fit(graded, replace(parameters, rating_power=0.0))

    weights = graded.histories.preferences.toarray() * (graded.histories.ratings.toarray() / 7.0) ** 2
    given = in_memory(
        [(int(u), int(t), float(weights[u, t])) for u, t in np.argwhere(weights)], [f"t{n}" for n in range(4)]
    )
    same = ials.fit(given, replace(parameters, rating_power=0.0))
    assert model.title_ids == same.title_ids
    np.testing.assert_allclose(model.factors, same.factors, rtol=1e-4, atol=1e-5)
    assert not np.allclose(model.factors, ignorant.factors, atol=1e-2)
    known = Histories(*(model_columns(model, of) for of in vars(graded.histories).values()))
    np.testing.assert_allclose(
        model.viewer_factors(known)[:4],
        same.viewer_factors(Histories.of(model_columns(model, csr_matrix(weights.astype(np.float32)))))[:4],
        rtol=1e-3,
        atol=1e-4,
    )


def model_columns(model: ials.Model, matrix: csr_matrix) -> csr_matrix:
    """Columns t0 to t3 in the order of the model's titles."""
    taken = csr_matrix(matrix[:, [int(title[1:]) for title in model.title_ids.to_pylist()]])
    taken.sort_indices()
    return taken
