"""Exact top-N of products of factors, score(u, i) = x_u · y_i, of which most are neither kept nor made.

Titles come by falling length of their factors, some columns at a time, so that what is multiplied is looked at while the
processor still has it at hand. By Cauchy and Schwarz no title is worth more than ‖x‖‖y‖ to a viewer: whose list nothing
shorter can enter is done. (Teflioudi, Gemulla and Mykytiuk, 2015, "LEMP: Fast retrieval of large entries in a matrix
product".)

Products of matrices differ in their last bit with the size of the blocks. So they only choose the titles that may be among
the best, with all that they can be wrong by to spare. The scores that count are made of these anew, pair by pair: the same
two factors have the same score, whoever else is in the block.
"""

from dataclasses import dataclass
from typing import Self
from weakref import ReferenceType, ref

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Floats = NDArray[np.float32]
Pairs = tuple[NDArray[np.intp], NDArray[np.int32], Floats]
"""Viewers' rows, rising, positions of titles, and scores: one element per pair of viewer and title."""
FILTERED = np.finfo(np.float32).min
"""The score of a title that was filtered out."""
_LOWEST = np.nextafter(FILTERED, np.float32(0))
"""Scores from here on are of titles that were not."""
_ROWS = 640
_COLUMNS_BITS = 11
_COLUMNS = 1 << _COLUMNS_BITS
"""Rows and columns of a tile: its 5 MB, and the factors that make it, stay in a processor's cache."""
_GROUPS = 4
"""So many times the titles of a list are the groups whose best say what a list's last title is worth at least."""
_ROOM = 8
"""For so many times the titles of a list there is room; a viewer with more has equal ones among them."""
_LEAST_ROOM = 64
_PAIRS_AT_ONCE = 2_048
_EPSILON = 2.0**-24
"""What a number of 32 bits may be off by, as a share of it."""


@dataclass(frozen=True)
class Titles:
    """Titles that may be listed, by falling length of their factors."""

    factors: Floats
    lengths: NDArray[np.float64]
    positions: NDArray[np.int32]
    """Where each is among the model's titles."""
    columns: NDArray[np.int32]
    """Where each of the model's titles is among these; -1 for those that may not be listed."""

    @classmethod
    def of(cls, factors: Floats, excluded: NDArray[np.int32]) -> Self:
        """Put titles in order.

        Raises:
            ValueError: A factor is not finite.
        """
        lengths = lengths_of(factors)
        is_listed = np.ones(len(factors), dtype=bool)
        is_listed[excluded] = False
        allowed = np.flatnonzero(is_listed)
        positions = allowed[np.argsort(-lengths[allowed], kind="stable")].astype(np.int32)
        columns = np.full(len(factors), -1, dtype=np.int32)
        columns[positions] = np.arange(len(positions), dtype=np.int32)
        return cls(np.ascontiguousarray(factors[positions]), lengths[positions], positions, columns)


_held: list[tuple[ReferenceType[Floats], NDArray[np.int32], Titles]] = []
_MOST_HELD = 4
"""Models whose titles stay in order from one block to the next: those of a hybrid's parts."""


def titles_in_order(factors: Floats, excluded: NDArray[np.int32]) -> Titles:
    """The titles of a model that may be listed; kept as long as the model's very array of factors is there."""
    for known, without, titles in tuple(_held):
        if known() is factors and np.array_equal(without, excluded):
            return titles
    titles = Titles.of(factors, excluded)
    _held[:] = [(ref(factors), excluded.copy(), titles), *(one for one in _held if one[0]() is not None)][:_MOST_HELD]
    return titles


def lengths_of(factors: Floats) -> NDArray[np.float64]:
    """Euclidean lengths of rows.

    Raises:
        ValueError: One is not finite.
    """
    lengths: NDArray[np.float64] = np.sqrt(np.einsum("if,if->i", factors, factors, dtype=np.float64))
    if not np.isfinite(lengths).all():
        raise ValueError("a score is not finite: a factor is not")
    return lengths


def products_of(viewers: Floats, row: NDArray[np.integer], factors: Floats, column: NDArray[np.integer]) -> Floats:
    """Scores of pairs, each added up in the same order whatever pairs are asked for beside it."""
    found = np.empty(len(row), dtype=np.float32)
    size, rank = min(len(row), _PAIRS_AT_ONCE), factors.shape[1]
    left, right = np.empty((size, rank), dtype=np.float32), np.empty((size, rank), dtype=np.float32)
    for start in range(0, len(row), _PAIRS_AT_ONCE):
        some = slice(start, start + _PAIRS_AT_ONCE)
        count = len(row[some])
        np.take(viewers, row[some], axis=0, out=left[:count], mode="clip")
        np.take(factors, column[some], axis=0, out=right[:count], mode="clip")
        np.einsum("pf,pf->p", left[:count], right[:count], out=found[some])
    return found


