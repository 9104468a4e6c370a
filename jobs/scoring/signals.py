"""What is known of titles and viewers at a moment, for a ranker of candidates: counts, times, tastes. No viewer is held."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs.scoring.histories import Histories
from jobs.scoring.liked import first_cells, ranked_cells, rows_of
from jobs.scoring.top_n import Floats
from jobs.scoring.training_set import TrainingSet
from jobs.scoring.unit_rows import dense_unit_rows

WINDOWS = (1, 3, 7, 14, 30, 90)
"""Days, to the moment, whose viewers are counted."""
TITLE = (
    *(f"popularity_{days}" for days in WINDOWS),
    "popularity",
    "trend_week",
    "trend_month",
    "mean_rating",
    "days_known",
    "days_quiet",
    "decade",
)
"""What is known of a title."""
VIEWER = ("activity", "days_away", "session", "taste_rating", "taste_popularity", "taste_decade")
"""What is known of a viewer."""
PAIR = ("decade_distance", "popularity_distance", "genre_affinity", "sequence")
"""What is known of a title for a viewer."""
_FANS_OF_PRIOR = 10.0
"""A title's mean rating counts so many ratings of the mean of all."""
_SESSION_DAYS = 1.0
_NEXT = 10
"""Titles that a viewer turned to within so many steps of each other belong together."""
_STRONGEST = 100
"""So many titles are kept that belong to a title."""
_FADING = 0.85
"""What each step back in a viewer's history says, of the step after it."""


@dataclass(frozen=True)
class Signals:
    """What is known of titles."""

    titles: Floats
    """Titles by :data:`TITLE`."""
    genres: Floats
    """Titles by genres, rows of length 1; zeros where none is known."""
    sequence: csr_matrix
    """Titles by titles: how often the second was turned to shortly before or after the first."""

    def of(self, histories: Histories, row: NDArray[np.int64], title: NDArray[np.int64]) -> Floats:
        """Pairs of viewer and title by :data:`TITLE`, :data:`VIEWER` and :data:`PAIR`."""
        viewers = self.of_viewers(histories)
        return np.hstack([self.titles[title], viewers[row], self.of_pairs(histories, viewers, row, title)])

    def of_viewers(self, histories: Histories) -> Floats:
        """Viewers by :data:`VIEWER`."""
        seen, ages = histories.seen, histories.ages
        counts = np.diff(seen.indptr)
        row = rows_of(seen)
        away = np.full(len(counts), np.inf, dtype=np.float32)
        np.minimum.at(away, row, ages.data)
        away[counts == 0] = 0.0
        rated = np.diff(histories.ratings.indptr)
        sums = np.asarray(histories.ratings.sum(axis=1)).ravel()
        return np.column_stack(
            [
                np.log1p(counts),
                np.log1p(away),
                np.log1p(np.bincount(row[ages.data <= away[row] + _SESSION_DAYS], minlength=len(counts))),
                np.where(rated > 0, sums / np.maximum(rated, 1), np.nan),
                self._mean_of(seen, "popularity"),
                self._mean_of(seen, "decade"),
            ]
        ).astype(np.float32)

    def of_pairs(
        self, histories: Histories, viewers: Floats, row: NDArray[np.int64], title: NDArray[np.int64]
    ) -> Floats:
        """Pairs of viewer and title by :data:`PAIR`."""
        taste = dense_unit_rows(np.asarray(histories.preferences @ self.genres))
        return np.column_stack(
            [
                self.titles[title, TITLE.index("decade")] - viewers[row, VIEWER.index("taste_decade")],
                self.titles[title, TITLE.index("popularity")] - viewers[row, VIEWER.index("taste_popularity")],
                np.einsum("pg,pg->p", taste[row], self.genres[title]),
                (_fading(histories.ages) @ self.sequence).toarray()[row, title],
            ]
        ).astype(np.float32)

    def _mean_of(self, seen: csr_matrix, signal: str) -> Floats:
        """Mean of what is known of the titles that a viewer knows; not a number where nothing is."""
        values = self.titles[:, TITLE.index(signal)]
        known = np.isfinite(values).astype(np.float32)
        sums, counts = seen @ np.nan_to_num(values), seen @ known
        mean: Floats = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).astype(np.float32)
        return mean


