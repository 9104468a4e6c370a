"""Ranking metrics, by hand."""

import numpy as np
import pytest

from jobs.evaluation.comparison import K
from jobs.evaluation.metrics import ranking_metrics


def test_metrics_of_a_worked_example() -> None:
    hits = np.zeros((2, K), dtype=bool)
    hits[0, [0, 2]] = True

    found = ranking_metrics(hits, np.array([3, 20]))

    # Hits at ranks 1 and 3 of 3 relevant: DCG 1 + 1/2, ideal 1 + 1/log2(3) + 1/2; precisions there 1 and 2/3.
    assert found["ndcg"].tolist() == pytest.approx([1.5 / (1.5 + 1 / np.log2(3)), 0.0])
    assert found["precision"].tolist() == pytest.approx([0.2, 0.0])
    assert found["recall"].tolist() == pytest.approx([2 / 3, 0.0])
    assert found["map"].tolist() == pytest.approx([(1 + 2 / 3) / 3, 0.0])


def test_a_perfect_list_scores_one_even_if_more_is_relevant_than_fits() -> None:
    found = ranking_metrics(np.ones((1, K), dtype=bool), np.array([25]))

    assert (found["ndcg"][0], found["map"][0], found["recall"][0]) == (
        pytest.approx(1.0),
        pytest.approx(1.0),
        pytest.approx(0.4),
    )
