"""What titles share, in words: directors, leading cast, keywords and genres that stand in the profiles of both.

Python workers import this module: it imports neither Spark, Great Expectations nor MLflow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.feather as feather
from numpy.typing import NDArray

Ids = NDArray[np.int32]
NONE = -1
"""A place that no feature, or no title, stands in."""
LONGEST_NAME = 48
"""Characters of a title or feature in a sentence; a longer one is cut."""
_MOST_DIRECTORS, _MOST_CAST, _MOST_KEYWORDS, _MOST_GENRES = 3, 5, 8, 8
"""Of a title, as many as are compared; of keywords the rarest, as they say most."""
_ROWS_AT_ONCE = 8_192
"""Pairs whose features are compared at once: they stay in a core's cache."""
_SPREADS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
"""Odd numbers that spread small ones over 64 bits, of which the first six count."""
_UNSPREAD = 58
_COMMA = ", "
_MOVES_TEXT = r"[\x{200e}\x{200f}\x{061c}\x{202a}-\x{202e}\x{2066}-\x{2069}]"
_BREAKS = r"[\p{Cc}\p{Zl}\p{Zp}\p{Zs}]+"


@dataclass(frozen=True)
class Features:
    """What catalogues say of some titles, as numbers that are quick to compare."""

    names: pa.Array
    """Of each feature, what it is called; a person is one feature, as director and in the cast."""
    kinds: tuple[Ids, Ids, Ids]
    """People (directors first, then leading cast), keywords and genres: for each a matrix of places by titles, and a last
    title of which nothing is known. ``NONE`` where a place is empty."""

    @classmethod
    def of(cls, title_ids: pa.Array, profiles: pa.Table) -> Self:
        """The features of some titles.

        Args:
            title_ids: The titles, in the order of their positions.
            profiles: silver.title_profiles, rows in any order; a title without one has no features.
        """
        listed = _Listed.of(title_ids, profiles)
        columns = {name: listed.column(name) for name in ("directors", "leading_cast", "keywords", "genres")}
        people = pa.concat_arrays([columns["directors"][1], columns["leading_cast"][1]]).unique()
        keywords, genres = columns["keywords"][1].unique(), columns["genres"][1].unique()
        size = len(title_ids) + 1
        made = [_places(*_numbered(*columns[name], people), size, most) for name, most in _PEOPLE]
        matrices = (
            _without_repeats(np.vstack(made)),
            _rarest(*_numbered(*columns["keywords"], keywords), size, _MOST_KEYWORDS),
            _places(*_numbered(*columns["genres"], genres), size, _MOST_GENRES),
        )
        starts = (0, len(people), len(people) + len(keywords))
        shifted = [
            np.where(matrix == NONE, NONE, matrix + start).astype(np.int32)
            for matrix, start in zip(matrices, starts, strict=True)
        ]
        return cls(pa.concat_arrays([people, keywords, genres]), (shifted[0], shifted[1], shifted[2]))

    def shared(self, left: NDArray[np.integer[Any]], right: NDArray[np.integer[Any]], most: int) -> Ids:
        """What titles share with others: directors first, then leading cast, keywords, genres; of a kind as the first has them.

        Args:
            left: Positions of titles.
            right: The position of another title for each, or as many rows of positions of several, ``NONE`` for none. Of
                several, what more than half of them have counts as shared.
            most: At most so many features of each pair.

        Returns:
            Pairs by ``most`` features; ``NONE`` behind the last.
        """
        others = right if right.ndim == 2 else right[:, np.newaxis]
        found = np.full((len(left), most), NONE, dtype=np.int32)
        for start in range(0, len(left), _ROWS_AT_ONCE):
            some = slice(start, start + _ROWS_AT_ONCE)
            self._share(left[some], others[some], found[some])
        return found

    def _share(self, left: NDArray[np.integer[Any]], right: NDArray[np.integer[Any]], found: Ids) -> None:
        """The same of some pairs, written into ``found``."""
        enough = (np.count_nonzero(right >= 0, axis=1) // 2 + 1).astype(np.uint8)
        filled = np.zeros(len(left), dtype=np.int32)
        for matrix, marks in zip(self.kinds, self._marks, strict=True):
            (some,) = np.nonzero((_alike(marks, left, right) >= enough) & (filled < found.shape[1]))
            own = matrix[:, left[some]]
            counts = _counted(matrix, own, right[some])
            for of_own, counted in zip(own, counts, strict=True):
                is_shared = (counted >= enough[some]) & (of_own != NONE) & (filled[some] < found.shape[1])
                at = some[is_shared]
                found[at, filled[at]] = of_own[is_shared]
                filled[at] += 1

    @cached_property
    def _marks(self) -> list[NDArray[np.uint64]]:
        """Of each kind, marks by titles: bits of the features that a title has, differently spread in each mark.

        Titles of which no bit is the same share nothing, as Bloom (1970) has it, "Space/time trade-offs in hash coding with
        allowable errors": few pairs are left whose features have to be compared.
        """
        return [np.stack([_bits(matrix, factor) for factor in _SPREADS]) for matrix in self.kinds]

    def words(self, found: Ids) -> pa.Array:
        """What :meth:`shared` found, each as text: ``Crime, Robert De Niro``, from the general to the particular."""
        return joined([self._named(column) for column in found.T[::-1]])

    def lists(self, found: Ids) -> pa.ListArray:
        """The same as lists of names, in order of priority."""
        is_there = found != NONE
        ends = np.concatenate([[0], np.cumsum(np.count_nonzero(is_there, axis=1))]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(ends), self._named(found[is_there]))

    def _named(self, features: Ids) -> pa.Array:
        return self.names.take(pa.array(features, mask=features == NONE))

    def save(self, folder: Path) -> None:
        """Write an Arrow file and three arrays into a folder that is there."""
        feather.write_feather(
            pa.table({"name": self.names}), str(folder / "features.arrow"), compression="uncompressed"
        )
        for name, matrix in zip(_FILES, self.kinds, strict=True):
            np.save(folder / f"features_{name}.npy", matrix, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote; the arrays stay on disk, mapped into memory."""
        names = feather.read_table(str(folder / "features.arrow"))["name"].combine_chunks()
        people, keywords, genres = (
            np.load(folder / f"features_{name}.npy", mmap_mode="r", allow_pickle=False) for name in _FILES
        )
        return cls(names, (people, keywords, genres))


def _bits(matrix: Ids, factor: int) -> NDArray[np.uint64]:
    """One of 64 bits for each feature of a title, together."""
    spread = (matrix.astype(np.uint64) * np.uint64(factor)) >> np.uint64(_UNSPREAD)
    bits = np.where(matrix == NONE, np.uint64(0), np.uint64(1) << spread)
    together: NDArray[np.uint64] = np.bitwise_or.reduce(bits, axis=0)
    return together


def _alike(marks: NDArray[np.uint64], left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.uint8]:
    """How many of the others may share something with each title."""
    counts = np.zeros(len(left), dtype=np.uint8)
    own = [mark[left] for mark in marks]
    for other in right.T:
        counts += np.logical_and.reduce(
            [(mine & mark[other]) != 0 for mine, mark in zip(own, marks, strict=True)], axis=0
        )
    return counts


def _counted(matrix: Ids, own: Ids, right: NDArray[Any]) -> NDArray[np.uint8]:
    """How many of the others have each of a title's features; places by titles."""
    counts = np.zeros(own.shape, dtype=np.uint8)
    for other in right.T:
        theirs = matrix[:, other]
        for of_own, counted in zip(own, counts, strict=True):
            has = np.zeros(own.shape[1], dtype=bool)
            for of_other in theirs:
                has |= of_own == of_other
            counted += has
    return counts


_PEOPLE = (("directors", _MOST_DIRECTORS), ("leading_cast", _MOST_CAST))
_FILES = ("people", "keywords", "genres")
_Cells = tuple[NDArray[np.int64], Any]


@dataclass(frozen=True)
class _Listed:
    """Profiles of some titles."""

    profiles: pa.Table
    position: NDArray[np.int64]

    @classmethod
    def of(cls, title_ids: pa.Array, profiles: pa.Table) -> Self:
        found = profiles.combine_chunks()
        position = np.asarray(pc.fill_null(pc.index_in(found["title_id"], value_set=title_ids), NONE)).astype(np.int64)
        (known,) = np.nonzero(position >= 0)
        order = known[np.argsort(position[known], kind="stable")]
        return cls(found.take(pa.array(order)), position[order])

    def column(self, name: str) -> tuple[NDArray[np.int64], pa.Array]:
        """The titles' positions and the names of one list, an element each; nothing of what has no name."""
        lists = self.profiles[name].combine_chunks().cast(pa.list_(pa.string()))
        owner = np.repeat(self.position, np.asarray(pc.fill_null(pc.list_value_length(lists), 0)))
        names = one_line(lists.flatten())
        is_named = np.asarray(pc.is_valid(names))
        return owner[is_named], names.filter(pa.array(is_named))


def joined(columns: Sequence[pa.Array]) -> pa.Array:
    """Columns of text as one, with commas between what is there; empty text where nothing is."""
    # Arrow leaves rows out of which nothing is there: the empty text in front of all keeps them.
    first = pa.repeat("", len(columns[0]))
    return pc.utf8_slice_codeunits(
        pc.binary_join_element_wise(first, *columns, _COMMA, null_handling="skip"), len(_COMMA)
    )


def one_line(names: pa.Array, longest: int = LONGEST_NAME) -> pa.Array:
    """Names as they stand in a sentence: on one line, in the order they are read in, cut where they are long.

    Args:
        names: Text from a catalogue.
        longest: Characters of a name; of a longer one so many are left, the last an ellipsis.

    Returns:
        The names; null where there is nothing to read.
    """
    still = pc.replace_substring_regex(names, pattern=_MOVES_TEXT, replacement="")
    plain = pc.utf8_trim_whitespace(pc.replace_substring_regex(still, pattern=_BREAKS, replacement=" "))
    ellipses = pa.repeat("…", len(plain))
    cut = pc.binary_join_element_wise(
        pc.utf8_rtrim_whitespace(pc.utf8_slice_codeunits(plain, 0, longest - 1)), ellipses, ""
    )
    short = pc.if_else(pc.greater(pc.utf8_length(plain), longest), cut, plain)
    return pc.if_else(pc.equal(short, ""), pa.scalar(None, pa.string()), short)


def _numbered(owner: NDArray[np.int64], names: pa.Array, known: pa.Array) -> tuple[NDArray[np.int64], Ids]:
    """Titles and the numbers of their features, every pair once, in the order in which a title has them."""
    feature = np.asarray(pc.index_in(names, value_set=known)).astype(np.int32)
    _, first = np.unique(owner * max(1, len(known)) + feature, return_index=True)
    kept = np.sort(first)
    return owner[kept], feature[kept]


def _places(owner: NDArray[np.int64], feature: Ids, titles: int, most: int) -> Ids:
    """Places by titles of features: the first of each title; ``owner`` rises."""
    counts = np.bincount(owner, minlength=titles)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = within < most
    matrix = np.full((min(most, int(counts.max(initial=0))), titles), NONE, dtype=np.int32)
    matrix[within[kept], owner[kept]] = feature[kept]
    return matrix


def _rarest(owner: NDArray[np.int64], feature: Ids, titles: int, most: int) -> Ids:
    """The same of the features that the fewest titles have, rarest first; without those that one title alone has."""
    titles_with = np.bincount(feature, minlength=1)[feature]
    order = np.lexsort((np.arange(len(owner)), titles_with, owner))
    order = order[titles_with[order] > 1]
    return _places(owner[order], feature[order], titles, most)


def _without_repeats(matrix: Ids) -> Ids:
    """Places of which each title's later ones are emptied where they hold what an earlier one holds."""
    for later in range(1, len(matrix)):
        matrix[later, (matrix[:later] == matrix[later]).any(axis=0)] = NONE
    return matrix
