"""How much viewers' lists change: what two lists share, and how much of their order."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame

PERSISTENCE = 0.9
"""p of rank-biased overlap: a reader goes on to the next place with this probability, so that the first ten places hold
86 % of the weight."""
_ENTERING, _LEAVING = "entering_title_ids", "leaving_title_ids"


@dataclass(frozen=True)
class Churn:
    """How two lists of each viewer differ; one element per viewer."""

    overlap: NDArray[np.float64]
    """Share of the titles of the second list that stand on the first; not a number where one of the two is empty."""
    rbo: NDArray[np.float64]
    """Rank-biased overlap, from 0 (no title in common) to 1 (the same titles in the same order); not a number likewise."""
    entering: pa.ListArray
    """Titles of the second list that are not on the first, best first."""
    leaving: pa.ListArray
    """Titles of the first list that are not on the second, best first."""


def compare(before: pa.ListArray, after: pa.ListArray) -> Churn:
    """Compare two lists of each viewer.

    Args:
        before: Identifiers of titles, best first and none twice, one list per viewer; null counts as empty.
        after: The same of the lists that took their place.
    """
    old, new = _Lists.of(before), _Lists.of(after)
    place_before = _places(old, new)
    is_shared = place_before > 0
    owner, depth = new.owner[is_shared], np.maximum(place_before, new.places)[is_shared]
    shared = np.bincount(owner, minlength=len(new.lengths))
    with np.errstate(divide="ignore", invalid="ignore"):
        overlap = np.where(old.lengths > 0, shared / new.lengths, np.nan)
    rbo = rank_biased_overlap(owner, depth, old.lengths, new.lengths)
    return Churn(overlap, rbo, _without(new, is_shared), _without(old, _places(new, old) > 0))


def rank_biased_overlap(
    owner: NDArray[np.int64], depth: NDArray[np.int64], one: NDArray[np.int64], other: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Rank-biased overlap of pairs of ranked lists, extrapolated beyond their ends.

    Webber, Moffat and Zobel (2010), "A similarity measure for indefinite rankings", equation 32, for lists of lengths
    s <= l of which the first d places share X_d titles, and p = :data:`PERSISTENCE`:

    (1 - p) / p · (Σ_{d=1..l} X_d / d · p^d  +  Σ_{d=s+1..l} X_s (d - s) / (s d) · p^d)  +  ((X_l - X_s) / l + X_s / s) · p^l

    A shared title counts in X_d from the deeper of its two places on, so that the first sum is one over shared titles.

    Args:
        owner: The pair of each shared title.
        depth: The deeper of its two places, from 1.
        one: Length of one list of each pair.
        other: Length of its other list.

    Returns:
        One value per pair; not a number where a list is empty.
    """
    pairs, short, long = len(one), np.minimum(one, other), np.maximum(one, other)
    harmonic = _harmonic(int(long.max(initial=0)))
    first = np.bincount(owner, harmonic[long[owner]] - harmonic[depth - 1], minlength=pairs)
    upto_long = np.bincount(owner, minlength=pairs)
    upto_short = np.bincount(owner[depth <= short[owner]], minlength=pairs)
    with np.errstate(divide="ignore", invalid="ignore"):
        agreed = np.where(short > 0, upto_short / short, np.nan)
        beyond = (PERSISTENCE ** (short + 1) - PERSISTENCE ** (long + 1)) / (1 - PERSISTENCE)
        second = agreed * beyond - upto_short * (harmonic[long] - harmonic[short])
        tail = ((upto_long - upto_short) / long + agreed) * PERSISTENCE**long
    return np.clip((1 - PERSISTENCE) / PERSISTENCE * (first + second) + tail, 0.0, 1.0)


def compare_lists(lists: DataFrame) -> DataFrame:
    """The same in Spark tasks.

    Args:
        lists: One row per viewer: before array<string>, after array<string>, and what else is to be kept.

    Returns:
        What else there was, and overlap, rbo (null where one of the two is empty), entering_title_ids, leaving_title_ids.
    """
    kept = [field for field in lists.schema.fields if field.name not in {"before", "after"}]
    schema = ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in kept)

    def compared(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            found = compare(batch.column("before"), batch.column("after"))
            measures = {"overlap": found.overlap, "rbo": found.rbo}
            told = {field.name: batch.column(field.name) for field in kept}
            told |= {name: pa.array(values, from_pandas=True) for name, values in measures.items()}
            yield pa.RecordBatch.from_pydict(told | {_ENTERING: found.entering, _LEAVING: found.leaving})

    lists_of_titles = f"{_ENTERING} array<string>, {_LEAVING} array<string>"
    return lists.mapInArrow(compared, f"{schema}, overlap double, rbo double, {lists_of_titles}")


@dataclass(frozen=True)
class _Lists:
    """Lists, flat: the titles one after the other, whose they are, and how long each list is."""

    title_ids: pa.Array
    owner: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, lists: pa.ListArray) -> "_Lists":
        lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0)).astype(np.int64)
        return cls(lists.flatten(), np.repeat(np.arange(len(lengths)), lengths), lengths)

    @property
    def places(self) -> NDArray[np.int64]:
        """Place of each title in its list, from 1."""
        return np.arange(len(self.owner)) - np.repeat(np.cumsum(self.lengths) - self.lengths, self.lengths) + 1


def _places(one: _Lists, other: _Lists) -> NDArray[np.int64]:
    """Place of each title of ``other`` in the same viewer's list of ``one``, from 1; 0 if it is not there."""
    titles = pc.unique(pa.chunked_array([one.title_ids, other.title_ids]))
    keys, asked = (
        lists.owner * len(titles) + np.asarray(pc.index_in(lists.title_ids, value_set=titles)).astype(np.int64)
        for lists in (one, other)
    )
    at = pc.fill_null(pc.index_in(pa.array(asked), value_set=pa.array(keys)), -1)
    # -1 finds the last of them.
    return np.asarray(np.append(one.places, 0)[np.asarray(at)])


def _without(lists: _Lists, is_dropped: NDArray[np.bool_]) -> pa.ListArray:
    """The lists without some of their titles."""
    counts = np.bincount(lists.owner[~is_dropped], minlength=len(lists.lengths))
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, lists.title_ids.filter(pa.array(~is_dropped)))


def _harmonic(length: int) -> NDArray[np.float64]:
    """Σ_{d=1..n} p^d / d for n from 0 to a length."""
    depths = np.arange(1, length + 1)
    return np.concatenate([[0.0], np.cumsum(PERSISTENCE**depths / depths)])
