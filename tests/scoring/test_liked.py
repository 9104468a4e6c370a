"""What models in memory learn from: the order of titles, and preferences that fade cell by cell."""

import numpy as np
from scipy.sparse import csr_matrix

from jobs.scoring.histories import Histories
from jobs.scoring.liked import faded, first_cells, liked, newest
from tests.recommenders.planted import in_memory


def test_titles_come_by_fans_then_id_and_one_without_a_fan_not_at_all() -> None:
    rows = [(0, 3, 1.0), (1, 3, 2.0), (0, 2, 1.0), (1, 0, 3.0), (0, 1, 0.0), (1, 1, 0.0), (2, 1, 0.0)]

    found = liked(in_memory(rows, ["a", "unliked", "c", "d", "unknown"]))

    assert found.title_ids.to_pylist() == ["d", "a", "c"]
    assert found.positions.tolist() == [3, 0, 2]
    assert found.preferences.toarray().tolist() == [[1, 0, 1], [2, 3, 0], [0, 0, 0]]


def test_each_preference_fades_with_its_own_age() -> None:
    """The first viewer knows title 0 without liking it: its age must not be taken for another's."""
    preferences = csr_matrix(np.array([[0, 4, 4], [8, 0, 0]], np.float32))
    seen = csr_matrix(np.array([[1, 1, 1], [1, 0, 0]], np.float32))
    ages = csr_matrix((np.array([30, 10, 0, 20], np.float32), seen.indices, seen.indptr), shape=seen.shape)
    histories = Histories(preferences, seen, csr_matrix(seen.shape, dtype=np.float32), ages)

    assert faded(histories, 10).toarray().tolist() == [[0, 2, 4], [2, 0, 0]]
    assert faded(histories, None) is preferences


def test_a_preference_of_another_age_never_vanishes() -> None:
    known = csr_matrix(np.array([[1.0]], np.float32))

    found = faded(Histories(known, known, 0 * known, 100_000 * known), 1)

    assert found.nnz == 1
    assert found.data[0] > 0


def test_the_newest_of_each_viewer_are_kept_the_first_of_equals() -> None:
    preferences = csr_matrix(np.array([[1, 2, 3, 4], [0, 5, 0, 6], [7, 0, 0, 0]], np.float32))
    ages = csr_matrix(np.array([[9, 3, 3, 1], [0, 2, 0, 8], [50, 0, 0, 0]], np.float32))

    found = newest(preferences, ages, 2)

    assert found.toarray().tolist() == [[0, 2, 0, 4], [0, 5, 0, 6], [7, 0, 0, 0]]
    assert newest(preferences, ages, 1).toarray().tolist() == [[0, 0, 0, 4], [0, 5, 0, 0], [7, 0, 0, 0]]
    assert newest(preferences, ages, None) is preferences


def test_the_first_cells_of_a_row_are_those_of_the_lowest_values_then_columns() -> None:
    rng = np.random.default_rng(5)
    matrix = csr_matrix(rng.integers(0, 4, (30, 12)).astype(np.float32))
    by = rng.integers(0, 3, matrix.nnz).astype(np.float32)

    found = first_cells(matrix, by, 4)

    for row in range(30):
        own = slice(matrix.indptr[row], matrix.indptr[row + 1])
        kept = sorted(zip(by[own], matrix.indices[own], matrix.data[own], strict=True))[:4]
        assert found[row].indices.tolist() == sorted(column for _, column, _ in kept)
        assert found[row].data.tolist() == [value for _, column, value in sorted(kept, key=lambda cell: cell[1])]
