"""Titles as vectors whose products say how alike they are: by what catalogues say of them, or by who likes them.

Python workers import this module: it imports neither Great Expectations nor MLflow, nor Spark's MLlib.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, hstack

from jobs.scoring.top_n import Floats
from jobs.scoring.unit_rows import unit_rows

_FIELDS = {"genres": 1.0, "directors": 0.7, "writers": 0.5, "leading_cast": 0.5, "keywords": 1.0}
"""Lists of silver.title_profiles, and how much each says: the recommender content_tfidf's defaults."""
_WORDS_WEIGHT = 0.5
_WORD = r"[^\p{L}\p{N}]+"
_SHORTEST_WORD = 3
_WORD_SHARE = 0.05
"""A word that more overviews hold tells nothing of one: most of these are the language's own small words."""
_COMMON_SHARE = 0.02
_MOST_COMMON = 256
"""Columns that so many titles have are multiplied as dense ones: their cells would be most of a sparse product."""
_SHRINKAGE = 10.0
"""Viewers whom nobody shares, added to those of each title: two titles with one fan are not alike because it is the same."""


@dataclass(frozen=True)
class Vectors:
    """Rows of length 1 at most, their common columns beside the others. Products of two rows are cosines."""

    common: Floats
    rare: csr_matrix

    @classmethod
    def of(cls, rows: csr_matrix) -> Self:
        """Divide the columns of titles by tokens; columns that one title alone has link it to no other, and are dropped."""
        counts = np.bincount(rows.indices, minlength=rows.shape[1])
        order = np.argsort(-counts, kind="stable")[:_MOST_COMMON]
        is_common = np.zeros(rows.shape[1], dtype=bool)
        is_common[order[counts[order] > _COMMON_SHARE * rows.shape[0]]] = True
        rare = csr_matrix(rows[:, np.flatnonzero(~is_common & (counts > 1))], dtype=np.float32)
        return cls(np.ascontiguousarray(rows[:, np.flatnonzero(is_common)].toarray(), dtype=np.float32), rare)

    @cached_property
    def _by_column(self) -> csr_matrix:
        return self.rare.T.tocsr()

    def similarities(self, rows: NDArray[np.int64]) -> Floats:
        """Some titles by all titles of cosines: a new array."""
        cosines: Floats = self.common[rows] @ self.common.T
        cosines += (self.rare[rows] @ self._by_column).toarray()
        return cosines

    def save(self, folder: Path) -> None:
        """Write arrays into a folder that is there."""
        np.save(folder / "common.npy", self.common, allow_pickle=False)
        for name, values in zip(_PARTS, (self.rare.data, self.rare.indices, self.rare.indptr), strict=True):
            np.save(folder / f"rare_{name}.npy", values, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote; the arrays stay on disk, mapped into memory."""

        def array(name: str) -> NDArray[Any]:
            held: NDArray[Any] = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            return held

        parts = tuple(array(f"rare_{name}") for name in _PARTS)
        titles = len(array("common"))
        columns = int(parts[1].max(initial=-1)) + 1
        return cls(array("common"), csr_matrix(parts, shape=(titles, columns), copy=False))


_PARTS = ("data", "indices", "indptr")


def described(profiles: pa.Table) -> Vectors:
    """Titles by TF-IDF of everything that catalogues say, each field a part of its own weight in length.

    Salton and Buckley (1988), "Term-weighting approaches in automatic text retrieval".

    Args:
        profiles: silver.title_profiles, a row per title.
    """
    titles = profiles.num_rows
    parts = [
        weight * unit_rows(_tfidf(*_elements(profiles[field].combine_chunks()), titles, titles))
        for field, weight in _FIELDS.items()
    ]
    most = max(int(_WORD_SHARE * titles), int(1 / _WORD_SHARE))
    parts.append(_WORDS_WEIGHT * unit_rows(_tfidf(*_words(profiles["overview"].combine_chunks()), titles, most)))
    return Vectors.of(unit_rows(hstack(parts, format="csr")))


def watched_together(title: NDArray[np.int64], viewer: NDArray[np.int64], titles: int) -> Vectors:
    """Titles by the viewers who like them; products are cosines that are smaller where viewers are few.

    Args:
        title: Position of a title, one element for each viewer who likes it.
        viewer: A number of the viewer.
        titles: How many titles there are.
    """
    _, column = np.unique(viewer, return_inverse=True)
    cells = (np.ones(len(title), dtype=np.float32), (title, column))
    liked = csr_matrix(cells, shape=(titles, int(column.max(initial=-1)) + 1))
    lengths = np.sqrt(np.diff(liked.indptr) + _SHRINKAGE)
    return Vectors.of(csr_matrix(diags(1.0 / lengths) @ liked, dtype=np.float32))


def _elements(lists: pa.ListArray) -> tuple[NDArray[np.int64], pa.Array]:
    """The rows and the values of all elements of lists."""
    return np.asarray(pc.list_parent_indices(lists)).astype(np.int64), lists.flatten()


def _words(texts: pa.Array) -> tuple[NDArray[np.int64], pa.Array]:
    """The rows and the words of texts, in lower case."""
    row, word = _elements(pc.split_pattern_regex(pc.utf8_lower(pc.fill_null(texts, "")), _WORD))
    is_long = pc.greater_equal(pc.utf8_length(word), _SHORTEST_WORD)
    return row[np.asarray(is_long)], word.filter(is_long)


def _tfidf(row: NDArray[np.int64], token: pa.Array, titles: int, most: int) -> csr_matrix:
    """Titles by tokens of tf · log((titles + 1) / (titles with it + 1)), without tokens that more than ``most`` have."""
    there = np.asarray(pc.is_valid(token))
    coded = token.dictionary_encode()
    column = np.asarray(pc.fill_null(coded.indices, 0)).astype(np.int64)[there]
    cells = (np.ones(len(column), dtype=np.float32), (row[there], column))
    counts = csr_matrix(cells, shape=(titles, len(coded.dictionary)))
    counts.sum_duplicates()
    titles_with = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = np.where(titles_with <= most, np.log((titles + 1) / (titles_with + 1)), 0.0)
    weighed = csr_matrix(counts @ diags(rarity), dtype=np.float32)
    weighed.eliminate_zeros()
    return weighed
