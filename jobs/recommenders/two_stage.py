"""Two stages: candidates from several recommenders, ranked by gradient-boosted trees on what is known at the time.

The parts and the signals of titles are learned on the earlier part of the training set, and LambdaMART (Burges, 2010, "From
RankNet to LambdaRank to LambdaMART"; LightGBM's ``lambdarank``) learns from what viewers turned to afterwards how to order
each viewer's candidates. Then parts and signals are learned anew from everything, and the trees are kept: what they read are
scores, ranks, shares and times as of a moment, which mean the same at both. It holds titles, and no viewers.

A viewer who liked nothing yet gets the titles in the order of the first ``popularity`` among the parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass as checked

from jobs.scoring.boosting import lightgbm
from jobs.scoring.candidates import Candidates, find_candidates, judged_candidates
from jobs.scoring.histories import Histories
from jobs.scoring.parts import (
    GRADED,
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
from jobs.scoring.signals import Signals, learn_signals
from jobs.scoring.space import Choice, Real, Space, Whole
from jobs.scoring.stored import store, stored
from jobs.scoring.top_n import FILTERED, Best, Floats, as_matrices, best_of
from jobs.scoring.training_set import Split, TrainingSet
from jobs.scoring.trees import Trees
from jobs.scoring.windows import windows

_ALIKE = 1e-6
"""Scores that deviate by less say the same of every candidate."""
_BELOW = -1e4
"""Lower than any score of a candidate: there the others begin, most popular first."""
_MOST_VIEWERS = 20_000
"""The most viewers that the trees learn from, of all windows together."""


@checked(frozen=True)
class Parameters:
    """The parts, and the trees' hyper-parameters under LightGBM's names."""

    parts: str | None = None
    """Recommenders that put candidates forward, such as ``ease, popularity(window_days=7)``; by the training set, if
    None."""
    candidates: Annotated[int, Field(ge=1, le=2000)] = 50
    """Titles that each part puts forward for a viewer."""
    windows: Annotated[int, Field(ge=1, le=20)] = 3
    """Later parts of the training set that the trees learn from; each costs a fit of all parts."""
    num_leaves: Annotated[int, Field(ge=2, le=255)] = 7
    """Leaves of a tree."""
    rounds: Annotated[int, Field(ge=1, le=5000)] = 200
    """Trees."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    """What each tree adds."""
    min_data_in_leaf: Annotated[int, Field(ge=1)] = 50
    """The fewest candidates of a leaf."""
    feature_fraction: Annotated[float, Field(gt=0, le=1)] = 0.7
    """Share of the signals that each tree may read."""
    lambda_l2: Annotated[float, Field(ge=0)] = 1.0
    """Regularisation of the leaves."""
    start: Annotated[float, Field(ge=0, le=100)] = 0.0
    """What the mean of the parts' standardised scores counts for before the first tree, so that trees only mend what it gets
    wrong: for sets of so few viewers that trees do not learn to order from nothing. 0: they begin from nothing."""
    seed: int = 7
    """Seed of the choice of signals."""


SPACE: Space = {
    "parts": Choice((None, GRADED)),
    "windows": Choice((3, 5)),
    "start": Choice((0.0, 1.0, 2.0)),
    "num_leaves": Whole(4, 31, log=True),
    "rounds": Whole(20, 500, log=True),
    "learning_rate": Real(0.02, 0.15, log=True),
    "min_data_in_leaf": Whole(10, 300, log=True),
    "feature_fraction": Real(0.4, 1.0),
    "lambda_l2": Real(0.01, 30.0, log=True),
}
STARTS = ({"parts": GRADED, "windows": 5, "start": 2.0, "rounds": 25, "learning_rate": 0.03},)
"""Recipes that a search tries after the defaults: one for sets of nothing but ratings."""


@dataclass(frozen=True)
class Model:
    """The parts, what is known of titles, and the trees as LightGBM writes them."""

    title_ids: pa.Array
    parts: tuple[Part, ...]
    signals: Signals
    trees: str
    parameters: Parameters

    @cached_property
    def _ranker(self) -> Trees | None:
        return Trees.of(self.trees) if self.trees else None

    def scores(self, histories: Histories) -> Floats:
        """Viewers by titles; titles that no part put forward lie below those that one did, most popular first."""
        return self._spread(histories, *self._ranked(histories, np.empty(0, dtype=np.int32)))

    def best(self, histories: Histories, length: int, excluded: NDArray[np.int32]) -> Best:
        """The best titles of each viewer, without the scores of all others.

        What is excluded is no candidate either: other titles are put forward in its place.
        """
        row, title, score = self._ranked(histories, excluded)
        (short,) = np.nonzero(np.bincount(row, minlength=len(histories)) < length)
        if len(short):
            of_short = np.isin(row, short)
            own = np.searchsorted(short, row[of_short])
            whole = self._spread(histories[short], own, title[of_short], score[of_short])
            positions, scores = best_of(whole, histories.seen[short], excluded, length)
            at, within = np.nonzero(scores > FILTERED)
            row = np.concatenate([row[~of_short], short[at]])
            order = np.argsort(row, kind="stable")
            row = row[order]
            title = np.concatenate([title[~of_short], positions[at, within]])[order]
            score = np.concatenate([score[~of_short], scores[at, within]])[order]
        return as_matrices(row, title, score, len(histories))

    def terms(self, histories: Histories) -> Terms:
        """The terms of the part that speaks for a title: of the titles asked for, it puts this one highest; else the first.

        Trees add nothing up that could be divided among titles. So these terms add up to what that part says, by which the
        title was put forward, and not to the trees' score.
        """
        told = [of_part for part in self.parts if (of_part := part.terms(histories)) is not None]
        preferences = histories.preferences

        def terms(viewer: int, titles: Positions) -> tuple[Positions, Reals]:
            known = np.sort(preferences.indices[preferences.indptr[viewer] : preferences.indptr[viewer + 1]])
            spoken = np.zeros((len(titles), len(known)))
            highest = np.full(len(titles), len(titles))
            for of_part in told:
                liked, added = of_part(viewer, titles)
                score = added.sum(axis=1)
                rank = np.empty(len(titles), dtype=np.int64)
                rank[np.argsort(-score, kind="stable")] = np.arange(len(titles))
                mine = np.flatnonzero((score > 0) & (rank < highest))
                spoken[mine] = 0
                spoken[np.ix_(mine, np.searchsorted(known, liked))] = added[mine]
                highest[mine] = rank[mine]
            return known, spoken

        return terms

    def _ranked(
        self, histories: Histories, excluded: NDArray[np.int32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        """Candidates of those who liked something: row, position, and what the trees say, else minus the first part's rank."""
        likes = np.flatnonzero(np.diff(histories.preferences.indptr))
        if not len(likes):
            return likes, likes, np.empty(0, dtype=np.float32)
        some = histories if len(likes) == len(histories) else histories[likes]
        found = find_candidates(self.parts, some, self.parameters.candidates, excluded)
        if self._ranker is None:
            score = -found.ranks[:, 0]
        else:
            trees = self._ranker.values(_features(self.signals, some, found))
            score = (trees + _start(self.parts, found, len(some), self.parameters)).astype(np.float32)
        return likes[found.row], found.title, score

    def _spread(self, histories: Histories, row: NDArray[np.int64], title: NDArray[np.int64], score: Floats) -> Floats:
        """Viewers by titles: candidates' scores, below them the others; who liked nothing yet gets what is popular."""
        below = np.float32(_BELOW) - np.arange(len(self.title_ids), dtype=np.float32)
        scores = np.tile(below, (len(histories), 1))
        scores[row, title] = score
        cold = np.flatnonzero(np.diff(histories.preferences.indptr) == 0)
        popular = next((part for part in self.parts if part.name == "popularity"), None)
        if len(cold) and popular is not None:
            scores[cold] = popular.scores(histories[cold])
        return scores

    def save(self, folder: Path) -> None:
        """Write the parts into folders, the signals as arrays, and the trees as LightGBM's text."""
        arrays = {"titles": self.signals.titles, "genres": self.signals.genres, "sequence": self.signals.sequence}
        store(folder, self.title_ids, self.parameters, arrays)
        save_parts(self.parts, folder)
        (folder / "trees.txt").write_text(self.trees, encoding="utf-8")


