"""A blend: the weighted sum of several recommenders' scores, the weights learned from what viewers turned to afterwards.

Each part's scores are brought to mean 0 and deviation 1 over a viewer's titles, as the parts count in different units;
popularity's by its logarithm. The weights are those of the best nDCG@10 on later parts of the training set, found by
coordinate ascent (Metzler and Croft, 2007, "Linear feature-based models for information retrieval"); then the parts learn
anew from everything. To a viewer who liked nothing yet all personal parts say the same of every title, so popularity orders
them; a title that nobody has watched yet is carried by content, where that is among the parts.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass as checked

from jobs.scoring.candidates import judged_candidates, ranks_of
from jobs.scoring.histories import Histories
from jobs.scoring.parts import (
    GRADED,
    GRADED_PAIR,
    Models,
    Part,
    aligned,
    all_titles,
    fit_parts,
    load_parts,
    named_parts,
    save_parts,
)
from jobs.scoring.reasons import Positions, Reals, Terms
from jobs.scoring.space import Choice, Space, Whole
from jobs.scoring.stored import store, stored
from jobs.scoring.top_n import Floats
from jobs.scoring.training_set import Split, TrainingSet
from jobs.scoring.windows import windows

_K = 10
_STEPS = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
"""Weights that are tried for each part, those of the others held."""
_ROUNDS = 4
_ALIKE = 1e-6
"""Scores that deviate by less say the same of every title."""
_MOST_VIEWERS = 10_000
"""The most viewers of a window that the weights are learned from."""


@checked(frozen=True)
class Parameters:
    """The parts, and what their weights are learned from."""

    parts: str | None = None
    """Recommenders, such as ``ease, popularity(window_days=7)``; by the training set, if None."""
    windows: Annotated[int, Field(ge=1, le=20)] = 2
    """Later parts of the training set that the weights are learned from; each costs a fit of all parts."""
    candidates: Annotated[int, Field(ge=10, le=2000)] = 100
    """Titles of each part that are ranked while weights are tried."""


_GRADED_ON_SPARK = "als(rank=64; reg_param=0.16; alpha=0.5; rating_power=1.5; ensemble=3), ease"
"""Factors that take ratings into account, by MLlib, several fits of them, and EASE: slower than its like in memory."""
SPACE: Space = {
    "parts": Choice(
        (
            None,
            GRADED_PAIR,
            GRADED,
            _GRADED_ON_SPARK,
            "ease(half_life_days=180; recency_weight=0.2), ials(half_life_days=180), popularity(window_days=7)",
        )
    ),
    "windows": Whole(1, 4),
    "candidates": Whole(50, 200),
}
STARTS = ({"parts": GRADED, "windows": 3}, {"parts": _GRADED_ON_SPARK, "windows": 3})
"""Recipes that a search tries after the defaults: for sets of nothing but ratings."""


@dataclass(frozen=True)
class Model:
    """The parts and their weights."""

    title_ids: pa.Array
    parts: tuple[Part, ...]
    weights: NDArray[np.float64]
    parameters: Parameters

    def scores(self, histories: Histories) -> Floats:
        """Viewers by titles."""
        scores = np.zeros((len(histories), len(self.title_ids)), dtype=np.float32)
        for part, weight in zip(self.parts, self.weights.tolist(), strict=True):
            if weight:
                scores += np.float32(weight) * _standardised(part, histories)
        return scores

    def terms(self, histories: Histories) -> Terms:
        """The parts' own terms, brought to the blend's unit as their scores are, and added up.

        What brings a part's mean to 0, and what popularity adds, is the same for every title or comes of nothing that the
        viewer did: of two titles of a viewer, terms differ by as much as the other parts' share of their scores does.
        """
        told = [
            (weight / _deviation(part.scores(histories))[:, 0], of_part)
            for part, weight in zip(self.parts, self.weights.tolist(), strict=True)
            if weight and (of_part := part.terms(histories)) is not None
        ]
        preferences = histories.preferences

        def terms(viewer: int, titles: Positions) -> tuple[Positions, Reals]:
            known = np.sort(preferences.indices[preferences.indptr[viewer] : preferences.indptr[viewer + 1]])
            total = np.zeros((len(titles), len(known)))
            for weight, of_part in told:
                liked, added = of_part(viewer, titles)
                total[:, np.searchsorted(known, liked)] += weight[viewer] * added
            return known, total

        return terms

    def save(self, folder: Path) -> None:
        """Write the parts into folders, and two arrays as JSON."""
        store(folder, self.title_ids, self.parameters, {})
        save_parts(self.parts, folder)
        (folder / "weights.json").write_text(json.dumps(self.weights.tolist()), encoding="utf-8")


def _standardised(part: Part, histories: Histories) -> Floats:
    """Viewers by titles of a part's scores, of mean 0 and deviation 1 for each viewer; 0 where all are alike. To be read."""
    # Of popularity the scores of one viewer are those of all.
    asked = histories[:1] if part.name == "popularity" else histories
    scores = part.scores(asked)
    if part.name == "popularity":
        np.log1p(scores, out=scores)
    scores /= _deviation(scores)
    return np.broadcast_to(scores, (len(histories), scores.shape[1]))