def learn_signals(training: TrainingSet, title_ids: pa.Array) -> Signals:
    """What a training set says of some titles.

    Args:
        training: What was known.
        title_ids: The titles, those that nobody had to do with included.
    """
    position = np.asarray(pc.fill_null(pc.index_in(training.title_ids, value_set=title_ids), -1), np.int64)
    columns = position[training.table["title"].to_numpy()]
    ages = training.histories.ages
    age, viewer = ages.data, rows_of(ages)
    is_there = columns >= 0
    columns, age, viewer = columns[is_there], age[is_there], viewer[is_there]
    count = len(title_ids)
    lifts = [_lift(np.bincount(columns[age <= days], minlength=count)) for days in WINDOWS]
    lifts.append(_lift(np.bincount(columns, minlength=count)))
    first, last = np.full(count, -np.inf), np.full(count, np.inf)
    np.maximum.at(first, columns, age)
    np.minimum.at(last, columns, age)
    genres, decade = _described(training, title_ids)
    titles = np.column_stack(
        [
            *lifts,
            lifts[2] - lifts[4],
            lifts[4] - lifts[6],
            _mean_ratings(training, columns, is_there, count),
            np.log1p(np.where(np.isfinite(first), first, np.nan)),
            np.log1p(np.where(np.isfinite(last), last, np.nan)),
            decade,
        ]
    ).astype(np.float32)
    return Signals(titles, genres, _sequences(viewer, columns, age, count))


def _lift(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Logarithm of a title's share of the viewers, in shares of an average title; one of an average title is added to each.

    Shares, as what was learned at one moment is used at another, when more or fewer people watch.
    """
    mean = max(counts.sum(), 1) / max(len(counts), 1)
    return np.log(counts / mean + 1.0) if mean >= 1 else np.log1p(counts.astype(np.float64))


def _mean_ratings(
    training: TrainingSet, columns: NDArray[np.int64], is_there: NDArray[np.bool_], count: int
) -> NDArray[np.float64]:
    ratings = training.table["rating"].cast(pa.float32()).to_numpy()[is_there].astype(np.float64)
    rated = np.isfinite(ratings)
    if not rated.any():
        return np.full(count, np.nan)
    sums = np.bincount(columns[rated], weights=ratings[rated], minlength=count)
    fans = np.bincount(columns[rated], minlength=count)
    means: NDArray[np.float64] = (sums + _FANS_OF_PRIOR * ratings[rated].mean()) / (fans + _FANS_OF_PRIOR)
    return means


def _described(training: TrainingSet, title_ids: pa.Array) -> tuple[Floats, NDArray[np.float64]]:
    """Genres and decade of each title, as far as a catalogue says them."""
    nothing = np.full(len(title_ids), np.nan)
    profiles = training.catalogue() if training.catalogue is not None else None
    if profiles is None or not len(profiles):
        return np.zeros((len(title_ids), 1), dtype=np.float32), nothing
    at = pc.index_in(title_ids, value_set=profiles["title_id"].combine_chunks())
    known = profiles.select(["genres", "decade"]).combine_chunks().take(at)
    decade = known["decade"].cast(pa.float64()).to_numpy()
    lists = known["genres"].combine_chunks()
    names = lists.flatten().unique()
    names = names.take(pc.sort_indices(names))
    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0))
    cells = (
        np.ones(int(lengths.sum()), dtype=np.float32),
        (np.repeat(np.arange(len(title_ids)), lengths), np.asarray(pc.index_in(lists.flatten(), value_set=names))),
    )
    return dense_unit_rows(csr_matrix(cells, shape=(len(title_ids), max(1, len(names)))).toarray()), decade


def _sequences(viewer: NDArray[Any], title: NDArray[np.int64], age: NDArray[np.float32], count: int) -> csr_matrix:
    """Titles by titles: those that viewers turned to shortly after each other, over the root of both's viewers."""
    order = np.lexsort((title, -age, viewer))
    viewer, title = viewer[order], title[order]
    together = csr_matrix((count, count), dtype=np.float32)
    for step in range(1, _NEXT + 1):
        same = viewer[:-step] == viewer[step:]
        cells = (np.full(int(same.sum()), _FADING ** (step - 1), np.float32), (title[:-step][same], title[step:][same]))
        together += csr_matrix(cells, shape=(count, count), dtype=np.float32)
    together = csr_matrix(together + together.T)
    lengths = np.sqrt(np.bincount(title, minlength=count).astype(np.float64)) + 1.0
    together.data = (together.data / (lengths[rows_of(together)] * lengths[together.indices])).astype(np.float32)
    return first_cells(together, -together.data, _STRONGEST)


def _fading(ages: csr_matrix) -> csr_matrix:
    """Viewers by titles: a power of how many titles the viewer turned to since."""
    order, since = ranked_cells(ages, ages.data)
    kept = since < 3 * _NEXT
    weights = (_FADING ** since[kept]).astype(np.float32)
    return csr_matrix((weights, (rows_of(ages)[kept], ages.indices[order][kept])), shape=ages.shape)