def _features(signals: Signals, histories: Histories, found: Candidates) -> Floats:
    """Candidates by what the trees read: scores and ranks of every part, and the signals."""
    return np.hstack([found.scores, np.log1p(found.ranks), signals.of(histories, found.row, found.title)])


def _start(parts: Sequence[Part], found: Candidates, viewers: int, parameters: Parameters) -> NDArray[np.float64]:
    """What trees begin from: the mean of the parts' scores, each of mean 0 and deviation 1 over a viewer's candidates.

    Popularity's by its logarithm; 0 for a candidate that a part does not know.
    """
    total = np.zeros(len(found.row))
    if not parameters.start:
        return total
    for part, scores in zip(parts, found.scores.T.astype(np.float64), strict=True):
        known = np.isfinite(scores)
        values = np.where(known, np.log1p(np.maximum(scores, 0)) if part.name == "popularity" else scores, 0.0)
        counts = np.maximum(np.bincount(found.row[known], minlength=viewers), 1)
        away = values - (np.bincount(found.row[known], values[known], viewers) / counts)[found.row]
        away[~known] = 0.0
        deviation = np.sqrt(np.bincount(found.row, away**2, viewers) / counts)[found.row]
        total += away / np.where(deviation > _ALIKE, deviation, np.inf)
    started: NDArray[np.float64] = total * (parameters.start / len(parts))
    return started


