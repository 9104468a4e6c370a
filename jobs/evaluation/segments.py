"""Segments: the kinds of viewers and of titles that a mean over all of them hides."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.scoring.histories import positions_of
from jobs.scoring.training_set import TrainingSet

SEGMENTS: dict[str, tuple[int, int | None]] = {"cold": (0, 5), "light": (5, 50), "heavy": (50, None)}
"""Viewers by how many titles they are known to like: from, and to below."""
LEAST_SHOWN = 30
"""Of fewer viewers a segment's mean is an anecdote: it is not told."""
HEAD_SHARE = 0.8
"""The head: the fewest titles that together hold this share of what was learned from."""


def liked_titles(weights: pa.ListArray) -> NDArray[np.int64]:
    """How many titles each viewer is known to like: those with a positive weight."""
    owner = np.repeat(np.arange(len(weights)), np.asarray(pc.fill_null(pc.list_value_length(weights), 0)))
    return np.bincount(owner[np.asarray(weights.flatten()) > 0], minlength=len(weights))


def segments_by(liked: NDArray[np.int64]) -> dict[str, NDArray[np.bool_]]:
    """cold, light and heavy: which viewers they are, by how many titles they are known to like."""
    return {name: (liked >= low) & (liked < (high or np.inf)) for name, (low, high) in SEGMENTS.items()}


def viewer_segments(viewers: pa.Table) -> dict[str, NDArray[np.bool_]]:
    """The segments of viewers, from their histories: one row per viewer, with ``weights``."""
    return segments_by(liked_titles(viewers["weights"].combine_chunks()))


@dataclass(frozen=True)
class Popularity:
    """How many viewers of a training set had to do with each title."""

    title_ids: pa.Array
    counts: NDArray[np.int64]
    viewers: int

    @classmethod
    def of(cls, training: TrainingSet) -> "Popularity":
        """Count the rows of a training set."""
        titles, viewers = training.table["title"].to_numpy(), training.table["viewer"].to_numpy()
        return cls(training.title_ids, np.bincount(titles, minlength=len(training.title_ids)), len(np.unique(viewers)))

    @property
    def is_head(self) -> NDArray[np.bool_]:
        """The short head: the most popular titles, equal ones by id, up to 80 % of all rows.

        Abdollahpouri, Burke and Mobasher (2017), "Controlling popularity bias in learning-to-rank recommendation".
        """
        order = np.argsort(-self.counts, kind="stable")
        before = np.cumsum(self.counts[order]) - self.counts[order]
        is_head = np.zeros(len(order), dtype=bool)
        is_head[order] = before < HEAD_SHARE * self.counts.sum()
        return is_head & (self.counts > 0)


def recall_by_title(viewers: pa.Table, judged: pa.Table, popularity: Popularity) -> dict[str, NDArray[np.float64]]:
    """Recall of each viewer's wanted titles of the head and of the tail; not a number where none of a kind was wanted.

    Titles that training does not know belong to the tail.
    """
    titles, is_head = popularity.title_ids, popularity.is_head
    rows = len(judged)
    listed_owner, listed, _ = positions_of(judged["listed"].combine_chunks(), titles)
    owner, wanted, counts = positions_of(viewers["held_out"].combine_chunks(), titles)
    is_hit = np.isin(owner * len(titles) + wanted, listed_owner * len(titles) + listed)
    in_head = is_head[wanted]
    wanted_head = np.bincount(owner[in_head], minlength=rows)
    hit_head = np.bincount(owner[in_head & is_hit], minlength=rows)
    hit_tail = np.bincount(owner[~in_head & is_hit], minlength=rows)
    return {"head": _ratio(hit_head, wanted_head), "tail": _ratio(hit_tail, counts - wanted_head)}


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0))
