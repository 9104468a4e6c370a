"""What models in memory learn from: titles that somebody likes, most popular first, and preferences faded by age."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs.errors import JobError
from jobs.scoring.histories import Histories
from jobs.scoring.training_set import TrainingSet

USUAL_RATING = 7.0
"""What people give on a scale to ten where they give anything: the mean of MovieLens' sets lies within .2 of it."""


@dataclass(frozen=True)
class Liked:
    """Titles with at least one fan, by falling number of fans, then in order of title_id."""

    title_ids: pa.Array
    positions: NDArray[np.intp]
    """Where each of them is among the training set's titles."""
    preferences: csr_matrix
    """Viewers by these titles of positive weights."""

    def columns(self, matrix: csr_matrix) -> csr_matrix:
        """These titles' columns of a matrix over the training set's titles; cells of a row in order of column."""
        taken = csr_matrix(matrix[:, self.positions])
        taken.sort_indices()
        return taken


def liked(training: TrainingSet, half_life_days: float | None = None) -> Liked:
    """The liked titles of a training set.

    Args:
        training: What was known.
        half_life_days: As :func:`faded` takes it.

    Raises:
        JobError: Nobody likes anything.
    """
    preferences = faded(training.histories, half_life_days)
    positions = by_popularity(np.bincount(preferences.indices, minlength=preferences.shape[1]))
    if not len(positions):
        raise nothing_liked()
    taken = csr_matrix(preferences[:, positions])
    taken.sort_indices()
    return Liked(training.title_ids.take(pa.array(positions)), positions, taken)


def nothing_liked() -> JobError:
    """What a model says that learns from likings, where there are none."""
    return JobError(
        "no model was fitted: nobody likes anything: there is no interaction, or none has a positive weight; deliver more, "
        "or look at REELHOUSE_WEIGHING__…"
    )


def by_popularity(counts: NDArray[np.int64]) -> NDArray[np.intp]:
    """Positions of what was counted at all, by falling count, then by position."""
    order = np.lexsort((np.arange(len(counts)), -counts))
    return order[: np.count_nonzero(counts)]


def faded(histories: Histories, half_life_days: float | None) -> csr_matrix:
    """Preference weights w · 2^(-age / half-life): what a viewer did long ago says less of what comes next.

    Args:
        histories: What viewers know.
        half_life_days: Days after which a preference counts half; never, if None.

    Returns:
        Cells as those of the preferences.
    """
    preferences = histories.preferences
    if half_life_days is None:
        return preferences
    weights = preferences.data * np.exp2(-_values_at(histories.ages, preferences).astype(np.float64) / half_life_days)
    # A weight that vanished altogether would take a title's last fan away.
    weights = np.maximum(weights, np.finfo(np.float32).tiny).astype(np.float32)
    return csr_matrix((weights, preferences.indices, preferences.indptr), shape=preferences.shape)


def graded(histories: Histories, power: float) -> csr_matrix:
    """Preference weights w · (rating / 7)^power of titles that were rated: a better rating says more.

    Args:
        histories: What viewers know.
        power: How much more; 0: nothing.

    Returns:
        Cells as those of the preferences.
    """
    preferences = histories.preferences
    if not power:
        return preferences
    rating = _values_at(histories.ratings, preferences).astype(np.float64)
    grade = np.where(rating > 0, (rating / USUAL_RATING) ** power, 1.0)
    weights = (preferences.data * grade).astype(np.float32)
    return csr_matrix((weights, preferences.indices, preferences.indptr), shape=preferences.shape)


def newest(preferences: csr_matrix, ages: csr_matrix, count: int | None) -> csr_matrix:
    """The newest preferences of each viewer; of equal age, those that come first.

    Args:
        preferences: Viewers by titles.
        ages: Days since, over the same titles.
        count: How many of a viewer are kept; all, if None.
    """
    if count is None or np.diff(preferences.indptr).max(initial=0) <= count:
        return preferences
    return first_cells(preferences, _values_at(ages, preferences), count)


def rows_of(matrix: csr_matrix) -> NDArray[np.int64]:
    """The row of each cell."""
    return np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))


def ranked_cells(matrix: csr_matrix, by: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Cells in order of row, then of a rising value, then of column; and the rank of each within its row, from 0."""
    row = rows_of(matrix)
    # Rows stay where they are.
    return np.lexsort((matrix.indices, by, row)), np.arange(len(row)) - matrix.indptr[row]


def first_cells(matrix: csr_matrix, by: NDArray[Any], count: int) -> csr_matrix:
    """The first ``count`` cells of each row by a rising value, of equal ones by column; rows that hold no more stay whole."""
    kept = np.ones(matrix.nnz, dtype=bool)
    for row in np.flatnonzero(np.diff(matrix.indptr) > count):
        own = slice(matrix.indptr[row], matrix.indptr[row + 1])
        values = by[own]
        last = np.partition(values, count - 1)[count - 1]
        is_kept = values < last
        equal = np.flatnonzero(values == last)
        is_kept[equal[np.argsort(matrix.indices[own][equal])][: count - np.count_nonzero(is_kept)]] = True
        kept[own] = is_kept
    ends = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
    return csr_matrix((matrix.data[kept], matrix.indices[kept], ends), shape=matrix.shape, dtype=np.float32)


def _values_at(matrix: csr_matrix, cells: csr_matrix) -> NDArray[np.float32]:
    """A matrix's values where another has cells; 0 where it has none itself."""
    wanted, there = _numbers_of(cells), _numbers_of(matrix)
    order = np.argsort(there)
    at = np.minimum(np.searchsorted(there, wanted, sorter=order), max(len(there) - 1, 0))
    if not len(there):
        return np.zeros(len(wanted), dtype=np.float32)
    found = order[at]
    return np.where(there[found] == wanted, matrix.data[found], 0).astype(np.float32)


def _numbers_of(matrix: csr_matrix) -> NDArray[np.int64]:
    """One number for each cell's row and column."""
    numbers: NDArray[np.int64] = rows_of(matrix) * matrix.shape[1] + matrix.indices
    return numbers
