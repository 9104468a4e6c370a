"""Candidates: the few titles of each viewer that are worth a closer look, and what every part of a hybrid says of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.scoring.histories import Histories, blocks, positions_of
from jobs.scoring.parts import Part
from jobs.scoring.rules import excluded_positions
from jobs.scoring.top_n import FactorScorer, Floats, ListScorer, ranks_within, top_titles
from jobs.scoring.training_set import Split

_PAIRS_AT_ONCE = 100_000


@dataclass(frozen=True)
class Candidates:
    """Pairs of viewer and title, by viewer, then by position of the title."""

    row: NDArray[np.int64]
    title: NDArray[np.int64]
    scores: Floats
    """Pairs by parts; not a number where the part does not know the title."""
    ranks: Floats
    """Pairs by parts: how many of the viewer's candidates the part puts before, equal ones in order of position."""


@dataclass(frozen=True)
class _Given:
    """Scores that are there already."""

    title_ids: pa.Array
    given: Floats

    def scores(self, histories: Histories) -> Floats:  # noqa: ARG002
        """Those that are there."""
        return self.given

    def save(self, folder: Path) -> None:
        """Answers are not kept."""
        raise NotImplementedError(folder)


@dataclass(frozen=True)
class _GivenFactors(_Given):
    """Factors of viewers that are there already."""

    factors: Floats

    def viewer_factors(self, histories: Histories) -> Floats:  # noqa: ARG002
        """Those that are there."""
        return self.given

    def scores(self, histories: Histories) -> Floats:  # noqa: ARG002
        """Products of them."""
        return self.given @ self.factors.T


def find_candidates(
    parts: Sequence[Part], histories: Histories, most: int, excluded: NDArray[np.int32] | None = None
) -> Candidates:
    """The best unseen titles of each part together.

    Args:
        parts: Parts of a hybrid.
        histories: What viewers know, over the hybrid's titles.
        most: Titles that each part puts forward.
        excluded: Positions of titles that nobody is to get: others are put forward in their place.
    """
    viewers, titles = histories.seen.shape
    unlisted = np.empty(0, dtype=np.int32) if excluded is None else excluded
    owned = [part.own(histories) for part in parts]
    answers = [_answer(part, own) for part, own in zip(parts, owned, strict=True)]
    is_put_forward = np.zeros((viewers, titles), dtype=bool)
    for part, own, answer in zip(parts, owned, answers, strict=True):
        theirs = part.position[unlisted]
        # What is written over of the scores that are there is what is no candidate of any part.
        asked = part.model if isinstance(part.model, ListScorer) else answer
        row, position, *_ = top_titles(asked, own, most, theirs[theirs >= 0].astype(np.int32))
        is_put_forward[row, part.back[position]] = True
    pairs = np.flatnonzero(is_put_forward).astype(np.int64)
    row, title = pairs // titles, pairs % titles
    scores = np.column_stack(
        [_at(answer, part.position[title], row) for part, answer in zip(parts, answers, strict=True)]
    )
    ranks = np.column_stack([ranks_of(scores[:, of], row, viewers) for of in range(len(parts))])
    return Candidates(row, title, scores, ranks)


def _answer(part: Part, own: Histories) -> _Given:
    """What a part says of some viewers: scores, or the factors that they are products of."""
    if isinstance(part.model, FactorScorer):
        return _GivenFactors(part.model.title_ids, part.model.viewer_factors(own), part.model.factors)
    return _Given(part.model.title_ids, part.model.scores(own))


def _at(answer: _Given, position: NDArray[np.int64], row: NDArray[np.int64]) -> Floats:
    """Scores of some pairs; not a number where the position is -1."""
    known = np.maximum(position, 0)
    if isinstance(answer, _GivenFactors):
        found = np.empty(len(row), dtype=np.float32)
        for start in range(0, len(row), _PAIRS_AT_ONCE):
            some = slice(start, start + _PAIRS_AT_ONCE)
            found[some] = np.einsum("pf,pf->p", answer.given[row[some]], answer.factors[known[some]])
    else:
        found = answer.given[row, known].astype(np.float32)
    found[position < 0] = np.nan
    return found


def ranks_of(values: Floats, row: NDArray[np.int64], viewers: int) -> Floats:
    """Rank of each pair among its viewer's, from 0, by falling value, equal ones as they come; not a number comes last.

    Args:
        values: One per pair.
        row: The pairs' viewers, rising.
        viewers: Number of viewers.
    """
    within = ranks_within(row)
    padded = np.full((viewers, within.max(initial=-1) + 1), np.inf, dtype=np.float32)
    padded[row, within] = np.where(np.isnan(values), np.finfo(np.float32).max, -values)
    order = np.argsort(padded, axis=1, kind="stable")
    ranks = np.empty(padded.shape, dtype=np.float32)
    np.put_along_axis(ranks, order, np.arange(padded.shape[1], dtype=np.float32)[np.newaxis], axis=1)
    return ranks[row, within]


@dataclass(frozen=True)
class Judged:
    """Candidates of viewers of whom it is known what they wanted."""

    candidates: Candidates
    histories: Histories
    is_wanted: NDArray[np.bool_]
    """Of each candidate."""
    wanted: NDArray[np.int64]
    """Of each viewer, how many titles were wanted, candidates or not."""


def judged_candidates(
    parts: Sequence[Part], title_ids: pa.Array, split: Split, most: int, viewers: int
) -> Iterator[Judged]:
    """Candidates of the viewers to judge on, block by block; titles that may not be listed are left out.

    Args:
        parts: Parts of a hybrid, which learned from the split's training.
        title_ids: The hybrid's titles.
        split: What was known, and what was wanted of it.
        most: Titles that each part puts forward.
        viewers: At most so many viewers, evenly taken.
    """
    excluded = excluded_positions(title_ids, split.listable)
    taken = np.unique(np.linspace(0, split.viewers.num_rows - 1, viewers).astype(np.int64))
    chosen = split.viewers if viewers >= split.viewers.num_rows else split.viewers.take(pa.array(taken))
    for block in blocks(chosen.combine_chunks().to_batches(), title_ids):
        found = find_candidates(parts, block.histories, most, excluded)
        owner, title, counts = positions_of(block.rows.column("held_out"), title_ids)
        wanted = owner * len(title_ids) + title
        yield Judged(found, block.histories, np.isin(found.row * len(title_ids) + found.title, wanted), counts)
