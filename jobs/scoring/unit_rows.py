"""Rows of length 1: their products are cosines."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags


def unit_rows(matrix: csr_matrix) -> csr_matrix:
    """Rows of length 1; a row of zeros stays."""
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    scaled = diags(1.0 / np.where(lengths > 0, lengths, 1.0)) @ matrix
    return csr_matrix(scaled, dtype=np.float32)


def dense_unit_rows(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same of an array."""
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = (matrix / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)
    return scaled
