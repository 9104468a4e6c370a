"""Why a title: what each of a viewer's own titles adds to a score, and the three that add most."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsyrk, ssyrk
from scipy.linalg.lapack import dposv, sposv
from scipy.sparse import csr_matrix
from threadpoolctl import ThreadpoolController

from jobs.scoring.histories import Histories

NAMED = 3
"""The most of a viewer's own titles that a reason names."""
NONE = -1
"""A place that no title stands in."""
_NOTHING = 1e-12
"""Of the largest eigenvalue: what is left of a direction in which float32 factors have nothing."""
_LEAST = float(np.finfo(np.float64).tiny)
Positions = NDArray[np.integer[Any]]
Reals = NDArray[np.floating[Any]]
Terms = Callable[[int, Positions], tuple[Positions, Reals]]
"""Of a viewer's row and the positions of some titles: positions of the viewer's liked titles, and some titles by liked titles
of what each adds to the score. The caller may write over it."""


@runtime_checkable
class Explained(Protocol):
    """A scorer whose scores are sums over what the viewer likes, up to what is the same whatever the viewer likes."""

    def terms(self, histories: Histories) -> Terms:
        """What the viewers' own titles add to scores."""
        ...


def contributions(
    model: object, histories: Histories, row: Positions, position: Positions
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """The liked titles that contributed most to some scores.

    Args:
        model: The model; of one that cannot say it there are none.
        histories: What the viewers know.
        row: The viewer's row of each score, rising.
        position: The title's position.

    Returns:
        Scores by three: positions of the viewer's own titles, largest contribution first, ``NONE`` behind the last that
        adds anything; and what they add, 0 behind the last. Equal ones in order of position.
    """
    own, sizes = no_contributions(len(row))
    if not isinstance(model, Explained) or not len(row):
        return own, sizes
    terms = model.terms(histories)
    ends = [*np.flatnonzero(np.diff(row)) + 1, len(row)]
    with one_thread():
        for start, end in zip([0, *ends[:-1]], ends, strict=True):
            liked, added = terms(int(row[start]), position[start:end])
            _name_largest(liked, added, own[start:end], sizes[start:end])
    return own, sizes


def one_thread() -> AbstractContextManager[object]:
    """Let BLAS use one thread: so small a matrix is solved a hundred times more slowly by threads that wait for each other."""
    limit: AbstractContextManager[object] = _threads().limit(limits=1, user_api="blas")
    return limit


@cache
def _threads() -> ThreadpoolController:
    """Who counts BLAS's threads: to find the libraries takes as long as solving a hundred viewers."""
    return ThreadpoolController()


def no_contributions(count: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """What :func:`contributions` returns of so many scores to which no title of the viewers' adds anything."""
    return np.full((count, NAMED), NONE, dtype=np.int32), np.zeros((count, NAMED))


def _name_largest(liked: Positions, added: Reals, own: NDArray[np.int32], sizes: NDArray[np.float64]) -> None:
    """Write the titles that add most, and what they add; ``added`` is used up."""
    cells = np.ascontiguousarray(added).reshape(-1)
    starts = np.arange(0, cells.size, max(1, len(liked)))
    for place in range(min(NAMED, len(liked))):
        largest = cells.reshape(added.shape).argmax(axis=1)
        sizes[:, place] = cells.take(starts + largest)
        own[:, place] = liked.take(largest)
        cells[starts + largest] = -np.inf
    is_less = sizes <= 0
    own[is_less], sizes[is_less] = NONE, 0


@dataclass(frozen=True)
class Turned:
    """Factors turned so that YᵀY is diagonal: products of factors stay what they are."""

    factors: Reals
    """Titles by latent factors: Y Q."""
    spectrum: NDArray[np.float64]
    """Λ of YᵀY = Q Λ Qᵀ; zeros where titles outside a history do not count."""

    def scale(self, ridge: float) -> NDArray[np.float64]:
        """The diagonal of (Λ + λ I)^-½; 0 in a direction that no title has anything of, as no score has then either."""
        middle = self.spectrum + ridge
        least = max(float(middle.max()) * _NOTHING, _LEAST)
        root: NDArray[np.float64] = np.sqrt(np.maximum(middle, least))
        return np.where(middle > least, 1.0 / root, 0.0)


def fold_in_terms(
    fits: Sequence[Turned],
    evidence: csr_matrix,
    wanted: csr_matrix,
    ridge: NDArray[np.float64],
) -> Terms:
    """The terms of a score by fold-in: x_u · y_i = Σ_j b_j y_iᵀ W y_j, where W = (YᵀY + Σ e y yᵀ + λ_u I)⁻¹.

    Hu, Koren and Volinsky (2008), section 5. With YᵀY diagonal, M = Λ + λ_u is taken out of both sides, as y M^-½: what
    remains to be solved is I + Σ e y yᵀ, whose condition is bounded by the evidence, so that float32 is enough.

    Args:
        fits: Factors of each fit; their scores are added up.
        evidence: Viewers by titles of e, none below 0.
        wanted: Viewers by titles of b; cells as those of ``evidence``.
        ridge: λ_u of each viewer.
    """
    kind = fits[0].factors.dtype
    roots, b = np.sqrt(evidence.data).astype(kind)[:, np.newaxis], wanted.data.astype(kind)
    # Viewers of as many titles have the same λ.
    ridges, inverse = np.unique(ridge, return_inverse=True)
    scales = [[fit.scale(one).astype(kind) for one in ridges.tolist()] for fit in fits]
    ones = np.eye(fits[0].factors.shape[1], dtype=kind, order="F")

    def terms(viewer: int, titles: Positions) -> tuple[Positions, Reals]:
        cells = slice(evidence.indptr[viewer], evidence.indptr[viewer + 1])
        known = evidence.indices[cells]
        every = [
            _solved(fit.factors, scale[inverse[viewer]], known, titles, roots[cells], ones)
            for fit, scale in zip(fits, scales, strict=True)
        ]
        added = sum(every[1:], every[0])
        added *= b[cells]
        return known, added

    return terms


def _solved(factors: Reals, scale: Reals, known: Positions, titles: Positions, roots: Reals, ones: Reals) -> Reals:
    """Titles by known titles of y_iᵀ W y_j."""
    syrk, posv = (dsyrk, dposv) if ones.dtype == np.float64 else (ssyrk, sposv)
    own, asked = factors.take(known, axis=0), factors.take(titles, axis=0)
    own *= scale
    asked *= scale
    matrix = syrk(1.0, (own * roots).T, beta=1.0, c=ones, lower=True)
    _, solved, _ = posv(matrix, asked.T, lower=True, overwrite_a=True, overwrite_b=True)
    products: Reals = solved.T @ own.T
    return products


class Cells:
    """Cells of a sparse matrix by some rows and columns, as an array: quicker than slices of slices, where rows are many."""

    def __init__(self, matrix: csr_matrix) -> None:
        """Make room to look columns up in."""
        self._matrix = matrix
        self._at = np.full(matrix.shape[1], NONE, dtype=np.int32)

    def __call__(self, rows: Positions, columns: Positions) -> Reals:
        """Rows by columns."""
        matrix = self._matrix
        starts = matrix.indptr[rows].astype(np.int64)
        counts = matrix.indptr[rows + 1] - starts
        cells = np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        self._at[columns] = np.arange(len(columns))
        at = self._at[matrix.indices[cells]]
        self._at[columns] = NONE
        kept = at >= 0
        found = np.zeros((len(rows), len(columns)), dtype=np.float32)
        found[np.repeat(np.arange(len(rows)), counts)[kept], at[kept]] = matrix.data[cells[kept]]
        return found


def weighted_terms(weights: csr_matrix, similar: Callable[[Positions, Positions], Reals]) -> Terms:
    """The terms of a score that is a weighted sum of similarities: Σ_j w_uj s_ji.

    Args:
        weights: Viewers by liked titles.
        similar: Of some known and some other titles, the similarities of the former, rows, to the latter.
    """

    def terms(viewer: int, titles: Positions) -> tuple[Positions, Reals]:
        cells = slice(weights.indptr[viewer], weights.indptr[viewer + 1])
        known = weights.indices[cells]
        return known, np.multiply(similar(known, titles).T, weights.data[cells], order="C")

    return terms
