"""User-based neighbours: scores as by hand, and no more of anybody than a capped number of histories."""

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from jobs import recommenders
from jobs.errors import JobError
from jobs.recommenders import user_knn
from jobs.recommenders.user_knn import Parameters
from jobs.scoring.histories import Histories
from tests.recommenders.planted import in_memory

LIKES = [(0, 0, 1.0), (0, 1, 2.0), (1, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0), (3, 3, 0.0)]
"""The first likes a and, twice as much, b; the second b and c; the third d; the fourth nothing."""


def of(*weights: float) -> Histories:
    return Histories.of(csr_matrix(np.array([weights], np.float32)))


def test_scores_are_the_neighbours_weights_times_their_similarity() -> None:
    model = user_knn.fit(
        in_memory(LIKES, ["a", "b", "c", "d"]), Parameters(weighting="cosine", shrinkage=1, fewest_viewers=1)
    )

    assert model.title_ids.to_pylist() == ["b", "a", "c", "d"]
    first, second = 2 / (np.sqrt(5) + 1), 1 / (np.sqrt(2) + 1)
    np.testing.assert_allclose(model.scores(of(1, 0, 0, 0)), [[2 * first + second, first, second, 0.0]], rtol=1e-6)


def test_only_the_nearest_neighbours_count() -> None:
    model = user_knn.fit(
        in_memory(LIKES, ["a", "b", "c", "d"]), Parameters(weighting="cosine", neighbours=1, fewest_viewers=1)
    )

    assert np.flatnonzero(model.scores(of(1, 0, 0, 0))[0]).tolist() == [0, 1], "b and a, of the first alone"


@pytest.mark.parametrize(("count", "kept"), [(1, [[0, 0, 0, 1]]), (2, [[1, 0, 1, 0], [0, 0, 0, 1]])])
def test_a_capped_number_of_the_newest_histories_is_kept(count: int, kept: list[list[float]]) -> None:
    """The fourth was here last, and likes nothing: of no use to anybody. Long histories come first."""
    training = in_memory(LIKES, ["a", "b", "c", "d"], ages=[9, 9, 5, 5, 1, 0])

    model = user_knn.fit(training, Parameters(reference_viewers=count, fewest_viewers=1))

    assert model.title_ids.to_pylist() == ["b", "a", "c", "d"]
    assert model.references.toarray().tolist() == kept


def test_a_title_that_few_viewers_like_is_in_no_history_that_is_kept() -> None:
    """Two like b; a, c and d have one fan each. The third likes d alone, and so is no reference."""
    model = user_knn.fit(in_memory(LIKES, ["a", "b", "c", "d"]), Parameters(fewest_viewers=2))

    assert model.title_ids.to_pylist() == ["b", "a", "c", "d"]
    assert model.references.toarray().tolist() == [[2, 0, 0, 0], [1, 0, 0, 0]]


def test_five_viewers_at_least_share_a_title_unless_told_otherwise() -> None:
    rows = [(u, title, 1.0) for u in range(5) for title in range(2) if title == 0 or u]

    assert user_knn.fit(in_memory(rows, ["a", "b"]), Parameters()).references.toarray().tolist() == [[1, 0]] * 5


def test_where_no_title_is_shared_by_so_many_no_model_is_fitted() -> None:
    with pytest.raises(JobError, match="no title is liked by 3 viewers or more; deliver more, or lower fewest_viewers"):
        user_knn.fit(in_memory(LIKES, ["a", "b", "c", "d"]), Parameters(fewest_viewers=3))


def test_no_file_of_it_says_whose_a_history_is(tmp_path: Path) -> None:
    model = user_knn.fit(in_memory(LIKES, ["a", "b", "c", "d"]), Parameters(fewest_viewers=1))
    recommenders.save("user_knn", model, tmp_path)

    assert sorted(file.stem for file in tmp_path.glob("*.npy")) == [
        *("idf", "mean_length", "references_data", "references_indices", "references_indptr", "references_shape"),
    ]
