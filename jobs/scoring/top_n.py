"""Exact top-N lists: of products of factors by a fast path, of any other scores by sorting a block of them."""

from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
from implicit.cpu.topk import topk
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs.scoring.histories import Histories

Floats = NDArray[np.float32]
_FILTERED = np.finfo(np.float32).min
"""implicit's score of a title that was filtered out."""


class Scorer(Protocol):
    """What turns viewers' histories into scores. It holds titles and no viewers.

    Titles are ordered by popularity, most popular first, so that titles of equal score (all titles, for a viewer of whom
    nothing good is known) come in that order.
    """

    @property
    def title_ids(self) -> pa.Array:
        """Identifiers, in the order of the columns of scores."""
        ...

    def scores(self, histories: Histories) -> Floats:
        """Viewers by titles of scores."""
        ...

    def save(self, folder: Path) -> None:
        """Write arrays and JSON into a folder that is there."""
        ...


@runtime_checkable
class FactorScorer(Scorer, Protocol):
    """A scorer by products of factors, score(u, i) = x_u · y_i: its scores are never written down."""

    @property
    def factors(self) -> Floats:
        """Titles by latent factors."""
        ...

    def viewer_factors(self, histories: Histories) -> Floats:
        """Viewers by latent factors."""
        ...


def top_titles(
    model: Scorer,
    histories: Histories,
    length: int,
    excluded: NDArray[np.int32] | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.int32], Floats]:
    """The best titles that each viewer has not seen, best first; equal scores in order of popularity.

    Args:
        model: The model.
        histories: What the viewers know; none of it is listed.
        length: At most this many titles per viewer.
        excluded: Positions of titles that nobody is to get.

    Returns:
        Three arrays of equal length, one element per listed title: the viewer's row, the title's position, the score.

    Raises:
        ValueError: A factor or a score is not finite.
    """
    unlisted = np.empty(0, dtype=np.int32) if excluded is None else excluded
    if isinstance(model, FactorScorer):
        positions, scores = _best_products(model, histories, unlisted, length)
    else:
        positions, scores = _best_of(model.scores(histories), histories.seen, unlisted, length)
    order = np.lexsort((positions, -scores), axis=1)
    positions = np.take_along_axis(positions, order, axis=1)[:, :length]
    scores = np.take_along_axis(scores, order, axis=1)[:, :length]
    is_listed = scores > _FILTERED
    row, _ = np.nonzero(is_listed)
    return row.astype(np.int32), positions[is_listed].astype(np.int32), scores[is_listed]


def ranks_within(rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Position of each listed title in its viewer's list, from 0; ``rows`` as :func:`top_titles` returns them."""
    return (np.arange(len(rows)) - np.searchsorted(rows, rows)).astype(np.int32)


def _best_products(
    model: FactorScorer, histories: Histories, excluded: NDArray[np.int32], length: int
) -> tuple[NDArray[np.int32], Floats]:
    """Positions and scores of at least the best ``length`` titles, in any order; filtered ones last."""
    viewers, seen = model.viewer_factors(histories), histories.seen
    if not (np.isfinite(viewers).all() and np.isfinite(model.factors).all()):
        raise ValueError("a factor is not finite")
    scored, asked = len(model.factors), min(length + 1, len(model.factors))
    # implicit reads the first element of the list it is given: an empty one is out of bounds.
    positions, scores = topk(
        model.factors,
        viewers,
        asked,
        filter_query_items=seen,
        filter_items=excluded if len(excluded) else None,
        num_threads=1,
    )
    # implicit leaves open which of several titles of one score it takes: viewers whose list ends among equals are sorted whole.
    if 1 < asked < scored:
        (tied,) = np.nonzero((scores[:, -1] == scores[:, -2]) & (scores[:, -1] > _FILTERED))
        if len(tied):
            whole = _filtered(viewers[tied] @ model.factors.T, seen[tied], excluded)
            positions[tied], scores[tied] = _sorted(whole, asked)
    return positions, scores


def _best_of(
    scores: Floats, seen: csr_matrix, excluded: NDArray[np.int32], length: int
) -> tuple[NDArray[np.int32], Floats]:
    """The same of scores that are there."""
    if not np.isfinite(scores).all():
        raise ValueError("a score is not finite")
    scores = _filtered(np.array(scores, dtype=np.float32), seen, excluded)
    if length + 1 >= scores.shape[1]:
        return _sorted(scores, scores.shape[1])
    near = np.argpartition(-scores, length, axis=1)[:, : length + 1].astype(np.int32)
    best = np.take_along_axis(scores, near, axis=1)
    order = np.argsort(-best, axis=1, kind="stable")
    near, best = np.take_along_axis(near, order, axis=1), np.take_along_axis(best, order, axis=1)
    (tied,) = np.nonzero((best[:, -1] == best[:, -2]) & (best[:, -1] > _FILTERED))
    if len(tied):
        near[tied], best[tied] = _sorted(scores[tied], length + 1)
    return near, best


def _filtered(scores: Floats, seen: csr_matrix, excluded: NDArray[np.int32]) -> Floats:
    """The scores, changed in place: nobody gets what they have seen or what is excluded."""
    scores[seen.nonzero()] = _FILTERED
    scores[:, excluded] = _FILTERED
    return scores


def _sorted(scores: Floats, length: int) -> tuple[NDArray[np.int32], Floats]:
    """Positions and scores of the first titles by falling score, then position; filtered ones last."""
    positions = np.argsort(-scores, axis=1, kind="stable")[:, :length]
    return positions.astype(np.int32), np.take_along_axis(scores, positions, axis=1)
