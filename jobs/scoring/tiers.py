"""Tiers: what follows on a list that the model alone does not fill, titles in one order for many viewers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs.tables.gold import SOURCES

PERSONAL, SEGMENT, POPULAR = range(len(SOURCES))
_VIEWERS_AT_ONCE = 256
"""One heavy viewer makes the part of a tier longer that is looked at for so many others."""


@dataclass(frozen=True)
class Tier:
    """Titles that many viewers get in the same order."""

    positions: NDArray[np.int32]
    """Positions of its titles among those of a plan, best first."""
    values: NDArray[np.float64]
    """What ranks them, before rules: viewers of the last days, or what a popularity says."""
    boosts: NDArray[np.float64]
    """What rules added; not a number where none did."""

    @property
    def scores(self) -> NDArray[np.float64]:
        """What they are ordered by."""
        return self.values + np.nan_to_num(self.boosts)

    @classmethod
    def of(cls, positions: NDArray[np.int32], values: NDArray[np.float64], strengths: NDArray[np.float64]) -> "Tier":
        """Put titles in order, those of equal score as they come.

        Args:
            positions: The titles.
            values: What ranks them, before rules: counts.
            strengths: What rules add to each, as a share of the best value; 0 where none does.
        """
        boosts = strengths * values.max(initial=0.0)
        order = np.argsort(-(values + boosts), kind="stable")
        return cls(positions[order], values[order], np.where(strengths == 0, np.nan, boosts)[order])


def fill(tier: Tier, taken: csr_matrix, wanted: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first titles of a tier that each viewer may still get.

    Args:
        tier: The tier.
        taken: Viewers by titles of the plan: what a viewer has seen, or has on the list already.
        wanted: Titles that each viewer's list still wants.

    Returns:
        Rows of viewers, rising, and places in the tier, rising within each.
    """
    rows, places = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for start in range(0, len(wanted), _VIEWERS_AT_ONCE):
        some, most = taken[start : start + _VIEWERS_AT_ONCE], wanted[start : start + _VIEWERS_AT_ONCE, np.newaxis]
        # Nobody can lose more of the tier's first titles than the one who has most behind him.
        reach = int(most.max()) + int(np.diff(some.indptr).max())
        is_new = some[:, tier.positions[:reach]].toarray() == 0
        row, place = np.nonzero(is_new & (np.cumsum(is_new, axis=1, dtype=np.int32) <= most))
        rows.append(row + start)
        places.append(place)
    return np.concatenate(rows), np.concatenate(places)
