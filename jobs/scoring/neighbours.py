"""Nearest neighbours of rows by what they share: weighting, similarity with shrinkage, and the blocked sparse product.

A row is a document and a column a term: titles by viewers for the titles' neighbours, viewers by titles for the viewers'.
Python workers import this module: it imports neither Great Expectations nor MLflow.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import SparkSession
from scipy.sparse import csr_matrix

from jobs.scoring.liked import rows_of
from jobs.scoring.top_n import Floats

Weighting = Literal["cosine", "tfidf", "bm25"]

_K1, _B = 1.2, 0.75
"""Robertson and Zaragoza (2009), "The probabilistic relevance framework: BM25 and beyond": the usual values."""
_CELLS_AT_ONCE = 8_000_000
"""Cells of a block of the product: up to 100 MB a task."""
_PAIRS_HERE = 500_000_000
"""Products of two cells that are added up in this process, in about ten seconds; more of them in Spark tasks."""
_TASKS_PER_CORE = 4
"""Blocks cost about the same, but not quite."""
_FOUND = "row int, neighbours array<int>, similarities array<float>"


@dataclass(frozen=True)
class Weigher:
    """How much a cell says of its row, learned from all rows so that single rows can be weighed later.

    cosine: the weight w itself. tfidf: √w · idf. bm25: idf · w (k₁ + 1) / (w + k₁ (1 - b + b · length / mean length)),
    k₁ 1.2, b 0.75, a row's length being the sum of its weights. idf = log(1 + rows / rows with the column).
    """

    kind: Weighting
    idf: Floats
    mean_length: float

    @classmethod
    def of(cls, rows: csr_matrix, kind: Weighting) -> "Weigher":
        """Count columns and lengths of rows."""
        counts = np.bincount(rows.indices, minlength=rows.shape[1])
        idf = np.log1p(rows.shape[0] / np.maximum(counts, 1)).astype(np.float32)
        return cls(kind, idf, float(rows.data.sum(dtype=np.float64) / max(1, rows.shape[0])))

    def weigh(self, rows: csr_matrix) -> csr_matrix:
        """Rows with their weights replaced."""
        if self.kind == "cosine":
            return rows
        w, idf = rows.data.astype(np.float64), self.idf[rows.indices]
        if self.kind == "tfidf":
            weights = np.sqrt(w) * idf
        else:
            lengths = np.asarray(rows.sum(axis=1, dtype=np.float64)).ravel() / self.mean_length
            weights = idf * w * (_K1 + 1) / (w + _K1 * (1 - _B + _B * np.repeat(lengths, np.diff(rows.indptr))))
        return csr_matrix((weights.astype(np.float32), rows.indices, rows.indptr), shape=rows.shape)


def norms_of(rows: csr_matrix) -> NDArray[np.float64]:
    """Euclidean length of each row."""
    return np.sqrt(np.bincount(rows_of(rows), rows.data.astype(np.float64) ** 2, minlength=rows.shape[0]))


def find_neighbours(
    rows: csr_matrix,
    neighbours: int,
    shrinkage: float,
    spark: Callable[[], SparkSession],
    cores: int,
    work: Path | None = None,
) -> csr_matrix:
    """The most similar other rows of each row: similarity(i, j) = x_i · x_j / (|x_i| |x_j| + shrinkage).

    Few pairs are added up in this process; many in Spark tasks, each of which makes some blocks of the product. The matrix
    is written to a temporary folder and mapped into memory by each worker: a path is all that travels.

    Args:
        rows: Weighed rows by columns, with no weight below 0.
        neighbours: How many are kept of each row: the most similar, then the first.
        shrinkage: Added to the denominator, so that rows with little in them do not look alike by chance.
        spark: Gives the session, if it is needed.
        cores: Tasks that run at once.
        work: Where the temporary folder is made, at a path that workers see too; the system's place for them, if None.

    Returns:
        Rows by rows of similarities above 0.
    """
    columns = rows.T.tocsr()
    norms = norms_of(rows)
    count = max(1, -(-(rows.shape[0] ** 2) // _CELLS_AT_ONCE))
    if (np.diff(columns.indptr).astype(np.float64) ** 2).sum() <= _PAIRS_HERE:
        whole = _Product(rows, columns, norms)
        return _together((whole.block(number, count, neighbours, shrinkage) for number in range(count)), rows.shape[0])
    with tempfile.TemporaryDirectory(prefix="neighbours-", dir=work) as folder:
        _write(Path(folder), rows, columns, norms)
        make = _maker(folder, count, neighbours, shrinkage)
        tasks = spark().range(0, count, 1, min(count, cores * _TASKS_PER_CORE))
        return _together(tasks.mapInArrow(make, _FOUND).toArrow().to_batches(), rows.shape[0])


def most_similar(
    products: csr_matrix, norms: NDArray[np.float64], others: NDArray[np.float64], neighbours: int, shrinkage: float
) -> csr_matrix:
    """The largest similarities of each row of a product.

    Args:
        products: Rows by others of x_i · x_j; a cell of 0 is no neighbour.
        norms: Lengths of the rows.
        others: Lengths of the others.
        neighbours: How many are kept of each row: the most similar, then the first.
        shrinkage: Added to the denominator.
    """
    row = rows_of(products)
    dots = products.data.astype(np.float64)
    # Where there is nothing in common, there is no length to divide by either.
    below = np.where(dots > 0, norms[row] * others[products.indices] + shrinkage, 1.0)
    similarity = (dots / below).astype(np.float32)
    kept = [
        start + _largest(similarity[start:end], products.indices[start:end], neighbours)
        for start, end in zip(products.indptr[:-1], products.indptr[1:], strict=True)
    ]
    cells = np.concatenate(kept) if kept else np.empty(0, dtype=np.intp)
    ends = np.concatenate([[0], np.cumsum([len(some) for some in kept])])
    found = csr_matrix((similarity[cells], products.indices[cells], ends), shape=products.shape, dtype=np.float32)
    found.sort_indices()
    return found


def _largest(similarity: Floats, position: NDArray[np.int32], count: int) -> NDArray[np.intp]:
    """Where the ``count`` largest values above 0 are; of equal ones those with the first positions."""
    there = np.flatnonzero(similarity > 0)
    if len(there) <= count:
        return there
    least = -np.partition(-similarity[there], count - 1)[count - 1]
    above, equal = there[similarity[there] > least], there[similarity[there] == least]
    first = equal[np.argsort(position[equal])][: count - len(above)]
    return np.concatenate([above, first])


@dataclass(frozen=True)
class _Product:
    """The product of rows with each other, of which blocks are made."""

    rows: csr_matrix
    columns: csr_matrix
    """The same, columns by rows."""
    norms: NDArray[np.float64]

    def block(self, number: int, count: int, neighbours: int, shrinkage: float) -> pa.RecordBatch:
        """Every ``count``-th row from ``number`` on: popular rows cost most, and so every block has some of them."""
        mine = np.arange(number, self.rows.shape[0], count)
        products = csr_matrix(self.rows[mine] @ self.columns)
        own = np.repeat(mine, np.diff(products.indptr)) == products.indices
        products.data[own] = 0.0
        found = most_similar(products, self.norms[mine], self.norms, neighbours, shrinkage)
        ends = pa.array(found.indptr.astype(np.int32))
        return pa.RecordBatch.from_arrays(
            [
                pa.array(mine.astype(np.int32)),
                pa.ListArray.from_arrays(ends, pa.array(found.indices.astype(np.int32))),
                pa.ListArray.from_arrays(ends, pa.array(found.data)),
            ],
            names=["row", "neighbours", "similarities"],
        )


def _together(blocks: Iterable[pa.RecordBatch], rows: int) -> csr_matrix:
    """Blocks as one matrix."""
    row, neighbour, similarity = [], [], []
    for block in blocks:
        lengths = np.diff(block.column("neighbours").offsets.to_numpy())
        row.append(np.repeat(block.column("row").to_numpy(), lengths))
        neighbour.append(block.column("neighbours").flatten().to_numpy())
        similarity.append(block.column("similarities").flatten().to_numpy())
    cells = (np.concatenate(similarity), (np.concatenate(row), np.concatenate(neighbour)))
    return csr_matrix(cells, shape=(rows, rows), dtype=np.float32)


def _write(folder: Path, rows: csr_matrix, columns: csr_matrix, norms: NDArray[np.float64]) -> None:
    """Arrays for workers."""
    for name, matrix in (("rows", rows), ("columns", columns)):
        for part, values in (("data", matrix.data), ("indices", matrix.indices), ("indptr", matrix.indptr)):
            np.save(folder / f"{name}_{part}.npy", values, allow_pickle=False)
    np.save(folder / "norms.npy", norms, allow_pickle=False)


@lru_cache(maxsize=1)
def _held(folder: str) -> _Product:
    """The arrays as a worker uses them, mapped into memory once."""

    def array(name: str) -> NDArray[np.float32]:
        found: NDArray[np.float32] = np.load(Path(folder) / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        return found

    norms = array("norms").astype(np.float64)
    columns = len(array("columns_indptr")) - 1
    rows, by_column = (
        csr_matrix((array(f"{name}_data"), array(f"{name}_indices"), array(f"{name}_indptr")), shape=shape, copy=False)
        for name, shape in (("rows", (len(norms), columns)), ("columns", (columns, len(norms))))
    )
    return _Product(rows, by_column, norms)


def _maker(
    folder: str, count: int, neighbours: int, shrinkage: float
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What a task does: the blocks whose numbers it is given."""

    def make(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        product = _held(folder)
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield product.block(number, count, neighbours, shrinkage)

    return make
