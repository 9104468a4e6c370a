"""EASE: equal to the paper's formula written down in NumPy, with time as a parameter, and a limit that is said."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs.errors import JobError
from jobs.recommenders import ease
from jobs.recommenders.ease import Parameters
from jobs.scoring.histories import Histories
from tests.recommenders.planted import in_memory


def straightforward(x: NDArray[np.float64], reg_param: float) -> NDArray[np.float64]:
    """Steck (2019), algorithm 1."""
    gram = x.T @ x
    diagonal = np.diag_indices(len(gram))
    gram[diagonal] += reg_param
    p = np.linalg.inv(gram)
    b = p / (-np.diag(p))
    b[diagonal] = 0
    return np.asarray(b)


def test_solves_two_titles_as_by_hand() -> None:
    """Titles a and b with 3 and 2 fans, 1 of them in common; λ = 1: XᵀX + λI = [[4, 1], [1, 3]], so B_ab = 1/4, B_ba = 1/3."""
    training = in_memory([(0, 0, 1.0), (1, 0, 1.0), (2, 0, 1.0), (2, 1, 1.0), (3, 1, 1.0)], ["a", "b"])

    model = ease.fit(training, Parameters(reg_param=1.0))

    np.testing.assert_allclose(model.weights, [[0.0, 1 / 4], [1 / 3, 0.0]], rtol=1e-6)


@pytest.mark.parametrize("reg_param", [0.5, 30.0])
def test_equals_the_papers_formula_in_float64(monkeypatch: pytest.MonkeyPatch, reg_param: float) -> None:
    monkeypatch.setattr(ease, "_CELLS_AT_ONCE", 100)  # several blocks
    rng = np.random.default_rng(4)
    x = np.where(rng.random((200, 40)) < rng.random(40) * 0.5, rng.random((200, 40)) + 0.5, 0.0)
    rows = [(int(u), int(t), float(x[u, t])) for u, t in np.argwhere(x)]

    model = ease.fit(in_memory(rows, [f"t{n:02d}" for n in range(40)]), Parameters(reg_param=reg_param))

    order = [int(title[1:]) for title in model.title_ids.to_pylist()]
    expected = straightforward(x, reg_param)[np.ix_(order, order)]
    np.testing.assert_allclose(model.weights, expected, atol=1e-5)
    taste = x[:5][:, order].astype(np.float32)
    np.testing.assert_allclose(model.scores(Histories.of(csr_matrix(taste))), taste @ expected, rtol=1e-4, atol=1e-4)


def test_a_preference_fades_when_fitting_and_when_scoring() -> None:
    """With a half-life of 10 days a preference of 20 days ago is one of a quarter today."""
    faded = in_memory([(0, 0, 1.0), (0, 1, 1.0), (1, 1, 1.0)], ["a", "b"], ages=[20, 0, 0])
    weighed = in_memory([(0, 0, 0.25), (0, 1, 1.0), (1, 1, 1.0)], ["a", "b"])
    parameters = Parameters(reg_param=1.0, half_life_days=10)

    found, expected = ease.fit(faded, parameters), ease.fit(weighed, parameters)

    np.testing.assert_allclose(found.weights, expected.weights, rtol=1e-6)
    known = csr_matrix(np.array([[1.0, 0.0]], np.float32))
    old = Histories(known, known, 0 * known, 20 * known)
    np.testing.assert_allclose(found.scores(old), 0.25 * found.scores(Histories.of(known)), rtol=1e-6)


def test_recent_viewers_are_counted_whether_or_not_they_liked_it() -> None:
    rows = [(0, 0, 1.0), (1, 0, 1.0), (2, 0, 1.0), (3, 1, 1.0), (4, 1, 0.0)]
    training = in_memory(rows, ["old", "new", "unliked"], ages=[30, 30, 1, 1, 2])

    model = ease.fit(training, Parameters(recency_weight=2.0, recency_days=7))

    nothing = Histories.of(csr_matrix((1, 2), dtype=np.float32))
    assert model.title_ids.to_pylist() == ["old", "new"]
    np.testing.assert_allclose(model.scores(nothing)[0], [2 * np.log(2), 2 * np.log(3)], rtol=1e-6)


def test_more_titles_than_fit_into_memory_are_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ease, "MOST_TITLES", 2)
    training = in_memory([(0, 0, 1.0), (0, 1, 1.0), (1, 2, 1.0)], ["a", "b", "c"])

    with pytest.raises(
        JobError, match=r"no model was fitted: 3 titles would take .* GB, and it ends at 2 .*to another"
    ):
        ease.fit(training, Parameters())


def test_weights_that_float32_cannot_solve_are_refused() -> None:
    rows = [(u, t, 1000.0) for u in range(30) for t in range(3)]

    with pytest.raises(JobError, match="reg_param=1e-09 is too small"):
        ease.fit(in_memory(rows, ["a", "b", "c"]), Parameters(reg_param=1e-9))
