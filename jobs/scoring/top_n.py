"""Exact top-N lists: the best of a block of scores are found without sorting it, or a model names the few that matter."""

from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs.scoring.histories import Histories

Floats = NDArray[np.float32]
FILTERED = np.finfo(np.float32).min
"""The score of a title that was filtered out."""
Best = tuple[NDArray[np.int32], Floats]
"""Positions and scores of some titles of each viewer, one row per viewer: the best ones, in any order, and any number that
are filtered out."""
_GROUPS = 4
"""So many times the titles of a list are the groups of which the best are found."""
_LARGEST_GROUP = 64
_CROWD = 8
"""A viewer of whom so many times the titles of a list are left has equal ones among them."""


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
        """Viewers by titles of scores: a new array, which the caller may write over."""
        ...

    def save(self, folder: Path) -> None:
        """Write arrays and JSON into a folder that is there."""
        ...


@runtime_checkable
class FactorScorer(Scorer, Protocol):
    """A scorer by products of factors, score(u, i) = x_u · y_i: what it says of some pairs can be had without all scores."""

    @property
    def factors(self) -> Floats:
        """Titles by latent factors."""
        ...

    def viewer_factors(self, histories: Histories) -> Floats:
        """Viewers by latent factors."""
        ...


@runtime_checkable
class ListScorer(Scorer, Protocol):
    """A scorer that knows of itself which few titles may come first: its other scores are never made."""

    def best(self, histories: Histories, length: int, excluded: NDArray[np.int32]) -> Best:
        """Each viewer's best unseen titles that are not excluded: ``length`` of them, or all there are."""
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
        ValueError: A score is not finite.
    """
    unlisted = np.empty(0, dtype=np.int32) if excluded is None else excluded
    if isinstance(model, ListScorer):
        positions, scores = model.best(histories, length, unlisted)
    else:
        positions, scores = best_of(model.scores(histories), histories.seen, unlisted, length)
    order = np.lexsort((positions, -scores), axis=1)[:, :length]
    positions, scores = np.take_along_axis(positions, order, axis=1), np.take_along_axis(scores, order, axis=1)
    is_listed = scores > FILTERED
    row, _ = np.nonzero(is_listed)
    return row.astype(np.int32), positions[is_listed].astype(np.int32), scores[is_listed]


def ranks_within(rows: NDArray[np.signedinteger]) -> NDArray[np.int32]:
    """Position of each listed title in its viewer's list, from 0; ``rows`` as :func:`top_titles` returns them."""
    counts = np.bincount(rows)
    return (np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)).astype(np.int32)


def as_matrices(row: NDArray[np.int64], position: NDArray[np.int64], score: Floats, viewers: int) -> Best:
    """Pairs of viewer and title, in order of row, as rows that are filled up with what is filtered out."""
    within = ranks_within(row)
    shape = (viewers, int(within.max(initial=-1)) + 1)
    positions, scores = np.zeros(shape, dtype=np.int32), np.full(shape, FILTERED)
    positions[row, within], scores[row, within] = position, score
    return positions, scores


def best_of(scores: Floats, seen: csr_matrix, excluded: NDArray[np.int32], length: int) -> Best:
    """The same of scores that are there; those of titles that are filtered out are written over.

    The best of each of many groups of titles are found first: what the ``length``-th of these reaches, at least so many
    titles reach, and few more. The rest is not sorted.

    Args:
        scores: Viewers by titles.
        seen: What viewers know.
        excluded: Positions of titles that nobody is to get.
        length: Titles per list.
    """
    if not np.isfinite(scores).all():
        raise ValueError("a score is not finite")
    scores = _filtered(scores, seen, excluded)
    reach = scores >= np.maximum(_reached(scores, length), np.nextafter(FILTERED, np.float32(0)))
    counts = np.count_nonzero(reach, axis=1)
    # Where many titles are equal, as those without any neighbour among the viewer's are, the first of them are enough.
    (crowded,) = np.nonzero(counts > _CROWD * length)
    for one in crowded:
        reach[one] = False
        reach[one, _first(scores[one], length)] = True
    row, position = np.divmod(np.flatnonzero(reach), scores.shape[1])
    return as_matrices(row, position, scores[row, position], len(scores))


def _reached(scores: Floats, length: int) -> Floats:
    """A score of each viewer that at least ``length`` titles reach, as a column; the lowest there is where too few are."""
    titles = scores.shape[1]
    groups = max(_GROUPS * length, titles // _LARGEST_GROUP)
    if groups >= titles:
        return np.full((len(scores), 1), FILTERED)
    # Neighbours, which are about equally popular, are in different groups.
    best = scores[:, :groups].copy()
    for start in range(groups, titles - groups + 1, groups):
        np.maximum(best, scores[:, start : start + groups], out=best)
    return np.partition(best, groups - length, axis=1)[:, groups - length, np.newaxis]


def _first(scores: Floats, length: int) -> NDArray[np.intp]:
    """Positions of one viewer's first titles by falling score, then position; in any order."""
    if length >= len(scores):
        return np.arange(len(scores))
    least = np.partition(scores, len(scores) - length)[-length]
    above = np.flatnonzero(scores > least)
    return np.concatenate([above, np.flatnonzero(scores == least)[: length - len(above)]])


def _filtered(scores: Floats, seen: csr_matrix, excluded: NDArray[np.int32]) -> Floats:
    """The scores, changed in place: nobody gets what they have seen or what is excluded."""
    scores[seen.nonzero()] = FILTERED
    scores[:, excluded] = FILTERED
    return scores
