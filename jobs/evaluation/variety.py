"""What lists are like beside being right: how new, how varied, and how much of the catalogue they show."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs.evaluation.intervals import Interval, draws
from jobs.evaluation.segments import Popularity
from jobs.scoring.histories import positions_of

Floats = NDArray[np.float64]
_RESAMPLES = 200
"""Of lists of everybody, each of which is a matrix product and a sort of all titles."""


def novelty(listed: pa.ListArray, popularity: Popularity) -> Floats:
    """Mean self-information of a viewer's listed titles, -log2 of the share of viewers who know the title, in bits.

    Vargas and Castells (2011), "Rank and relevance in novelty and diversity metrics for recommender systems". A title that
    nobody knows counts as known by half a viewer.
    """
    owner, title, _ = positions_of(listed, popularity.title_ids)
    known = np.maximum(0.5, popularity.counts[title])
    return _mean_of(owner, -np.log2(known / max(1, popularity.viewers)), len(listed))


def tail_share(listed: pa.ListArray, popularity: Popularity) -> Floats:
    """Share of a viewer's listed titles that do not belong to the short head (:attr:`Popularity.is_head`)."""
    owner, title, _ = positions_of(listed, popularity.title_ids)
    return _mean_of(owner, (~popularity.is_head[title]).astype(np.float64), len(listed))


def diversity(listed: pa.ListArray, catalogue: pa.Table) -> Floats:
    """Intra-list diversity: 1 - the mean similarity of two titles of a list, by the cosine of their genres.

    Ziegler, McNee, Konstan and Lausen (2005), "Improving recommendation lists through topic diversification". Titles
    without genres are left out; not a number for a list with fewer than two others.
    """
    genres = catalogue["genres"].combine_chunks()
    names = pc.unique(genres.flatten())
    row, column, counts = positions_of(genres, names)
    lengths = np.sqrt(np.maximum(1, counts))[row]
    vectors = csr_matrix((1.0 / lengths, (row, column)), shape=(len(genres), len(names)))
    owner, title, _ = positions_of(listed, catalogue["title_id"].combine_chunks())
    owner, title = owner[counts[title] > 0], title[counts[title] > 0]
    lists = csr_matrix((np.ones(len(owner)), (owner, title)), shape=(len(listed), len(genres)))
    size = np.bincount(owner, minlength=len(listed)).astype(np.float64)
    sums = (lists @ vectors).toarray()
    # |Σ v|² holds each pair twice, and each title with itself, which counts 1.
    pairs = size * (size - 1)
    similar = np.divide((sums**2).sum(axis=1) - size, pairs, out=np.full(len(size), np.nan), where=pairs > 0)
    return np.asarray(1.0 - similar)


def catalogue_shares(listed: pa.ListArray, listable: pa.Array, seed: int) -> dict[str, Interval]:
    """Coverage and Gini index of how often each listable title is listed.

    Coverage is the share of listable titles that are on anybody's list; Gini = Σ (2 i - n - 1) x_i / (n Σ x) over the
    rising counts x of n listable titles, 0 where all are listed alike, near 1 where all lists are the same: Shani and
    Gunawardana (2011), "Evaluating recommendation systems", section 3.3. Viewers drawn with replacement show fewer titles
    than all of them do, so the interval is the middle of the draws' distances from their own mean, around the figure.
    """
    owner, title, _ = positions_of(listed, listable)
    lists = csr_matrix((np.ones(len(owner)), (owner, title)), shape=(len(listed), len(listable)))
    whole = _shares(np.asarray(lists.sum(axis=0)))
    drawn = np.vstack([_shares((lists.T @ counts.T).T) for counts in draws(len(listed), seed, _RESAMPLES)])
    low, high = np.quantile(drawn - drawn.mean(axis=0), [0.025, 0.975], axis=0)
    return {
        name: Interval(*(float(np.clip(end, 0.0, 1.0)) for end in (mean, mean + lower, mean + upper)))
        for name, mean, lower, upper in zip(("coverage", "gini"), whole[0], low, high, strict=True)
    }


def _shares(counts: Floats) -> Floats:
    """Coverage and Gini index, one row per row of counts."""
    titles = counts.shape[1]
    rising = np.sort(counts, axis=1)
    weights = 2 * np.arange(1, titles + 1) - titles - 1
    total = np.maximum(1.0, counts.sum(axis=1))
    return np.column_stack([(counts > 0).mean(axis=1), (rising @ weights) / (titles * total)])


def _mean_of(owner: NDArray[np.int64], values: Floats, viewers: int) -> Floats:
    """The mean of each viewer's values; not a number without any."""
    counts = np.bincount(owner, minlength=viewers)
    sums = np.bincount(owner, values, viewers)
    return np.asarray(np.divide(sums, counts, out=np.full(viewers, np.nan), where=counts > 0))
