"""Fold-in: viewers' factors solved exactly from their histories, while the titles' factors stay as they were learned.

The normal equations of Hu, Koren and Volinsky (2008), "Collaborative filtering for implicit feedback datasets", and of
Zhou et al. (2008), "Large-scale parallel collaborative filtering for the Netflix prize".
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dposv, sposv
from scipy.sparse import csr_matrix

from jobs.scoring.reasons import Reals, Turned, one_thread
from jobs.scoring.top_n import Floats

_CELLS_AT_ONCE = 8_192
"""Factors of so many titles of a history are in memory at once: 2 MB at rank 64."""
_ROWS_AT_ONCE = 65_536


def gram(factors: Floats) -> NDArray[np.float64]:
    """YᵀY, without a float64 copy of all factors."""
    rank = factors.shape[1]
    total = np.zeros((rank, rank))
    for start in range(0, len(factors), _ROWS_AT_ONCE):
        some = factors[start : start + _ROWS_AT_ONCE].astype(np.float64)
        total += some.T @ some
    return total


@dataclass(frozen=True)
class Fit(Turned):
    """Factors turned so that YᵀY is diagonal, and the way back."""

    directions: NDArray[np.float64]
    """Q of YᵀY = Q Λ Qᵀ."""

    @classmethod
    def of(cls, factors: Reals, total: NDArray[np.float64]) -> Self:
        """Turn factors.

        Args:
            factors: Y.
            total: YᵀY, as :func:`gram` makes it.
        """
        spectrum, directions = np.linalg.eigh(total)
        turned = np.empty(factors.shape, dtype=factors.dtype)
        for start in range(0, len(factors), _ROWS_AT_ONCE):
            turned[start : start + _ROWS_AT_ONCE] = factors[start : start + _ROWS_AT_ONCE] @ directions
        fit = cls(turned, np.maximum(spectrum, 0.0), directions)
        # What rounding left of a direction that no title has anything of would be taken for something.
        turned[:, fit.scale(0.0) == 0] = 0
        return fit

    @classmethod
    def alone(cls, factors: Reals) -> Self:
        """The factors as they are, where titles outside a history do not count: what is solved has no bound to its condition."""
        rank = factors.shape[1]
        return cls(np.asarray(factors, dtype=np.float64), np.zeros(rank), np.eye(rank))


def solve_viewers(fit: Fit, evidence: csr_matrix, wanted: csr_matrix, ridge: NDArray[np.float64]) -> Floats:
    """x_u = (YᵀY + Σ e y yᵀ + λ_u I)⁻¹ Σ b y, the sums over the cells of the viewer's row.

    One viewer after the other, by Cholesky: a batch of matrices is solved no faster, and a viewer is solved the same whoever
    else is there. However long a history is, some cells of it are in memory at once. With YᵀY diagonal float32 is enough: scales
    of rows and columns take nothing from what Cholesky finds, and the condition without them is bounded by the evidence.

    Args:
        fit: The titles; YᵀY is left out where those outside a history do not count.
        evidence: Viewers by titles of e, none below 0.
        wanted: Viewers by titles of b; cells as those of ``evidence``.
        ridge: λ_u of each viewer.

    Returns:
        Viewers by latent factors; zero for a viewer without a cell.
    """
    kind, rank = fit.factors.dtype, fit.factors.shape[1]
    posv = dposv if kind == np.float64 else sposv
    solved, directions = np.zeros((evidence.shape[0], rank), dtype=np.float32), fit.directions.astype(kind)
    roots, values = np.sqrt(evidence.data).astype(kind)[:, np.newaxis], wanted.data.astype(kind)
    ends, titles, outside = evidence.indptr.tolist(), evidence.indices, np.zeros((rank, rank), dtype=kind)
    spectrum, diagonal, ridges = fit.spectrum.astype(kind), outside.reshape(-1)[:: rank + 1], ridge.tolist()
    with one_thread():
        for viewer in np.flatnonzero(np.diff(evidence.indptr)).tolist():
            np.add(spectrum, ridges[viewer], out=diagonal)
            left, right = outside, np.zeros(rank, dtype=kind)
            for start in range(ends[viewer], ends[viewer + 1], _CELLS_AT_ONCE):
                cells = slice(start, min(start + _CELLS_AT_ONCE, ends[viewer + 1]))
                known = fit.factors.take(titles[cells], axis=0)
                right += values[cells] @ known
                known *= roots[cells]
                left = left + known.T @ known
            _, factor, failed = posv(left.T, right, lower=True)
            # Where there is no single solution, the shortest of the best ones.
            solved[viewer] = directions @ (np.linalg.lstsq(left, right)[0] if failed else factor)
    return solved


def solve_implicit(fit: Fit, preferences: csr_matrix, alpha: float, ridge: NDArray[np.float64]) -> Floats:
    """x_u = (YᵀY + Σ α w y yᵀ + λ_u I)⁻¹ Σ (1 + α w) y, over the viewer's positive weights w.

    Args:
        fit: The titles.
        preferences: Viewers by titles of positive weights.
        alpha: Confidence is 1 + α · preference weight.
        ridge: λ_u of each viewer.
    """
    return solve_viewers(fit, *implicit_cells(preferences, alpha), ridge)


def implicit_cells(preferences: csr_matrix, alpha: float) -> tuple[csr_matrix, csr_matrix]:
    """What positive weights w are to the normal equations: viewers by titles of α w, and of the confidence 1 + α w."""
    confidence = alpha * preferences.data.astype(np.float64)
    cells = (preferences.indices, preferences.indptr)
    evidence, wanted = (csr_matrix((of, *cells), shape=preferences.shape) for of in (confidence, confidence + 1.0))
    return evidence, wanted
