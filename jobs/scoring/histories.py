"""Viewers' histories in blocks: how rows of Spark become sparse matrices of a model, and lists become rows again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import Column
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

from jobs.scoring.units import MICROS_PER_SECOND, SECONDS_PER_DAY

_BLOCK_SCORES = 32_000_000
"""Scores in memory at once: 128 MB of float32 per task, whatever the number of titles."""
_LARGEST_BLOCK = 2048


@dataclass(frozen=True)
class Histories:
    """Histories of some viewers over the titles of one model: matrices with one row per viewer, one column per title."""

    preferences: csr_matrix
    """Positive preference weights."""
    seen: csr_matrix
    """One for every title that the viewer knows."""
    ratings: csr_matrix
    """The viewer's last rating, 0 to 10, of every title that the viewer rated; a cell that is there may hold 0."""
    ages: csr_matrix
    """Days since the viewer last had to do with the title; cells as those of ``seen``."""

    @classmethod
    def of(cls, preferences: csr_matrix, seen: csr_matrix | None = None) -> Self:
        """Histories of which nothing but weights is known: without ratings, all of today."""
        known = preferences if seen is None else seen
        return cls(preferences, known, csr_matrix(known.shape, dtype=np.float32), 0 * known)

    def __getitem__(self, viewers: slice | NDArray[Any]) -> Self:
        """The histories of some of the viewers."""
        return type(self)(self.preferences[viewers], self.seen[viewers], self.ratings[viewers], self.ages[viewers])

    def __len__(self) -> int:
        """Number of viewers."""
        return int(self.seen.shape[0])


@dataclass(frozen=True)
class Block:
    """Some viewers and their histories."""

    user_ids: pa.Array
    histories: Histories
    rows: pa.RecordBatch
    """The viewers' rows as they came, for what else they carry."""


def put_together(batches: Iterable[pa.RecordBatch], as_of: datetime) -> Iterator[pa.RecordBatch]:
    """One row per viewer of rows of viewers and titles in any order: viewers in order, and the titles of each.

    Args:
        batches: user_id, title_id, weight, rating, last_at; title_id is null for a viewer without a history.
        as_of: From when ages are counted.

    Returns:
        user_id, title_ids array<string> (encoded by a dictionary), weights array<double>, ratings array<double>, ages
        array<double>, in days; the titles of a viewer in order of title_id.
    """
    held = list(batches)
    rows = pa.Table.from_batches(held).combine_chunks() if held else None
    if rows is None or not rows.num_rows:
        return
    viewer, user_ids = _in_order(rows["user_id"])
    title, title_ids = _in_order(rows["title_id"])
    # As one number each, for sorting them is many times faster.
    order = np.argsort(viewer * (len(title_ids) + 1) + title)
    order = order[title[order] < len(title_ids)]
    ends = np.concatenate([[0], np.cumsum(np.bincount(viewer[order], minlength=len(user_ids)))]).astype(np.int32)
    values = [
        pa.DictionaryArray.from_arrays(pa.array(title[order].astype(np.int32)), title_ids),
        *(rows[name].combine_chunks().take(pa.array(order)) for name in ("weight", "rating")),
        pa.array(ages_of(rows["last_at"], as_of)[order]),
    ]
    collected = pa.RecordBatch.from_arrays(
        [user_ids, *(pa.ListArray.from_arrays(pa.array(ends), one) for one in values)],
        names=["user_id", "title_ids", "weights", "ratings", "ages"],
    )
    for start in range(0, collected.num_rows, _LARGEST_BLOCK):
        yield collected.slice(start, _LARGEST_BLOCK)


def _in_order(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], pa.Array]:
    """Each value's place among the different values in order, and these; nulls come last."""
    encoded = column.combine_chunks().dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    place = np.empty(len(order) + 1, dtype=np.int64)
    place[order.to_numpy()], place[-1] = np.arange(len(order)), len(order)
    return place[encoded.indices.fill_null(len(order)).to_numpy()], encoded.dictionary.take(order)


