"""Fold-in: viewers' factors solved exactly from their histories, while the titles' factors stay as they were learned.

The normal equations of Hu, Koren and Volinsky (2008), "Collaborative filtering for implicit feedback datasets", and of
Zhou et al. (2008), "Large-scale parallel collaborative filtering for the Netflix prize".
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsyrk
from scipy.linalg.lapack import dposv
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from jobs.scoring.top_n import Floats

_CELLS_AT_ONCE = 8_192
"""Factors of so many titles of a history are in memory at once: 4 MB at rank 64."""
_ROWS_AT_ONCE = 65_536


def gram(factors: Floats) -> NDArray[np.float64]:
    """YᵀY, without a float64 copy of all factors."""
    rank = factors.shape[1]
    total = np.zeros((rank, rank))
    for start in range(0, len(factors), _ROWS_AT_ONCE):
        some = factors[start : start + _ROWS_AT_ONCE].astype(np.float64)
        total += some.T @ some
    return total


def solve_viewers(
    factors: Floats,
    matrix: NDArray[np.float64],
    evidence: csr_matrix,
    wanted: csr_matrix,
    ridge: NDArray[np.float64],
) -> Floats:
    """x_u = (M + Σ e y yᵀ + λ_u I)⁻¹ Σ b y, the sums over the cells of the viewer's row.

    One viewer after the other, by Cholesky: a batch of matrices is solved no faster, and a viewer is solved the same whoever
    else is there. However long a history is, some cells of it are in memory at once.

    Args:
        factors: Titles by latent factors: Y.
        matrix: M, of factors by factors: YᵀY where titles outside the history count, else zeros.
        evidence: Viewers by titles of e, none below 0.
        wanted: Viewers by titles of b; cells as those of ``evidence``.
        ridge: λ_u of each viewer.

    Returns:
        Viewers by latent factors; zero for a viewer without a cell.
    """
    rank = factors.shape[1]
    solved = np.zeros((evidence.shape[0], rank), dtype=np.float32)
    roots, values = np.sqrt(evidence.data.astype(np.float64))[:, np.newaxis], wanted.data.astype(np.float64)
    ends, outside = evidence.indptr.tolist(), np.asfortranarray(matrix, dtype=np.float64)
    held = np.empty((min(_CELLS_AT_ONCE, int(np.diff(evidence.indptr).max(initial=0))), rank))
    # So small a matrix is solved a hundred times more slowly by threads that wait for each other.
    with threadpool_limits(1, "blas"):
        for viewer in np.flatnonzero(np.diff(evidence.indptr)).tolist():
            left, right = outside, np.zeros(rank)
            for start in range(ends[viewer], ends[viewer + 1], _CELLS_AT_ONCE):
                cells = slice(start, min(start + _CELLS_AT_ONCE, ends[viewer + 1]))
                known = held[: cells.stop - start]
                known[:] = factors.take(evidence.indices[cells], axis=0)
                right += values[cells] @ known
                known *= roots[cells]
                left = dsyrk(1.0, known.T, beta=1.0, c=left, overwrite_c=left is not outside)
            left.T.reshape(-1)[:: rank + 1] += ridge[viewer]
            _, factor, failed = dposv(left, right)
            solved[viewer] = _least_squares(left, right) if failed else factor
    return solved


def _least_squares(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """The shortest of the best solutions where there is no single one; only what is not below the diagonal is read."""
    whole = np.triu(left) + np.triu(left, 1).T
    return np.asarray(np.linalg.lstsq(whole, right)[0], dtype=np.float64)


def solve_implicit(
    factors: Floats, total: NDArray[np.float64], preferences: csr_matrix, alpha: float, ridge: NDArray[np.float64]
) -> Floats:
    """x_u = (YᵀY + Σ α w y yᵀ + λ_u I)⁻¹ Σ (1 + α w) y, over the viewer's positive weights w.

    Args:
        factors: Titles by latent factors: Y.
        total: YᵀY, as :func:`gram` makes it.
        preferences: Viewers by titles of positive weights.
        alpha: Confidence is 1 + α · preference weight.
        ridge: λ_u of each viewer.
    """
    return solve_viewers(factors, total, *implicit_cells(preferences, alpha), ridge)


def implicit_cells(preferences: csr_matrix, alpha: float) -> tuple[csr_matrix, csr_matrix]:
    """What positive weights w are to the normal equations: viewers by titles of α w, and of the confidence 1 + α w."""
    confidence = alpha * preferences.data.astype(np.float64)
    cells = (preferences.indices, preferences.indptr)
    evidence, wanted = (csr_matrix((of, *cells), shape=preferences.shape) for of in (confidence, confidence + 1.0))
    return evidence, wanted