def fit(training: TrainingSet, parameters: Parameters) -> Model:
    """Learn the trees on later parts of the training set, and the parts from everything.

    Where nobody turned to any candidate afterwards there is nothing to learn from, and candidates come in the first part's
    order.

    Raises:
        JobError: A part refuses, or is a hybrid itself.
    """
    named = named_parts("two_stage", parameters.parts, training)
    models = fit_parts(named, training)
    learned = [_examples(split, named, models, parameters) for split in windows(training, parameters.windows)]
    trees = _boost([one for one in learned if len(one[1])], parameters)
    return Model(*_stage(training, models), trees, parameters)


def _stage(training: TrainingSet, models: Models) -> tuple[pa.Array, tuple[Part, ...], Signals]:
    """Titles, parts and signals from a training set and models fitted on it."""
    title_ids = all_titles(models, training)
    return title_ids, aligned(models, title_ids), learn_signals(training, title_ids)


_Examples = tuple[Floats, NDArray[np.bool_], NDArray[np.float64], NDArray[np.int64]]
"""What is read of candidates, whether they were wanted, what trees begin from, and how many candidates each viewer has."""


def _examples(split: Split, named: str, whole: Models, parameters: Parameters) -> _Examples:
    """Candidates of a window's viewers; viewers who wanted none of them teach nothing, and are left out."""
    title_ids, parts, signals = _stage(split.training, fit_parts(named, split.training, whole))
    viewers = -(-_MOST_VIEWERS // parameters.windows)
    read, wanted, began, counts = [], [], [], []
    for judged in judged_candidates(parts, title_ids, split, parameters.candidates, viewers):
        row = judged.candidates.row
        teaches = np.bincount(row, weights=judged.is_wanted, minlength=len(judged.histories)) > 0
        kept = teaches[row]
        read.append(_features(signals, judged.histories, judged.candidates)[kept])
        wanted.append(judged.is_wanted[kept])
        began.append(_start(parts, judged.candidates, len(judged.histories), parameters)[kept])
        counts.append(np.bincount(row[kept], minlength=len(judged.histories)))
    groups = np.concatenate(counts)
    return np.concatenate(read), np.concatenate(wanted), np.concatenate(began), groups[groups > 0]


def _boost(examples: Sequence[_Examples], parameters: Parameters) -> str:
    """Trees as text; none where there are no examples. Same examples, same trees, whatever the machine's cores."""
    if not examples:
        return ""
    boosted = lightgbm()
    read, wanted, began, groups = (np.concatenate([one[of] for one in examples]) for of in range(4))
    settings = {
        "objective": "lambdarank",
        "num_leaves": parameters.num_leaves,
        "learning_rate": parameters.learning_rate,
        "min_data_in_leaf": parameters.min_data_in_leaf,
        "feature_fraction": parameters.feature_fraction,
        "lambda_l2": parameters.lambda_l2,
        # Pairs are compared of which one is among the first twenty: lists of ten are what is judged.
        "lambdarank_truncation_level": 20,
        "seed": parameters.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 2,
        "verbose": -1,
    }
    data = boosted.Dataset(
        read, label=wanted.astype(np.int8), group=groups, init_score=began if parameters.start else None
    )
    return str(boosted.train(settings, data, parameters.rounds).model_to_string())


def load(folder: Path) -> Model:
    """Read what ``save`` wrote; arrays stay on disk, mapped into memory."""
    held = stored(folder)
    signals = Signals(held.array("titles"), held.array("genres"), held.matrix("sequence"))
    trees = (folder / "trees.txt").read_text(encoding="utf-8")
    return Model(held.title_ids, load_parts(folder, held.title_ids), signals, trees, Parameters(**held.parameters))
