"""Fold-in: viewers' factors solved exactly from their histories, while the titles' factors stay as they were learned.

The normal equations of Hu, Koren and Volinsky (2008), "Collaborative filtering for implicit feedback datasets", and of
Zhou et al. (2008), "Large-scale parallel collaborative filtering for the Netflix prize".
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs.scoring.top_n import Floats

_NUMBERS_AT_ONCE = 4_000_000
"""Float64 numbers of gathered factors and normal equations in memory at once: 32 MB each."""
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

    Viewers with histories of about one length are solved together, the shorter ones filled up with cells of 0.

    Args:
        factors: Titles by latent factors: Y.
        matrix: M, of factors by factors: YᵀY where titles outside the history count, else zeros.
        evidence: Viewers by titles of e.
        wanted: Viewers by titles of b; cells as those of ``evidence``.
        ridge: λ_u of each viewer.

    Returns:
        Viewers by latent factors; zero for a viewer without a cell.
    """
    lengths = np.diff(evidence.indptr)
    solved = np.zeros((len(lengths), factors.shape[1]), dtype=np.float32)
    diagonal = np.arange(factors.shape[1])
    for viewers in _batches(lengths, factors.shape[1]):
        within = np.arange(lengths[viewers].max())
        is_there = within < lengths[viewers][:, np.newaxis]
        cell = np.where(is_there, evidence.indptr[viewers][:, np.newaxis] + within, 0)
        known = factors[evidence.indices[cell]].astype(np.float64)
        e, b = (np.where(is_there, of.data[cell].astype(np.float64), 0.0) for of in (evidence, wanted))
        transposed = known.transpose(0, 2, 1)
        left = transposed @ (known * e[:, :, np.newaxis])
        left += matrix
        left[:, diagonal, diagonal] += ridge[viewers][:, np.newaxis]
        solved[viewers] = np.linalg.solve(left, transposed @ b[:, :, np.newaxis])[:, :, 0]
    return solved


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


def _batches(lengths: NDArray[np.int32], rank: int) -> Iterator[NDArray[np.intp]]:
    """Viewers with a history, in batches that fit into memory, each of whose rows is filled up by an eighth at most."""
    by_length = np.argsort(lengths, kind="stable")
    rising = lengths[by_length]
    start = int(np.searchsorted(rising, 1))
    while start < len(by_length):
        longest = max(int(rising[start] * 9 // 8), int(rising[start]) + 2)
        size = max(1, _NUMBERS_AT_ONCE // (rank * max(longest, rank)))
        end = min(start + size, int(np.searchsorted(rising, longest, side="right")))
        yield by_length[start:end]
        start = end
