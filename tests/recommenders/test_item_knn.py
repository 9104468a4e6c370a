"""Item-based neighbours: who foretells whom, what a cap leaves out, and how preferences fade."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from jobs.recommenders import item_knn
from jobs.recommenders.item_knn import Model, Parameters
from jobs.scoring.histories import Histories
from tests.recommenders.planted import in_memory

LIKES = [(0, 0, 1.0), (0, 1, 1.0), (1, 0, 1.0), (1, 1, 1.0), (2, 1, 1.0), (2, 2, 1.0)]
"""b is liked by all three, a by two of them, c by the third."""


def score(model: Model, title: str, *history: str) -> float:
    """What a title scores for somebody who likes some titles."""
    names = model.title_ids.to_pylist()
    known = csr_matrix(np.array([[float(name in history) for name in names]], np.float32))
    return float(model.scores(Histories.of(known))[0, names.index(title)])


def test_a_score_is_the_sum_of_similarities_to_the_history() -> None:
    model = item_knn.fit(in_memory(LIKES, ["a", "b", "c"]), Parameters(weighting="cosine", shrinkage=0))

    assert score(model, "b", "a") == pytest.approx(2 / np.sqrt(6))
    assert score(model, "b", "a", "c") == pytest.approx(2 / np.sqrt(6) + 1 / np.sqrt(3))
    assert score(model, "a", "c") == 0


def test_only_the_nearest_neighbours_of_the_title_that_is_scored_count() -> None:
    """b is nearer to a than to c: c does not foretell b, though b is the nearest that c has."""
    model = item_knn.fit(in_memory(LIKES, ["a", "b", "c"]), Parameters(weighting="cosine", shrinkage=0, neighbours=1))

    assert score(model, "b", "c") == 0
    assert score(model, "c", "b") == pytest.approx(1 / np.sqrt(3))


def test_what_a_cap_leaves_out_says_nothing_but_stays_in_the_model() -> None:
    training = in_memory(LIKES, ["a", "b", "c"], ages=[5, 1, 5, 1, 1, 5])

    model = item_knn.fit(training, Parameters(history_cap=1))

    assert model.title_ids.to_pylist() == ["b", "a", "c"]
    assert model.similarities.nnz == 0


def test_a_preference_fades_when_fitting_and_when_scoring() -> None:
    faded = in_memory(LIKES, ["a", "b", "c"], ages=[20, 0, 0, 0, 0, 0])
    weighed = in_memory([(0, 0, 0.25), *LIKES[1:]], ["a", "b", "c"])

    found = item_knn.fit(faded, Parameters(half_life_days=10, weighting="cosine"))
    expected = item_knn.fit(weighed, Parameters(weighting="cosine"))

    np.testing.assert_allclose(found.similarities.toarray(), expected.similarities.toarray(), rtol=1e-6)
    known = csr_matrix(np.array([[0.0, 1.0, 0.0]], np.float32))
    old = Histories(known, known, 0 * known, 20 * known)
    np.testing.assert_allclose(found.scores(old), 0.25 * found.scores(Histories.of(known)), rtol=1e-6)
