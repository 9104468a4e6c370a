"""Implicit ALS: viewers solved exactly, whatever the lengths of their histories."""

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from pyspark.sql import SparkSession
from scipy.sparse import csr_matrix

from jobs.recommenders.als import Model, Parameters, fit
from jobs.scoring.histories import Histories
from jobs.scoring.training_set import TrainingSet
from tests.recommenders.planted import AS_OF, BEFORE, planted


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

    np.testing.assert_array_equal(together, alone)


def test_of_two_titles_the_better_rated_speaks_louder() -> None:
    factors = np.array([[1, 0, 0], [0, 1, 0], [0.7, 0, 0.7], [0, 0.7, 0.7]], dtype=np.float32)
    weights = csr_matrix(np.array([[1.0, 1.0, 0.0, 0.0]], dtype=np.float32))
    ratings = csr_matrix(np.array([[9.0, 5.0, 0.0, 0.0]], dtype=np.float32))
    history = Histories(weights, weights, ratings, 0 * weights)

    def like_the_rated(power: float) -> tuple[float, float]:
        model = Model(pa.array(list("abcd")), factors, Parameters(rank=3, reg_param=0.5, rating_power=power))
        (scores,) = model.scores(history)
        return scores[2], scores[3]

    assert like_the_rated(0.0)[0] == pytest.approx(like_the_rated(0.0)[1])
    assert like_the_rated(2.0)[0] > 1.05 * like_the_rated(2.0)[1]


def test_fits_the_grades_that_it_solves_viewers_with(spark: SparkSession) -> None:
    """Rows graded beforehand, and rows graded by the model, are the same fit."""
    rng = np.random.default_rng(1)
    cells = [(v, t, float(rng.integers(1, 11))) for v in range(8) for t in range(6) if rng.random() < 0.6]
    schema = "viewer int, title int, weight float, rating float, last_at timestamp"

    def factors(rows: list[tuple[int, int, float, float | None]], power: float) -> NDArray[np.float32]:
        frame = spark.createDataFrame([(*row, BEFORE) for row in rows], schema).coalesce(1)
        training = TrainingSet(pa.array(list("abcdef")), AS_OF, 1, frame, lambda: spark)
        return fit(training, Parameters(rank=2, iterations=3, rating_power=power)).factors

    graded = factors([(v, t, 1.0, rating) for v, t, rating in cells], 1.5)
    beforehand = factors([(v, t, (rating / 7) ** 1.5, None) for v, t, rating in cells], 0.0)

    np.testing.assert_allclose(graded, beforehand, rtol=1e-4)


def test_an_ensemble_adds_up_the_scores_of_its_fits(spark: SparkSession) -> None:
    def fitted(seed: int, ensemble: int) -> Model:
        parameters = Parameters(rank=3, reg_param=0.1, iterations=4, seed=seed, ensemble=ensemble)
        return fit(planted(spark), parameters)

    together, one, other = fitted(5, 2), fitted(5, 1), fitted(6, 1)
    history = Histories.of(csr_matrix(np.eye(4, len(together.title_ids), dtype=np.float32)))

    assert not np.allclose(one.scores(history), other.scores(history), atol=1e-3)
    np.testing.assert_allclose(together.scores(history), one.scores(history) + other.scores(history), rtol=1e-4)