def best_products(viewers: Floats, titles: Titles, seen: csr_matrix, length: int) -> Pairs:
    """Each viewer's best unseen titles: ``length`` of them or all there are, and some that are worth less.

    Args:
        viewers: Viewers by latent factors.
        titles: Titles that may be listed.
        seen: Viewers by titles of the model, cells of what they know.
        length: Titles per list.

    Raises:
        ValueError: A factor, or a product, is not finite.
    """
    own = lengths_of(viewers)
    if own.max(initial=0.0) * titles.lengths.max(initial=0.0) > np.finfo(np.float32).max:
        raise ValueError("a score is not finite: factors are too large")
    chosen = _Chosen(own, titles, length)
    hidden = _Hidden(titles.columns, seen)
    scores = np.empty(_ROWS * _COLUMNS, dtype=np.float32)
    active = np.flatnonzero(own)
    for start in range(0, len(titles.positions), _COLUMNS):
        active = active[own[active] * titles.lengths[start] >= chosen.limits[active]]
        factors = titles.factors[start : start + _COLUMNS].T
        for first in range(0, len(active), _ROWS):
            rows = active[first : first + _ROWS]
            tile = scores[: len(rows) * factors.shape[1]].reshape(len(rows), -1)
            np.matmul(viewers[rows], factors, out=tile)
            tile[hidden.cells(rows, start)] = FILTERED
            chosen.look_at(tile, rows, start)
    return chosen.pairs(viewers, seen)


