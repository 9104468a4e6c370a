"""Reasons in words: ``because you liked Heat (1995) and Ronin (1998): Crime, Robert De Niro``.

Python workers import this module: it imports neither Great Expectations nor MLflow. Text is put together by Arrow, column by
column: a night has millions of reasons.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.feather as feather
from numpy.typing import NDArray

from jobs.scoring.shared import NONE, Features, one_line

LIKED = "because you liked "
TOGETHER = "because of all that you liked together"
"""Where no title of the viewer's adds anything by itself, or the model cannot say which."""
_MOST_SHARED = 3
_FILE = "names.arrow"
Positions = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Words:
    """What the titles of a model are called, and what they share."""

    names: pa.Array
    features: Features

    @classmethod
    def of(cls, title_ids: pa.Array, titles: pa.Table, profiles: pa.Table) -> Self:
        """Names and features of some titles.

        Args:
            title_ids: The titles, in the order of their positions.
            titles: silver.titles: title_id, title, release_year. A title that it does not know is called by its identifier.
            profiles: silver.title_profiles.
        """
        known = titles.select(["title_id", "title", "release_year"]).combine_chunks()
        at = pc.index_in(title_ids, value_set=known["title_id"].combine_chunks())
        name, year = one_line(known["title"].combine_chunks()).take(at), known["release_year"].combine_chunks().take(at)
        dated = pc.binary_join_element_wise(name, " (", pc.cast(year, pa.string()), ")", "")
        # Without a year, or a name, nothing is joined: the next best is taken.
        return cls(pc.coalesce(dated, name, one_line(title_ids), title_ids), Features.of(title_ids, profiles))

    def because(self, lead: str, listed: Positions, own: NDArray[np.int32]) -> pa.Array:
        """Why some titles are listed.

        Args:
            lead: What comes before the viewer's own titles.
            listed: Positions of the listed titles.
            own: For each, positions of the viewer's own titles that contributed most; ``NONE`` for none.
        """
        named = own != NONE
        # The last of several follows an *and*, those before it commas.
        joints = np.where(np.arange(own.shape[1]) == np.count_nonzero(named, axis=1)[:, np.newaxis] - 1, 2, 1)
        joints[:, 0] = 0
        shared = self._features_from_general(self.features.shared(listed, own, _MOST_SHARED))
        columns = [*_taken(self._called, own, joints), *_taken(self._said, *shared)]
        told = pc.binary_join_element_wise(lead, *columns, "", null_handling="replace", null_replacement="")
        return pc.if_else(pa.array(named[:, 0]), told, TOGETHER)

    @cached_property
    def _called(self) -> tuple[pa.Array, int]:
        """Titles by themselves, behind a comma, and behind an *and*: fewer columns are joined so."""
        return _prefixed(self.names, ("", ", ", " and "))

    @cached_property
    def _said(self) -> tuple[pa.Array, int]:
        """Features behind a colon, and behind a comma."""
        return _prefixed(self.features.names, (": ", ", "))

    def _features_from_general(self, found: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """What is shared, the most general first, and which prefix each of it has."""
        counts = np.count_nonzero(found != NONE, axis=1)[:, np.newaxis]
        place = np.arange(found.shape[1])
        turned = np.take_along_axis(found, np.maximum(counts - 1 - place, 0), axis=1)
        return np.where(place < counts, turned, NONE).astype(np.int32), np.minimum(place, 1) + 0 * counts

    def save(self, folder: Path) -> None:
        """Write Arrow files and arrays into a folder that is there."""
        feather.write_feather(pa.table({"name": self.names}), str(folder / _FILE), compression="uncompressed")
        self.features.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        return cls(feather.read_table(str(folder / _FILE))["name"].combine_chunks(), Features.load(folder))


def _prefixed(names: pa.Array, prefixes: tuple[str, ...]) -> tuple[pa.Array, int]:
    """Names behind each of some prefixes, one after the other, and how many names there are."""
    return pa.concat_arrays([pc.binary_join_element_wise(prefix, names, "") for prefix in prefixes]), len(names)


def _taken(prefixed: tuple[pa.Array, int], places: Positions, prefix: Positions) -> Iterator[pa.Array]:
    """A column of text for each column of places, nulls where nothing stands."""
    names, count = prefixed
    for of, number in zip(places.T, prefix.T, strict=True):
        yield names.take(pa.array(of + number * count, mask=of == NONE))


def lead_of(model: object) -> str:
    """What comes before the viewer's own titles; a model may have words of its own, as ``lead``."""
    return str(getattr(model, "lead", LIKED))


def popular_with(values: NDArray[np.float64], counted: str) -> pa.Array:
    """Why popular titles are listed: ``popular: 12 viewers in 30 days``.

    Args:
        values: How many were counted of each title.
        counted: What was counted, beginning with the word viewers.
    """

    def told(value: float) -> str:
        if value <= 0:
            return f"next in popularity: no {counted}"
        # Viewers that count half may be fewer than one together.
        number = max(1, round(value))
        return f"popular: {number:,} {counted if number > 1 else counted.replace('viewers', 'viewer', 1)}"

    # Many of them are equal.
    found, at = np.unique(values, return_inverse=True)
    return pa.array([told(value) for value in found.tolist()], pa.string()).take(pa.array(at.ravel()))


def popular_in(genre: str) -> str:
    """Why titles of a viewer's genre are listed."""
    return f"popular in {one_line(pa.array([genre]))[0]}, which you like most"
