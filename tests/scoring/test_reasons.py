"""What a viewer's own titles add to a score."""

from typing import cast

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs.recommenders import als, ials, rating_als
from jobs.scoring.histories import Histories
from jobs.scoring.reasons import NONE, Cells, contributions
from jobs.scoring.top_n import Floats

TITLES = 12


def histories_of(rng: np.random.Generator, viewers: int, *, rated: bool = True) -> Histories:
    """Viewers who know of nothing to everything, and liked or rated a part of it."""
    share = rng.random((viewers, 1))
    seen = rng.random((viewers, TITLES)) < share
    weights = np.where(seen & (rng.random(seen.shape) < 0.7), rng.random(seen.shape) * 3 + 0.01, 0.0)
    ratings = np.where(seen & rated & (rng.random(seen.shape) < 0.5), rng.integers(1, 11, seen.shape), 0)
    return Histories(*(csr_matrix(of, dtype=np.float32) for of in (weights, seen, ratings, 40.0 * seen)))


def solved(
    factors: NDArray[np.float64], weights: NDArray[np.float64], alpha: float, ridge: float
) -> NDArray[np.float64]:
    """Scores as Hu, Koren and Volinsky write them, in float64."""
    confidence = np.diag(1.0 + alpha * weights)
    matrix = factors.T @ confidence @ factors + ridge * np.eye(factors.shape[1])
    return factors @ np.linalg.solve(matrix, factors.T @ confidence @ (weights > 0))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    rank=st.integers(1, 6),
    reg=st.floats(1e-3, 10),
    alpha=st.floats(0, 50),
    power=st.sampled_from([0.0, 1.5]),
    fits=st.integers(1, 3),
)
def test_terms_over_the_whole_history_add_up_to_the_score_in_float64(
    seed: int, rank: int, reg: float, alpha: float, power: float, fits: int
) -> None:
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(TITLES, fits * rank))
    histories = histories_of(rng, 4)
    parameters = als.Parameters(rank=rank, reg_param=reg, alpha=alpha, rating_power=power, ensemble=fits)
    model = als.Model(pa.array(map(str, range(TITLES))), cast("Floats", factors), parameters)
    graded = histories.preferences.toarray().astype(float)
    ratings = histories.ratings.toarray()
    graded[ratings > 0] *= ((ratings[ratings > 0] / 7.0) ** power).astype(float)

    terms = model.terms(histories)

    for viewer, weights in enumerate(graded):
        liked, added = terms(viewer, np.arange(TITLES))
        expected = sum(
            solved(own, weights.astype(np.float32), alpha, reg * (weights > 0).sum())
            for own in np.split(factors, fits, axis=1)
        )
        assert set(liked) == set(np.flatnonzero(weights))
        np.testing.assert_allclose(added.sum(axis=1), expected if len(liked) else 0.0, atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), per_weight=st.sampled_from([0.0, 0.1]), days=st.sampled_from([None, 30.0]))
def test_terms_of_a_model_as_it_is_served_add_up_to_the_scores_it_gives(
    seed: int, per_weight: float, days: float | None
) -> None:
    rng = np.random.default_rng(seed)
    parameters = ials.Parameters(rank=8, reg_param=0.1, reg_per_weight=per_weight, rating_power=1, half_life_days=days)
    factors = rng.normal(size=(TITLES, 8)).astype(np.float32)
    model = ials.Model(pa.array(map(str, range(TITLES))), factors, parameters)
    histories = histories_of(rng, 5)

    terms, scores = model.terms(histories), model.scores(histories)

    for viewer in range(5):
        _, added = terms(viewer, np.arange(TITLES))
        np.testing.assert_allclose(added.sum(axis=1), scores[viewer], atol=1e-4)


def test_names_the_three_that_add_most_and_nothing_that_takes_away() -> None:
    factors = np.array([[1, 0], [0.9, 0.1], [0.8, 0], [0.1, 0], [-1, 0.2], [1, 0.1]], dtype=np.float32)
    model = als.Model(pa.array(list("abcdef")), factors, als.Parameters(rank=2, reg_param=0.1, alpha=1))
    history = Histories.of(csr_matrix(np.array([[1, 1, 1, 1, 1, 0], [0, 0, 0, 1, 1, 0]], dtype=np.float32)))

    own, added = contributions(model, history, np.array([0, 1]), np.array([5, 5]))

    assert own.tolist() == [[1, 0, 2], [3, NONE, NONE]]
    assert (added[0] > 0).all()
    assert added[1].tolist()[1:] == [0, 0]
    own, _ = contributions(model, history, np.array([0]), np.array([4]))
    assert own.tolist() == [[4, NONE, NONE]], "what points elsewhere takes away"


def test_a_viewer_who_likes_nothing_and_a_model_that_cannot_say_give_no_titles() -> None:
    model = als.Model(pa.array(list("ab")), np.eye(2, dtype=np.float32), als.Parameters(rank=2))
    nobody = Histories.of(csr_matrix((1, 2), dtype=np.float32))

    for asked in (model, object()):
        own, added = contributions(asked, nobody, np.array([0, 0]), np.array([0, 1]))
        assert own.tolist() == [[NONE] * 3] * 2
        assert added.tolist() == [[0.0] * 3] * 2


def test_what_was_rated_below_the_mean_or_is_not_liked_is_no_reason() -> None:
    factors = np.array([[1, 0], [1, 0], [1, 0], [1, 0]], dtype=np.float32)
    parameters = rating_als.Parameters(rank=2, neighbour_weight=0)
    nothing = csr_matrix((4, 4), dtype=np.float32)
    model = rating_als.Model(pa.array(list("abcd")), 6.0, np.zeros(4, np.float32), factors, nothing, parameters)
    ratings = csr_matrix(np.array([[9, 2, 9, 0]], dtype=np.float32))
    weights = csr_matrix(np.array([[1, 1, 0, 0]], dtype=np.float32))

    own, _ = contributions(model, Histories(weights, ratings, ratings, ratings), np.array([0]), np.array([3]))

    assert own.tolist() == [[0, NONE, NONE]]


def test_terms_of_ratings_add_up_to_what_the_means_leave() -> None:
    rng = np.random.default_rng(3)
    similar = csr_matrix(np.abs(rng.normal(size=(TITLES, TITLES))).astype(np.float32))
    parameters = rating_als.Parameters(rank=3)
    factors, means = rng.normal(size=(TITLES, 3)).astype(np.float32), rng.normal(size=TITLES).astype(np.float32)
    model = rating_als.Model(pa.array(map(str, range(TITLES))), 3.0, means, factors, similar, parameters)
    ratings = csr_matrix(np.where(rng.random((1, TITLES)) < 0.5, 10.0, 0.0).astype(np.float32))

    own = Histories(ratings, ratings, ratings, ratings)

    liked, added = model.terms(own)(0, np.arange(TITLES))

    assert set(liked) == set(ratings.indices), "all of them are above the mean, and liked"
    left = model.scores(own)[0] - means
    np.testing.assert_allclose(np.diff(added.sum(axis=1)), np.diff(left), atol=1e-4)


@pytest.mark.parametrize("rows", [[0, 2], [1], []])
def test_cells_are_those_of_the_matrix(rows: list[int]) -> None:
    whole = np.array([[1, 0, 2], [0, 0, 0], [0, 3, 4]], dtype=np.float32)

    found = Cells(csr_matrix(whole))(np.array(rows, dtype=np.int64), np.array([2, 0]))

    np.testing.assert_array_equal(found, whole[rows][:, [2, 0]])