class _Hidden:
    """What viewers know of titles in their order, by tile."""

    def __init__(self, columns: NDArray[np.int32], seen: csr_matrix) -> None:
        row = np.repeat(np.arange(seen.shape[0], dtype=np.int32), np.diff(seen.indptr))
        column = columns[seen.indices]
        row, column = row[column >= 0], column[column >= 0]
        number = (column >> _COLUMNS_BITS).astype(np.uint16 if len(columns) >> _COLUMNS_BITS < 1 << 16 else np.int32)
        # Stable, and so still in order of viewer.
        order = np.argsort(number, kind="stable")
        self._row, self._column = row[order], column[order] & (_COLUMNS - 1)
        self._ends = np.searchsorted(number[order], np.arange((len(columns) >> _COLUMNS_BITS) + 2))
        self._at = np.full(seen.shape[0], -1, dtype=np.int32)

    def cells(self, rows: NDArray[np.intp], start: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Rows and columns, within the tile that begins at a column, of what some viewers, who come in order, know."""
        first, end = self._ends[start >> _COLUMNS_BITS], self._ends[(start >> _COLUMNS_BITS) + 1]
        low, high = first + np.searchsorted(self._row[first:end], (rows[0], rows[-1] + 1))
        self._at[rows] = np.arange(len(rows), dtype=np.int32)
        row = self._at[self._row[low:high]]
        self._at[rows] = -1
        is_asked = row >= 0
        return row[is_asked], self._column[low:high][is_asked]


class _Chosen:
    """The titles that may be among the best of viewers, as far as was looked.

    Args:
        own: Lengths of the viewers' factors.
        titles: The titles.
        length: Titles per list.
    """

    def __init__(self, own: NDArray[np.float64], titles: Titles, length: int) -> None:
        self._own, self._titles, self._length = own, titles, length
        self._room = min(len(titles.positions), max(_ROOM * length, _LEAST_ROOM))
        self._scores = np.full((len(own), self._room), FILTERED, dtype=np.float32)
        self._columns = np.zeros((len(own), self._room), dtype=np.int32)
        self._counts = np.zeros(len(own), dtype=np.int64)
        # Twice what two sums of the same products, in different orders, may differ by: once for the last title of a list, once
        # for one that may take its place.
        rank = titles.factors.shape[1]
        self._slack = 4 * (rank + 2) * _EPSILON * own * titles.lengths.max(initial=0.0)
        self.limits = np.full(len(own), _LOWEST, dtype=np.float32)
        """What a title must score to get onto the list of each viewer."""
        self._is_crowded = own == 0
        self._mask = np.empty(_ROWS * _COLUMNS, dtype=bool)
        self._are_few = False
        """Whether few viewers find anything in a tile: then rows are looked at before cells."""

    def look_at(self, tile: Floats, rows: NDArray[np.intp], start: int) -> None:
        """Choose among the scores of some viewers, for titles from a column on."""
        if start == 0:
            self._raise_limits(rows, _reached(tile, self._length))
        at, column, score = self._above(tile, self.limits[rows])
        count = np.bincount(at, minlength=len(rows))
        self._are_few = bool(2 * np.count_nonzero(count) < len(rows))
        is_full = self._counts[rows] + count > self._room
        if is_full.any():
            self._make_room(rows[is_full], count[is_full])
            is_left = ~self._is_crowded[rows[at]]
            at, column, score = at[is_left], column[is_left], score[is_left]
            count = np.bincount(at, minlength=len(rows))
        # Counted through all rows, which is twice as fast as by row and column.
        first = rows * self._room + self._counts[rows] - np.cumsum(count) + count
        place = np.repeat(first, count) + np.arange(len(at))
        self._scores.reshape(-1)[place], self._columns.reshape(-1)[place] = score, column + start
        self._counts[rows] += count
        number = start >> _COLUMNS_BITS
        # The more was looked at, the less one more tile changes.
        if number & (number + 1) == 0:
            self._raise_to_list(rows)

    def _above(self, tile: Floats, limits: Floats) -> tuple[NDArray[np.intp], NDArray[np.int32], Floats]:
        """Rows and columns of the scores that reach the limits, and these."""
        hit = np.arange(len(tile))
        if self._are_few:
            (hit,) = np.nonzero(tile.max(axis=1) >= limits)
            tile, limits = tile[hit], limits[hit]
        # Rows shorter than NumPy's buffer would have their limits copied out as long as they are, at twice the cost of
        # comparing them.
        with np.errstate():
            np.setbufsize(_COLUMNS)
            np.greater_equal(tile, limits[:, np.newaxis], out=self._mask[: tile.size].reshape(tile.shape))
        flat = self._reaching(tile.size)
        at = flat >> _COLUMNS_BITS if tile.shape[1] == _COLUMNS else flat // tile.shape[1]
        return hit[at], (flat - at * tile.shape[1]).astype(np.int32), tile.reshape(-1)[flat]

    def _reaching(self, size: int) -> NDArray[np.intp]:
        """Where the first cells of the mask are true: eight are looked at at a time, of which hardly ever one is."""
        whole = -(-size // 8) * 8
        self._mask[size:whole] = False
        words = self._mask[:whole].view(np.uint64)
        hit = np.flatnonzero(words != 0)
        within = np.flatnonzero(words[hit].view(bool))
        flat: NDArray[np.intp] = hit[within >> 3] * 8 + (within & 7)
        return flat

    def _raise_limits(self, rows: NDArray[np.intp], reached: Floats) -> None:
        """Note what at least ``length`` titles of each viewer score."""
        lowered = np.maximum(reached - self._slack[rows], _LOWEST).astype(np.float32)
        self.limits[rows] = np.maximum(self.limits[rows], np.maximum(np.nextafter(lowered, FILTERED), _LOWEST))

    def _raise_to_list(self, rows: NDArray[np.intp]) -> None:
        """The same of what the last title of each list as it is now scores."""
        most = int(self._counts[rows].max(initial=0))
        if most >= self._length:
            # Rows so short are sorted in less time than they are partitioned in.
            last = np.sort(self._scores[rows, :most], axis=1)[:, most - self._length]
            self._raise_limits(rows, last)

    def _make_room(self, rows: NDArray[np.intp], count: NDArray[np.int64]) -> None:
        """Drop what cannot be among the best any more; give up on viewers who have no room for ``count`` more even so."""
        self._raise_to_list(rows)
        at, slot = np.nonzero(self._scores[rows] >= self.limits[rows, np.newaxis])
        kept = np.bincount(at, minlength=len(rows))
        scores, columns = self._scores[rows[at], slot], self._columns[rows[at], slot]
        slot = np.arange(len(at)) - np.repeat(np.cumsum(kept) - kept, kept)
        self._scores[rows] = FILTERED
        self._scores[rows[at], slot], self._columns[rows[at], slot] = scores, columns
        self._counts[rows] = kept
        crowded = rows[kept + count > self._room]
        self._is_crowded[crowded], self._counts[crowded], self.limits[crowded] = True, 0, np.inf

    def pairs(self, viewers: Floats, seen: csr_matrix) -> Pairs:
        """What was chosen, with the scores that count."""
        self._raise_to_list(np.flatnonzero(~self._is_crowded))
        most = int(self._counts.max(initial=0))
        is_kept = self._scores[:, :most] >= self.limits[:, np.newaxis]
        row = np.repeat(np.arange(len(is_kept)), np.count_nonzero(is_kept, axis=1))
        column = self._columns[:, :most][is_kept]
        score = products_of(viewers, row, self._titles.factors, column)
        found = [(row, self._titles.positions[column], score)]
        for one in np.flatnonzero(self._is_crowded):
            known = seen.indices[seen.indptr[one] : seen.indptr[one + 1]]
            found.append(self._alone(viewers, one, known))
        row, position, score = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.argsort(row, kind="stable")
        return row[order], position[order], score[order]

    def _alone(self, viewers: Floats, row: np.intp, known: NDArray[np.int32]) -> Pairs:
        """The same of a viewer to whom many titles are worth the same: all scores are made, and put in order."""
        columns = np.arange(len(self._titles.positions))
        scores = products_of(viewers, np.full(len(columns), row), self._titles.factors, columns)
        is_known = self._titles.columns[known]
        scores[is_known[is_known >= 0]] = FILTERED
        order = np.lexsort((self._titles.positions, -scores))[: self._length]
        order = order[scores[order] > FILTERED]
        return np.full(len(order), row), self._titles.positions[order], scores[order]


def _reached(tile: Floats, length: int) -> Floats:
    """A score of each viewer that at least ``length`` titles of a tile reach; the lowest there is where too few are."""
    groups = _GROUPS * length
    if groups >= tile.shape[1]:
        return np.full(len(tile), FILTERED)
    best = tile[:, :groups].copy()
    for start in range(groups, tile.shape[1] - groups + 1, groups):
        np.maximum(best, tile[:, start : start + groups], out=best)
    return np.sort(best, axis=1)[:, groups - length]
