"""Reasons in words: ``because you liked Heat (1995) and Ronin (1998): Crime, Robert De Niro``.

Python workers import this module: it imports neither Great Expectations nor MLflow. Text is put together by Arrow, column by
column: a night has millions of reasons.
"""

from dataclasses import dataclass
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
        counts = np.count_nonzero(own != NONE, axis=1)
        shared = self.features.words(self.features.shared(listed, own, _MOST_SHARED))
        between = np.array([[0, 0], [0, 0], [2, 0], [1, 2]])[counts]
        colon = np.where(np.asarray(pc.equal(shared, "")), 0, 3)
        first, second, third = (self.names.take(pa.array(of, mask=of == NONE)) for of in own.T)
        told = pc.binary_join_element_wise(
            *(lead, first, _joint(between[:, 0]), second, _joint(between[:, 1]), third, _joint(colon), shared, ""),
            null_handling="replace",
            null_replacement="",
        )
        return pc.if_else(pa.array(counts > 0), told, TOGETHER)

    def save(self, folder: Path) -> None:
        """Write Arrow files and arrays into a folder that is there."""
        feather.write_feather(pa.table({"name": self.names}), str(folder / _FILE), compression="uncompressed")
        self.features.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        return cls(feather.read_table(str(folder / _FILE))["name"].combine_chunks(), Features.load(folder))


_JOINTS = pa.array(["", ", ", " and ", ": "])


def _joint(codes: Positions) -> pa.Array:
    """What stands between two names, or before what is shared."""
    return _JOINTS.take(pa.array(codes.astype(np.int8)))


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
