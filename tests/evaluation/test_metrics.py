"""Metrics by hand, and on random lists beside trec_eval's own."""

import numpy as np
import pytest
import pytrec_eval

from jobs.evaluation.comparison import K
from jobs.evaluation.metrics import METRICS, ranking_metrics, rating_errors


def test_metrics_of_a_worked_example() -> None:
    hits = np.zeros((2, K), dtype=bool)
    hits[0, [1, 3]] = True

    found = ranking_metrics(hits, np.array([3, 20]))

    # Hits at ranks 2 and 4 of 3 relevant: DCG 1/log2(3) + 1/log2(5), ideal 1 + 1/log2(3) + 1/2; precisions there 1/2.
    ideal = 1 + 1 / np.log2(3) + 1 / 2
    assert found["ndcg"].tolist() == pytest.approx([(1 / np.log2(3) + 1 / np.log2(5)) / ideal, 0.0])
    assert found["precision"].tolist() == pytest.approx([0.2, 0.0])
    assert found["recall"].tolist() == pytest.approx([2 / 3, 0.0])
    assert found["map"].tolist() == pytest.approx([(1 / 2 + 1 / 2) / 3, 0.0])
    assert found["capped_recall"].tolist() == pytest.approx([2 / 3, 0.0])
    assert found["f1"].tolist() == pytest.approx([2 * 0.2 * (2 / 3) / (0.2 + 2 / 3), 0.0])
    assert found["hit_rate"].tolist() == [1.0, 0.0]
    assert found["mrr"].tolist() == [0.5, 0.0]
    assert set(found) == set(METRICS)


def test_a_perfect_list_scores_one_even_if_more_is_relevant_than_fits() -> None:
    found = ranking_metrics(np.ones((1, K), dtype=bool), np.array([25]))

    perfect = ("ndcg", "map", "capped_recall", "precision", "hit_rate", "mrr")
    assert [found[metric][0] for metric in perfect] == pytest.approx([1.0] * len(perfect))
    assert found["recall"][0] == pytest.approx(0.4)
    of_all = ranking_metrics(np.ones((1, K), dtype=bool), np.array([25]), averages_over_all=True)
    assert of_all["map"][0] == pytest.approx(0.4)  # as Microsoft's tables: ten precisions of 1 / 25 relevant


def test_a_viewer_with_nothing_relevant_scores_zero_in_every_metric() -> None:
    found = ranking_metrics(np.zeros((1, K), dtype=bool), np.array([0]))

    assert {metric: values.tolist() for metric, values in found.items()} == {metric: [0.0] for metric in METRICS}


@pytest.mark.parametrize("k", [1, 5, 10, 100])
def test_an_outside_library_finds_the_same_of_random_lists(k: int) -> None:
    """trec_eval by way of pytrec_eval: nDCG, precision, recall, success and reciprocal rank; its MAP divides by all."""
    random = np.random.default_rng(k)
    titles = [f"t{n:03d}" for n in range(150)]
    lists, wanted = {}, {}
    hits, relevant = np.zeros((80, k), dtype=bool), np.zeros(80, dtype=np.int64)
    for viewer in range(80):
        listed = random.permutation(titles)[: random.integers(1, k + 1)].tolist()
        liked = random.choice(titles, size=random.integers(1, 40), replace=False).tolist()
        lists[str(viewer)] = {title: float(k - rank) for rank, title in enumerate(listed)}
        wanted[str(viewer)] = dict.fromkeys(liked, 1)
        hits[viewer, : len(listed)] = np.isin(listed, liked)
        relevant[viewer] = len(liked)
    outside = {
        "ndcg": f"ndcg_cut_{k}",
        "precision": f"P_{k}",
        "recall": f"recall_{k}",
        "map": f"map_cut_{k}",
        "hit_rate": f"success_{k}",
        "mrr": "recip_rank",
    }
    measures = {name.replace(f"_{k}", f".{k}") for name in outside.values()}
    by_them = pytrec_eval.RelevanceEvaluator(wanted, measures).evaluate(lists)

    ours = ranking_metrics(hits, relevant, averages_over_all=True)

    for metric, theirs in outside.items():
        values = [by_them[str(viewer)][theirs] for viewer in range(80)]
        np.testing.assert_allclose(ours[metric], values, atol=1e-9, err_msg=metric)


def test_errors_of_ratings_by_hand() -> None:
    errors = rating_errors(np.array([3.0, 5.0, 1.0]), np.array([4.0, 5.0, 3.0]), np.array([0, 0, 1]), 3)

    assert errors["squared"].tolist() == [1.0, 4.0, 0.0]
    assert errors["absolute"].tolist() == [1.0, 2.0, 0.0]
    assert errors["ratings"].tolist() == [2.0, 1.0, 0.0]
    with pytest.raises(ValueError, match="not finite"):
        rating_errors(np.array([np.nan]), np.array([4.0]), np.array([0]), 1)
