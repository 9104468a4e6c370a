"""Ranking metrics of a viewer's first K titles, with binary relevance."""

import numpy as np
from numpy.typing import NDArray

METRICS = ("ndcg", "precision", "recall", "map")


def ranking_metrics(hits: NDArray[np.bool_], relevant: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Metrics of each viewer's first K titles.

    Järvelin and Kekäläinen (2002) for nDCG = DCG / IDCG with gains 1 / log2(1 + rank) and the ideal list of
    min(K, relevant) hits; precision = hits / K; recall = hits / relevant; average precision, whose mean is MAP, is the
    sum of the precisions at the ranks of hits / min(K, relevant) (Manning, Raghavan and Schütze, 2008, section 8.4).

    Args:
        hits: Viewers by ranks: whether the title there is relevant.
        relevant: Number of relevant titles of each viewer, at least 1.

    Returns:
        Metric → one value per viewer.
    """
    discounts = 1.0 / np.log2(np.arange(2, hits.shape[1] + 2))
    ideal = np.cumsum(discounts)[np.minimum(hits.shape[1], relevant) - 1]
    precision_at_rank = np.cumsum(hits, axis=1) / np.arange(1, hits.shape[1] + 1)
    return {
        "ndcg": (hits * discounts).sum(axis=1) / ideal,
        "precision": hits.sum(axis=1) / hits.shape[1],
        "recall": hits.sum(axis=1) / relevant,
        "map": (precision_at_rank * hits).sum(axis=1) / np.minimum(hits.shape[1], relevant),
    }
