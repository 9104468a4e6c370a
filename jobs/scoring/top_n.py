"""Exact top-N lists: the best of a block of scores are found without sorting it, or a model names the few that matter."""

from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs.scoring.histories import Histories
from jobs.scoring.products import FILTERED as FILTERED
from jobs.scoring.products import Floats as Floats
from jobs.scoring.products import best_products, products_of, titles_in_order

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


class Listed(NamedTuple):
    """Lists of some viewers, one element per listed title: by viewer, best first."""

    rows: NDArray[np.int32]
    """The viewer's row."""
    positions: NDArray[np.int32]
    """The title's position."""
    scores: Floats
    """What the model says."""
    boosts: Floats
    """What rules added to it; 0 where none did."""


def is_popularity(model: Scorer) -> bool:
    """Whether a model says the same to everybody, and says so by ``is_popularity``: no list of it is personal."""
    return bool(getattr(model, "is_popularity", False))


def top_titles(
    model: Scorer,
    histories: Histories,
    length: int,
    excluded: NDArray[np.int32] | None = None,
    boosts: Floats | None = None,
) -> Listed:
    """The best titles that each viewer has not seen, best first; equal ones in order of popularity.

    A title with a boost is listed by its score and the boost times the size of the viewer's best score, which is that of
    any title that may be listed: 0.1 moves a title by a tenth of what the viewer likes best, whatever a model's scores are
    like. They are added up in float64.

    Args:
        model: The model. Boosts act on the titles that a ListScorer names.
        histories: What the viewers know; none of it is listed.
        length: At most this many titles per viewer.
        excluded: Positions of titles that nobody is to get.
        boosts: What rules add to each title of the model, as a share of the viewer's best score; 0 for most.

    Raises:
        ValueError: A score is not finite.
    """
    unlisted = np.empty(0, dtype=np.int32) if excluded is None else excluded
    strengths = np.zeros(len(model.title_ids), dtype=np.float32) if boosts is None else boosts.astype(np.float32)
    if isinstance(model, ListScorer):
        best = model.best(histories, length, unlisted)
    else:
        moved = np.setdiff1d(np.flatnonzero(strengths), unlisted).astype(np.int32)
        best, theirs = _best(model, histories, length, np.concatenate([unlisted, moved]), moved)
        theirs = _filtered(theirs, csr_matrix(histories.seen[:, moved]), moved[:0])
        best = np.hstack([best[0], np.broadcast_to(moved, theirs.shape)]), np.hstack([best[1], theirs])
    positions, scores, added = _in_order(*best, strengths, length)
    is_listed = scores > FILTERED
    row = np.repeat(np.arange(len(is_listed)), np.count_nonzero(is_listed, axis=1))
    return Listed(row.astype(np.int32), positions[is_listed], scores[is_listed], added[is_listed])


def _best(
    model: Scorer, histories: Histories, length: int, unlisted: NDArray[np.int32], moved: NDArray[np.int32]
) -> tuple[Best, Floats]:
    """Each viewer's best unseen titles that are not excluded, and all scores of some titles."""
    if not isinstance(model, FactorScorer):
        scores = model.scores(histories)
        theirs = scores[:, moved]
        return best_of(scores, histories.seen, unlisted, length), theirs
    viewers, factors = model.viewer_factors(histories), model.factors
    found = best_products(viewers, titles_in_order(factors, unlisted), histories.seen, length)
    pairs = np.repeat(np.arange(len(viewers)), len(moved)), np.tile(moved, len(viewers))
    theirs = products_of(viewers, pairs[0], factors, pairs[1]).reshape(len(viewers), len(moved))
    return as_matrices(*found, len(viewers)), theirs


def _in_order(
    positions: NDArray[np.int32], scores: Floats, strengths: Floats, length: int
) -> tuple[NDArray[np.int32], Floats, Floats]:
    """Positions, scores and boosts of the first titles of each row."""
    if not strengths.any():
        # The score's bits, made to fall as it rises, and the position are one number, which sorts many times faster.
        bits = (scores + np.float32(0)).view(np.int32)
        falling = ~(bits ^ ((bits >> 31) & 0x7FFFFFFF))
        order = np.sort(falling.astype(np.int64) << 32 | positions, axis=1)[:, :length]
        rising = ~(order >> 32).astype(np.int32)
        scores = (rising ^ ((rising >> 31) & 0x7FFFFFFF)).view(np.float32)
        return (order & 0xFFFFFFFF).astype(np.int32), scores, np.zeros_like(scores)
    best = np.abs(scores.max(axis=1, initial=FILTERED))[:, np.newaxis]
    added = np.where(scores > FILTERED, strengths[positions] * best, np.float32(0))
    order = np.lexsort((positions, -(scores.astype(np.float64) + added)), axis=1)[:, :length]
    positions, scores, added = (np.take_along_axis(of, order, axis=1) for of in (positions, scores, added))
    return positions.astype(np.int32), scores, added


def ranks_within(rows: NDArray[np.signedinteger]) -> NDArray[np.int32]:
    """Position of each listed title in its viewer's list, from 0; ``rows`` as :func:`top_titles` returns them."""
    counts = np.bincount(rows)
    return (np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)).astype(np.int32)


def as_matrices(
    row: NDArray[np.signedinteger], position: NDArray[np.signedinteger], score: Floats, viewers: int
) -> Best:
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
