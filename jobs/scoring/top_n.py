"""Exact top-N lists of models that score by a product of factors."""

from typing import Protocol

import numpy as np
import pyarrow as pa
from implicit.cpu.topk import topk
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Floats = NDArray[np.float32]
_FILTERED = np.finfo(np.float32).min
"""implicit's score of a title that was filtered out."""


class FactorModel(Protocol):
    """What turns viewers' histories into scores: score(u, i) = x_u · y_i.

    Titles are ordered by popularity, most popular first, so that titles of equal score (all titles, for a viewer of whom
    nothing good is known) come in that order.
    """

    @property
    def title_ids(self) -> pa.Array:
        """Identifiers, in the order of the rows of ``factors``."""
        ...

    @property
    def factors(self) -> Floats:
        """Titles by latent factors."""
        ...

    def viewer_factors(self, preferences: csr_matrix) -> Floats:
        """Viewers by latent factors, from viewers by titles of preference weights."""
        ...


def top_titles(
    model: FactorModel,
    preferences: csr_matrix,
    seen: csr_matrix,
    length: int,
    excluded: NDArray[np.int32] | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.int32], Floats]:
    """The best titles that each viewer has not seen, best first; equal scores in order of popularity.

    Args:
        model: The model.
        preferences: Viewers by titles: positive preference weights.
        seen: Viewers by titles: a non-zero for each title to leave out.
        length: At most this many titles a viewer.
        excluded: Places of titles that nobody is to get.

    Returns:
        Three arrays of equal length, one element a listed title: the viewer's row, the title's place, the score.

    Raises:
        ValueError: A factor is not finite.
    """
    viewers = model.viewer_factors(preferences)
    if not (np.isfinite(viewers).all() and np.isfinite(model.factors).all()):
        raise ValueError("a factor is not finite")
    scored, asked = len(model.factors), min(length + 1, len(model.factors))
    # implicit reads the first element of the list it is given: an empty one is out of bounds.
    unlisted = None if excluded is None or not len(excluded) else excluded
    places, scores = topk(model.factors, viewers, asked, filter_query_items=seen, filter_items=unlisted, num_threads=1)
    # implicit leaves open which of several titles of one score it takes: viewers whose list ends among equals are sorted whole.
    if asked < scored:
        (tied,) = (
            np.nonzero((scores[:, -1] == scores[:, -2]) & (scores[:, -1] > _FILTERED)) if asked > 1 else (np.arange(0),)
        )
        places[tied], scores[tied] = _sort_whole(model.factors, viewers[tied], seen[tied], unlisted, asked)
    order = np.lexsort((places, -scores), axis=1)
    places, scores = (np.take_along_axis(found, order, axis=1)[:, :length] for found in (places, scores))
    is_listed = scores > _FILTERED
    row, _ = np.nonzero(is_listed)
    return row.astype(np.int32), places[is_listed].astype(np.int32), scores[is_listed]


def ranks_within(rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Place of each listed title in its viewer's list, from 0; ``rows`` as :func:`top_titles` returns them."""
    return (np.arange(len(rows)) - np.searchsorted(rows, rows)).astype(np.int32)


def _sort_whole(
    titles: Floats, viewers: Floats, seen: csr_matrix, excluded: NDArray[np.int32] | None, length: int
) -> tuple[NDArray[np.int32], Floats]:
    """Places and scores of the first titles by falling score, then place; filtered ones last."""
    scores = viewers @ titles.T
    scores[seen.nonzero()] = _FILTERED
    if excluded is not None:
        scores[:, excluded] = _FILTERED
    places = np.argsort(-scores, axis=1, kind="stable")[:, :length]
    return places.astype(np.int32), np.take_along_axis(scores, places, axis=1)
