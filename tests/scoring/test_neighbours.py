"""Nearest neighbours: similarities as by hand, equal to brute force, the same in this process and in Spark tasks."""

import numpy as np
import pytest
from numpy.typing import NDArray
from pyspark.sql import SparkSession
from scipy.sparse import csr_matrix

from jobs.scoring import neighbours
from jobs.scoring.neighbours import Weigher, Weighting, find_neighbours
from tests.recommenders.planted import no_session


def found(rows: NDArray[np.float64], count: int, shrinkage: float) -> NDArray[np.float32]:
    matrix: NDArray[np.float32] = find_neighbours(
        csr_matrix(rows.astype(np.float32)), count, shrinkage, no_session, 1
    ).toarray()
    return matrix


def brute_force(rows: NDArray[np.float64], count: int, shrinkage: float) -> NDArray[np.float64]:
    """Every pair by the formula, then all but the best of each row taken away."""
    lengths = np.linalg.norm(rows, axis=1)
    similar = (rows @ rows.T) / np.maximum(np.outer(lengths, lengths) + shrinkage, 1e-300)
    np.fill_diagonal(similar, 0.0)
    for row in similar:
        # Rounded as float32 is, so that ties are ties.
        order = sorted(range(len(row)), key=lambda at: (-np.float32(row[at]), at))
        row[order[count:]] = 0.0
    return similar


def test_two_titles_are_as_similar_as_by_hand() -> None:
    """a is liked by 2 viewers, b by those and a third, c by the third alone; nobody likes d."""
    rows = np.array([[1, 1, 0], [1, 1, 1], [0, 0, 1], [0, 0, 0]], float)

    plain, shrunk = found(rows, 4, 0), found(rows, 4, 1.5)

    cosine = {(0, 1): 2 / np.sqrt(6), (1, 0): 2 / np.sqrt(6), (1, 2): 1 / np.sqrt(3), (2, 1): 1 / np.sqrt(3)}
    assert {(int(i), int(j)): float(plain[i, j]) for i, j in np.argwhere(plain)} == pytest.approx(cosine)
    assert shrunk[0, 1] == pytest.approx(2 / (np.sqrt(6) + 1.5))
    assert shrunk[2, 1] == pytest.approx(1 / (np.sqrt(3) + 1.5))


@pytest.mark.parametrize(("count", "shrinkage"), [(1, 0.0), (3, 2.0), (50, 10.0)])
def test_keeps_the_best_of_every_row_the_first_of_equals(
    monkeypatch: pytest.MonkeyPatch, count: int, shrinkage: float
) -> None:
    monkeypatch.setattr(neighbours, "_CELLS_AT_ONCE", 100)  # several blocks
    rng = np.random.default_rng(2)
    rows = (rng.random((40, 25)) < 0.25).astype(float)  # ones: many pairs are equally similar

    np.testing.assert_allclose(found(rows, count, shrinkage), brute_force(rows, count, shrinkage), rtol=1e-6)


def test_spark_tasks_find_the_same_as_this_process(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    rows = np.where(rng.random((50, 30)) < 0.3, rng.random((50, 30)), 0.0)
    here = found(rows, 5, 1.0)

    monkeypatch.setattr(neighbours, "_CELLS_AT_ONCE", 300)
    monkeypatch.setattr(neighbours, "_PAIRS_HERE", -1)
    there = find_neighbours(csr_matrix(rows.astype(np.float32)), 5, 1.0, lambda: spark, 2)

    np.testing.assert_array_equal(there.toarray(), here)


def test_weights_are_those_of_the_formulas() -> None:
    """Two documents over three terms, the third of which one document alone has."""
    rows = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, 4.0]])
    idf = np.log(1 + np.array([2 / 2, 2 / 2, 2 / 1]))
    lengths = np.array([[3.0], [8.0]]) / 5.5

    def weighed(kind: Weighting) -> NDArray[np.float64]:
        matrix = csr_matrix(rows.astype(np.float32))
        weights: NDArray[np.float64] = Weigher.of(matrix, kind).weigh(matrix).toarray()
        return weights

    np.testing.assert_array_equal(weighed("cosine"), rows)
    np.testing.assert_allclose(weighed("tfidf"), np.sqrt(rows) * idf, rtol=1e-6)
    saturated = rows * 2.2 / (rows + 1.2 * (0.25 + 0.75 * lengths))
    np.testing.assert_allclose(weighed("bm25"), idf * saturated, rtol=1e-6)


def test_a_row_is_weighed_alone_as_among_all() -> None:
    rng = np.random.default_rng(4)
    rows = csr_matrix(np.where(rng.random((20, 9)) < 0.4, rng.random((20, 9)), 0.0).astype(np.float32))
    weigher = Weigher.of(rows, "bm25")

    np.testing.assert_allclose(weigher.weigh(rows)[7].toarray(), weigher.weigh(rows[7]).toarray(), rtol=1e-6)