def ages_of(last_at: pa.ChunkedArray, as_of: datetime) -> NDArray[np.float64]:
    """Days from times to a moment, as :func:`age_days` counts them; of no time anything."""
    micros = last_at.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).fill_null(0).to_numpy()
    days = (as_of.timestamp() - micros / MICROS_PER_SECOND) / SECONDS_PER_DAY
    return np.asarray(np.maximum(0.0, days), dtype=np.float64)


def age_days(last_at: Column, as_of: datetime) -> Column:
    """Days from a time to a moment; 0 for times after it."""
    days = (F.lit(as_of.timestamp()) - F.unix_micros(last_at) / MICROS_PER_SECOND) / SECONDS_PER_DAY
    return F.greatest(F.lit(0.0), days)


def blocks(batches: Iterable[pa.RecordBatch], title_ids: pa.Array, *, are_scores_held: bool = True) -> Iterator[Block]:
    """Cut Arrow batches of histories into blocks whose scores fit into memory.

    Args:
        batches: Rows of :func:`put_together`; ratings and ages may be left out.
        title_ids: The model's titles; a title it does not know is left out of the matrices.
        are_scores_held: Whether all scores of a block are in memory at once; else it may be larger.
    """
    size = max(1, min(_LARGEST_BLOCK, _BLOCK_SCORES // max(1, len(title_ids)))) if are_scores_held else _LARGEST_BLOCK
    for batch in batches:
        for start in range(0, batch.num_rows, size):
            yield _block(batch.slice(start, size), title_ids)


def _block(rows: pa.RecordBatch, title_ids: pa.Array) -> Block:
    """Sparse matrices of some viewers."""
    lists = rows.column("title_ids")
    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0))
    viewer = np.repeat(np.arange(rows.num_rows, dtype=np.int32), lengths)
    title = places_of(lists.flatten(), title_ids)
    known = title >= 0

    def matrix(values: NDArray[np.float32], where: NDArray[np.bool_]) -> csr_matrix:
        cells = (values[where], (viewer[where], title[where]))
        return csr_matrix(cells, shape=(rows.num_rows, len(title_ids)), dtype=np.float32)

    weight, rating, age = (_values(rows, name, len(title)) for name in ("weights", "ratings", "ages"))
    return Block(
        rows.column("user_id"),
        Histories(
            preferences=matrix(weight, known & (weight > 0)),
            seen=matrix(np.ones(len(title), dtype=np.float32), known),
            ratings=matrix(rating, known & ~np.isnan(rating)),
            ages=matrix(np.nan_to_num(age), known),
        ),
        rows,
    )


def _values(rows: pa.RecordBatch, column: str, length: int) -> NDArray[np.float32]:
    """What a column says of each title; not a number where it says nothing, or is not there."""
    if column not in rows.schema.names:
        return np.full(length, np.nan, dtype=np.float32)
    return np.asarray(rows.column(column).flatten().cast(pa.float32()).to_numpy(zero_copy_only=False), dtype=np.float32)


def positions_of(
    lists: pa.ListArray, title_ids: pa.Array
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Rows and positions of the titles of lists that are among some titles, and how many each list holds in all."""
    counts = np.asarray(pc.fill_null(pc.list_value_length(lists), 0)).astype(np.int64)
    position = places_of(lists.flatten(), title_ids)
    owner = np.repeat(np.arange(len(lists)), counts)
    return owner[position >= 0], position[position >= 0], counts


def places_of(ids: pa.Array, title_ids: pa.Array) -> NDArray[np.int64]:
    """Positions of titles, as text or encoded by a dictionary, among some titles; -1 where a title is not among them."""
    if pa.types.is_dictionary(ids.type):
        place = places_of(ids.dictionary, title_ids)
        return np.asarray(place[ids.indices.to_numpy()])
    return np.asarray(pc.fill_null(pc.index_in(ids, value_set=title_ids), -1)).astype(np.int64)
