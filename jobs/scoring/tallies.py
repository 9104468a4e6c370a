"""What a viewer watches most: genres, decades and people, counted in Spark tasks over whole histories.

Python workers import this module: it imports neither Great Expectations nor MLflow.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import feather
from pyspark.sql import DataFrame
from scipy.sparse import csr_matrix

from jobs.scoring.histories import positions_of
from jobs.scoring.liked import rows_of
from jobs.scoring.top_n import ranks_within

_VIEWERS_AT_ONCE = 4_096
_MOST = 5
"""Genres, decades or people told of a viewer."""
_FILE = "profiles.arrow"
_PERSON_TITLES = 2
"""Titles of a person from which on a viewer watches that person, and not just the titles."""


@dataclass(frozen=True)
class Tally:
    """One kind of thing that titles have: its names in order, and which titles have which."""

    names: pa.Array
    of_titles: csr_matrix
    """Titles by names, one where a title has it."""

    @classmethod
    def of(cls, values: pa.Array) -> Self:
        """The same of what each title has: a list, or one value.

        Args:
            values: One element a title.
        """
        if pa.types.is_list(values.type):
            title, found = np.asarray(pc.list_parent_indices(values)), values.flatten()
        else:
            title, found = np.arange(len(values)), values
        there = pc.is_valid(found)
        title, found = title[np.asarray(there)], found.filter(there)
        names = found.unique()
        names = names.take(pc.sort_indices(names))
        column = np.asarray(pc.index_in(found, value_set=names))
        matrix = csr_matrix((np.ones(len(title), np.float32), (title, column)), shape=(len(values), len(names)))
        matrix.data[:] = 1.0  # a name that a title has twice counts once
        return cls(names, matrix)

    def most(self, known: csr_matrix, at_least: int) -> tuple[pa.ListArray, NDArray[np.float64], NDArray[np.int64]]:
        """The names that most titles of each viewer have, most first; of equal ones the first in order.

        Args:
            known: Viewers by titles, one for each that a viewer knows.
            at_least: Titles that must have a name.

        Returns:
            A list of names a viewer; and of all of them, in order, the counts and the viewers' rows.
        """
        counts = csr_matrix(known @ self.of_titles)
        row, count = rows_of(counts), counts.data
        enough = np.flatnonzero(count >= at_least)
        order = enough[np.lexsort((counts.indices[enough], -count[enough], row[enough]))]
        order = order[ranks_within(row[order]) < _MOST] if len(order) else order
        ends = np.concatenate([[0], np.cumsum(np.bincount(row[order], minlength=known.shape[0]))])
        names = self.names.take(pa.array(counts.indices[order]))
        return _lists(ends, names), count[order].astype(np.float64), row[order]


@dataclass(frozen=True)
class Tallies:
    """Everything that titles have."""

    title_ids: pa.Array
    kinds: dict[str, Tally]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the profiles that :func:`save` wrote."""
        profiles = feather.read_table(str(folder / _FILE)).combine_chunks()
        columns = {name: profiles[name].combine_chunks() for name in (*_SHARES, *_COUNTS)}
        return cls(profiles["title_id"].combine_chunks(), {name: Tally.of(column) for name, column in columns.items()})

    def of_viewers(self, title_ids: pa.ListArray) -> dict[str, pa.Array]:
        """What viewers watch most, by column.

        Args:
            title_ids: The titles that each viewer knows.
        """
        row, position, lengths = positions_of(title_ids, self.title_ids)
        shape = (len(title_ids), len(self.title_ids))
        known = csr_matrix((np.ones(len(row), np.float32), (row, position)), shape=shape)
        found: dict[str, pa.Array] = {}
        for name, shares in _SHARES.items():
            found[_PLURAL.get(name, name)], counts, owner = self.kinds[name].most(known, 1)
            found[shares] = _lists(found[_PLURAL.get(name, name)].offsets, pa.array(counts / lengths[owner]))
        for name, numbers in _COUNTS.items():
            found[name], counts, _ = self.kinds[name].most(known, _PERSON_TITLES)
            found[numbers] = _lists(found[name].offsets, pa.array(counts.astype(np.int32)))
        return found


_SHARES = {"genres": "genre_shares", "decade": "decade_shares"}
_COUNTS = {"directors": "director_title_counts", "leading_cast": "cast_title_counts"}
_PLURAL = {"decade": "decades"}
PROFILE_COLUMNS = ("title_id", *_SHARES, *_COUNTS)
"""What is read of silver.title_profiles."""
MADE = (
    "genres array<string>, genre_shares array<double>, decades array<int>, decade_shares array<double>, "
    "directors array<string>, director_title_counts array<int>, leading_cast array<string>, cast_title_counts array<int>"
)
"""The columns that :func:`tally` adds."""


def save(profiles: pa.Table, folder: Path) -> None:
    """Write the profiles of some titles into a folder that is there."""
    feather.write_feather(profiles.select(PROFILE_COLUMNS), str(folder / _FILE), compression="uncompressed")


def tally(viewers: DataFrame, folder: Path) -> DataFrame:
    """Say of each viewer what is watched most.

    Args:
        viewers: One row per viewer: ``title_ids`` array<string>, and whatever else.
        folder: Where :func:`save` wrote, at a path that workers see too.

    Returns:
        The same rows, in the same order, with the columns of ``MADE`` in place of ``title_ids``.
    """
    others = ", ".join(f"{name} {kind}" for name, kind in viewers.dtypes if name != "title_ids")
    return viewers.mapInArrow(_tallier(str(folder)), f"{others}, {MADE}")


def _tallier(folder: str) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        tallies = _held(folder)
        for batch in batches:
            for start in range(0, batch.num_rows, _VIEWERS_AT_ONCE):
                rows = batch.slice(start, _VIEWERS_AT_ONCE)
                kept = {name: rows.column(name) for name in rows.schema.names if name != "title_ids"}
                yield pa.RecordBatch.from_pydict(kept | tallies.of_viewers(rows.column("title_ids")))

    return work


@lru_cache(maxsize=1)
def _held(folder: str) -> Tallies:
    """The profiles as a worker uses them."""
    return Tallies.load(Path(folder))


def _lists(ends: NDArray[Any] | pa.Array, values: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), values)
