"""Metrics of a viewer's first K titles with binary relevance, and of predicted ratings. One value per viewer each."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
METRICS = ("ndcg", "precision", "recall", "map", "capped_recall", "f1", "hit_rate", "mrr")


def ranking_metrics(
    hits: NDArray[np.bool_], relevant: NDArray[np.int64], *, averages_over_all: bool = False
) -> dict[str, Floats]:
    """Metrics of each viewer's first K titles. A list with fewer than K titles has no hits at the ranks that it lacks.

    - ndcg = DCG / IDCG with gains 1 / log2(1 + rank) and the ideal list of min(K, relevant) hits: Järvelin and Kekäläinen
      (2002), "Cumulated gain-based evaluation of IR techniques".
    - precision = hits / K; recall = hits / relevant; f1 their harmonic mean, 0 without hits: van Rijsbergen (1979),
      "Information retrieval", chapter 7.
    - capped_recall = hits / min(K, relevant): Liang et al. (2018), equation 8; a list can reach 1.
    - map: average precision, the sum of the precisions at the ranks of hits / min(K, relevant), whose mean over viewers is
      MAP: Manning, Raghavan and Schütze (2008), section 8.4, cut at K, as RePlay counts it. Microsoft Recommenders'
      published tables divide by all that is relevant: ``averages_over_all``.
    - hit_rate: 1 with a hit, else 0; mrr: 1 / the rank of the first hit, 0 without: Voorhees (1999), "The TREC-8 question
      answering track report".

    Args:
        hits: Viewers by ranks: whether the title there is relevant.
        relevant: Number of relevant titles of each viewer. A viewer without any has 0 in every metric.
        averages_over_all: What average precision is divided by.

    Returns:
        Metric → one value per viewer.
    """
    k = hits.shape[1]
    ranks = np.arange(1, k + 1)
    discounts = 1.0 / np.log2(ranks + 1)
    reachable = np.minimum(k, relevant)
    ideal = np.concatenate([[0.0], np.cumsum(discounts)])[reachable]
    found = hits.sum(axis=1).astype(np.float64)
    precision_at_rank = np.cumsum(hits, axis=1) / ranks
    return {
        "ndcg": _share((hits * discounts).sum(axis=1), ideal),
        "precision": found / k,
        "recall": _share(found, relevant),
        "map": _share((precision_at_rank * hits).sum(axis=1), relevant if averages_over_all else reachable),
        "capped_recall": _share(found, reachable),
        # 2 P R / (P + R) with P = hits / K and R = hits / relevant.
        "f1": _share(2.0 * found, k + relevant),
        "hit_rate": (found > 0).astype(np.float64),
        "mrr": np.where(found > 0, 1.0 / (1 + hits.argmax(axis=1)), 0.0),
    }


def rating_errors(predicted: Floats, given: Floats, viewer: NDArray[np.int64], viewers: int) -> dict[str, Floats]:
    """What RMSE = √(Σ (predicted - given)² / n) and MAE = Σ |predicted - given| / n are made of.

    Herlocker, Konstan, Terveen and Riedl (2004), "Evaluating collaborative filtering recommender systems".

    Args:
        predicted: Predicted ratings.
        given: The ratings themselves.
        viewer: Whose each is, from 0.
        viewers: Number of viewers.

    Returns:
        squared, absolute and ratings: sums of squared and of absolute errors and number of ratings, one per viewer.

    Raises:
        ValueError: A prediction is not finite.
    """
    if not np.isfinite(predicted).all():
        raise ValueError("a predicted rating is not finite")
    error = predicted - given
    return {
        "squared": np.bincount(viewer, error**2, viewers).astype(np.float64),
        "absolute": np.bincount(viewer, np.abs(error), viewers).astype(np.float64),
        "ratings": np.bincount(viewer, minlength=viewers).astype(np.float64),
    }


def _share(part: NDArray[np.generic], whole: NDArray[np.generic]) -> Floats:
    """The part of a whole; 0 of nothing."""
    return np.asarray(np.divide(part, whole, out=np.zeros(len(whole)), where=np.asarray(whole) > 0))