def _deviation(scores: Floats) -> Floats:
    """Deviation of each viewer's scores, as a column; no end of it where all are alike. Brings their mean to 0, in place."""
    scores -= scores.mean(axis=1, keepdims=True)
    deviation = np.sqrt(np.einsum("vt,vt->v", scores, scores) / max(1, scores.shape[1]))[:, np.newaxis]
    return np.where(deviation > _ALIKE, deviation, np.float32(np.inf))


def fit(training: TrainingSet, parameters: Parameters) -> Model:
    """Learn the weights on later parts of the training set, and the parts from everything.

    Where nobody turned to any candidate afterwards, all parts weigh the same.

    Raises:
        JobError: A part refuses, or is a hybrid itself.
    """
    named = named_parts("blend", parameters.parts, training)
    models = fit_parts(named, training)
    lists = [one for split in windows(training, parameters.windows) for one in _lists(split, named, models, parameters)]
    title_ids = all_titles(models, training)
    return Model(title_ids, aligned(models, title_ids), _weigh(lists, len(models)), parameters)


@dataclass(frozen=True)
class _Lists:
    """Candidates of some viewers: standardised scores by parts, whether each was wanted, and the best there could be."""

    row: NDArray[np.int64]
    scores: Floats
    is_wanted: NDArray[np.bool_]
    ideal: NDArray[np.float64]

    def gain(self, weights: NDArray[np.float64]) -> float:
        """Sum of the viewers' nDCG@10."""
        rank = ranks_of((self.scores @ weights).astype(np.float32), self.row, len(self.ideal))
        hit = self.is_wanted & (rank < _K)
        return float((1.0 / np.log2(rank[hit] + 2.0) / self.ideal[self.row[hit]]).sum())


def _lists(split: Split, named: str, whole: Models, parameters: Parameters) -> list[_Lists]:
    """What the parts say of a window's viewers."""
    models = fit_parts(named, split.training, whole)
    title_ids = all_titles(models, split.training)
    parts = aligned(models, title_ids)
    best = np.concatenate([[1.0], np.cumsum(1.0 / np.log2(np.arange(2, _K + 2)))])
    found = []
    for judged in judged_candidates(parts, title_ids, split, parameters.candidates, _MOST_VIEWERS):
        row, title = judged.candidates.row, judged.candidates.title
        scores = np.column_stack([_standardised(part, judged.histories)[row, title] for part in parts])
        found.append(_Lists(row, scores, judged.is_wanted, best[np.minimum(judged.wanted, _K)]))
    return found


def _weigh(lists: Sequence[_Lists], parts: int) -> NDArray[np.float64]:
    """Coordinate ascent from equal weights; of equal gains the weight that comes first stays."""
    weights = np.ones(parts)
    if not any(one.is_wanted.any() for one in lists):
        return weights
    best = sum(one.gain(weights) for one in lists)
    for _ in range(_ROUNDS):
        before = best
        for part in range(parts):
            for step in _STEPS:
                tried = weights.copy()
                tried[part] = step
                gain = sum(one.gain(tried) for one in lists)
                if gain > best and tried.any():
                    weights, best = tried, gain
        if best == before:
            break
    return weights


def load(folder: Path) -> Model:
    """Read what ``save`` wrote."""
    held = stored(folder)
    weights = np.array(json.loads((folder / "weights.json").read_text(encoding="utf-8")))
    return Model(held.title_ids, load_parts(folder, held.title_ids), weights, Parameters(**held.parameters))
