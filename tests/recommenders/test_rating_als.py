"""The rating model: means, factors and neighbours as by hand, and planted tastes in ratings that were held out."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from pyspark.sql import SparkSession
from scipy.sparse import csr_matrix

from jobs.errors import JobError
from jobs.recommenders import rating_als
from jobs.recommenders.rating_als import Model, Parameters
from jobs.scoring.histories import Histories
from jobs.scoring.training_set import TrainingSet
from tests.recommenders.planted import AS_OF, SIZE, in_memory

MEANS_ALONE = Parameters(title_damping=0, viewer_damping=0, factor_weight=0, neighbour_weight=0, rank=1, iterations=1)
NOT_RATED = np.nan


def rated(spark: SparkSession, ratings: NDArray[np.float64]) -> TrainingSet:
    """A training set of viewers by titles of ratings; what is not a number was not rated."""
    viewer, title = np.nonzero(~np.isnan(ratings))
    table = pa.table(
        {
            "viewer": viewer.astype(np.int32),
            "title": title.astype(np.int32),
            "weight": pa.array(np.ones(len(viewer), dtype=np.float32)),
            "rating": ratings[viewer, title].astype(np.float32),
            "last_at": pa.array([AS_OF - timedelta(days=1)] * len(viewer), pa.timestamp("us", "UTC")),
        }
    )
    return TrainingSet(pa.array([f"t{n:02d}" for n in range(ratings.shape[1])]), AS_OF, 1, table, lambda: spark)


def histories(ratings: NDArray[np.float64]) -> Histories:
    """Viewers by a model's titles of ratings."""
    there = ~np.isnan(ratings)
    viewer, title = np.nonzero(there)
    cells = csr_matrix((ratings[there].astype(np.float32), (viewer, title)), shape=ratings.shape)
    return replace(Histories.of(csr_matrix(there.astype(np.float32))), ratings=cells)


def test_means_of_titles_and_viewers_add_up(spark: SparkSession) -> None:
    """μ 5; the first viewer rates 2 above, the first title is rated 1 above: by rows and columns, exactly."""
    model = rating_als.fit(rated(spark, np.array([[8.0, 6.0], [4.0, 2.0]])), MEANS_ALONE)

    assert (model.mean, model.deviations.tolist()) == (5.0, [1.0, -1.0])
    of_another = histories(np.array([[NOT_RATED, 7.0], [NOT_RATED, NOT_RATED]]))
    np.testing.assert_allclose(model.scores(of_another), [[9.0, 7.0], [6.0, 4.0]], rtol=1e-6)


def test_damping_adds_ratings_at_the_mean(spark: SparkSession) -> None:
    """Two ratings of a title, 1 above μ, and two made-up ones: half as far; a viewer's one, 3 above, and two: a third."""
    parameters = replace(MEANS_ALONE, title_damping=2.0, viewer_damping=1e9)
    model = rating_als.fit(rated(spark, np.array([[6.0, 4.0], [6.0, 4.0]])), parameters)

    assert model.deviations.tolist() == pytest.approx([0.5, -0.5])
    damped = replace(model, parameters=replace(parameters, viewer_damping=2.0))
    own = damped.scores(histories(np.array([[8.5, NOT_RATED]])))[0, 1] - model.mean - model.deviations[1]
    assert own == pytest.approx(3.0 / 3)


def test_a_prediction_is_the_sum_of_its_parts() -> None:
    """Every part written out, viewer by viewer and title by title."""
    rng = np.random.default_rng(3)
    titles, p = 7, Parameters(reg_param=0.2, viewer_damping=4.0, factor_weight=0.6, neighbour_weight=0.9, damping=0.3)
    factors = rng.normal(size=(titles, 3)).astype(np.float32)
    similar = np.where(rng.random((titles, titles)) < 0.5, rng.random((titles, titles)), 0.0).astype(np.float32)
    deviations = rng.normal(size=titles).astype(np.float32)
    names = pa.array([f"t{n}" for n in range(titles)])
    model = Model(names, 6.0, deviations, factors, csr_matrix(similar), p)
    ratings = np.where(rng.random((5, titles)) < 0.6, rng.integers(0, 11, (5, titles)), np.nan).astype(float)

    found = model.scores(histories(ratings))

    for own, row in zip(ratings, found, strict=True):
        there = np.flatnonzero(~np.isnan(own))
        rest = own[there] - 6.0 - deviations[there]
        mean = rest.sum() / (len(there) + 4.0)
        rest = rest - mean
        y = factors[there].astype(float)
        x = np.linalg.solve(y.T @ y + 0.2 * len(there) * np.eye(3), y.T @ rest)
        for title in range(titles):
            s = similar[there, title]
            expected = 6.0 + mean + deviations[title] + 0.6 * x @ factors[title] + 0.9 * (s @ rest) / (s.sum() + 0.3)
            assert row[title] == pytest.approx(expected, rel=1e-4)


def test_foretells_the_held_out_ratings_of_planted_tastes(spark: SparkSession) -> None:
    """Even viewers give even titles a 9 and odd ones a 3, odd viewers the other way round; the diagonal is held out."""
    viewer, title = np.indices((SIZE, SIZE))
    ratings = np.where(viewer % 2 == title % 2, 9.0, 3.0)
    ratings[viewer == title] = NOT_RATED
    ratings[viewer == (title + 1) % SIZE] = NOT_RATED

    model = rating_als.fit(rated(spark, ratings), Parameters(rank=2, reg_param=0.02, iterations=8, shrinkage=1))

    position = {name: at for at, name in enumerate(model.title_ids.to_pylist())}
    order = [int(name[1:]) for name in model.title_ids.to_pylist()]
    known, everybody = histories(ratings[:, order]), np.arange(SIZE)
    liked = model.predict(known, everybody, np.array([position[f"t{u:02d}"] for u in range(SIZE)]))
    disliked = model.predict(known, everybody, np.array([position[f"t{(u - 1) % SIZE:02d}"] for u in range(SIZE)]))
    assert liked.min() > 8
    assert disliked.max() < 4


def test_a_rating_stays_on_the_scale_and_an_unknown_title_is_rated_as_the_viewer_rates() -> None:
    none = csr_matrix((2, 2), dtype=np.float32)
    factors = np.zeros((2, 1), np.float32)
    p = Parameters(viewer_damping=0.0)
    model = Model(pa.array(["a", "b"]), 6.0, np.array([3.0, -1.0], np.float32), factors, none[:2], p)
    known = histories(np.array([[NOT_RATED, 8.0], [0.0, 0.0]]))

    # The first viewer rates 3 above what others do, the second 7 below: a rating of 0 is one.
    found = model.predict(known, np.array([0, 0, 0, 1, 1]), np.array([0, 1, -1, 1, -1]))

    assert found.tolist() == pytest.approx([10.0, 8.0, 9.0, 0.0, 0.0])


def test_without_a_rating_no_model_is_fitted() -> None:
    with pytest.raises(JobError, match="no model was fitted: nobody rated anything"):
        rating_als.fit(in_memory([(0, 0, 1.0), (1, 1, 1.0)], ["a", "b"]), Parameters())
