"""Hybrids' parts: other recommenders, fitted and asked together, over one order of titles."""

import json
import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs import recommenders
from jobs.errors import JobError
from jobs.scoring.content import LISTS, says_anything
from jobs.scoring.histories import Histories
from jobs.scoring.liked import by_popularity
from jobs.scoring.reasons import Explained, Positions, Reals, Terms
from jobs.scoring.top_n import Floats, Scorer
from jobs.scoring.training_set import TrainingSet

_PART = re.compile(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*(?:,|$)")
_HYBRIDS = ("two_stage", "blend")
_OF_CATALOGUES = ("content_tfidf", "content_word2vec")
"""What viewers do changes nothing in them but the order of titles."""
_MORE = tuple(name for name in LISTS if name != "genres")
_EASY_TITLES = 8_000
"""Up to so many titles EASE is among a hybrid's parts: its scores of everybody cost viewers x titles known x all titles."""


_FACTORS = "ials(rank=64; reg_param=12; reg_per_weight=0.08; alpha=0.7; rating_power=1.5{})"
_SHORT = "ials(rank=32; reg_param=0; reg_per_weight=0.12; alpha=0.5; rating_power=1.5)"
_CONSTANT = "ials(rank=64; reg_param=30; rating_power=1)"
GRADED_PAIR = f"{_FACTORS.format('')}, ease"
GRADED = f"{_FACTORS.format('')}, {_FACTORS.format('; seed=8')}, {_SHORT}, {_CONSTANT}, ease"
"""Factors that take ratings into account, unlike each other, and EASE: for sets of nothing but ratings."""
Models = Sequence[tuple[str, Scorer]]
"""Fitted recommenders with their names."""


@dataclass(frozen=True)
class Part:
    """One recommender of a hybrid, and how its titles lie among the hybrid's."""

    name: str
    model: Scorer
    position: NDArray[np.int64]
    """Of each title of the hybrid, its position in the part's; -1 if the part does not know it."""

    def own(self, histories: Histories) -> Histories:
        """Histories over the hybrid's titles, as histories over the part's."""
        if self._is_aligned:
            return histories
        titles = len(self.model.title_ids)
        matrices = (histories.preferences, histories.seen, histories.ratings, histories.ages)
        return Histories(*(_columns_moved(matrix, self.position, titles) for matrix in matrices))

    @cached_property
    def back(self) -> NDArray[np.int64]:
        """Of each title of the part, its position in the hybrid's."""
        back = np.empty(len(self.model.title_ids), dtype=np.int64)
        back[self.position[self.position >= 0]] = np.flatnonzero(self.position >= 0)
        return back

    @cached_property
    def _is_aligned(self) -> bool:
        return bool(
            len(self.position) == len(self.model.title_ids)
            and np.array_equal(self.position, np.arange(len(self.position)))
        )

    def scores(self, histories: Histories) -> Floats:
        """Viewers by the hybrid's titles; a viewer's lowest score for a title that the part does not know."""
        scores = self.model.scores(self.own(histories))
        if self._is_aligned:
            return scores
        known: Floats = scores[:, np.maximum(self.position, 0)]
        known[:, self.position < 0] = scores.min(axis=1, initial=0, keepdims=True)
        return known

    def terms(self, histories: Histories) -> Terms | None:
        """What liked titles add to the part's scores, over the hybrid's titles; None if the part cannot say it.

        To a title that the part does not know, none adds anything.
        """
        if not isinstance(self.model, Explained):
            return None
        of_part = self.model.terms(self.own(histories))

        def terms(viewer: int, titles: Positions) -> tuple[Positions, Reals]:
            at = self.position[titles]
            known = at >= 0
            liked, some = of_part(viewer, at[known])
            added = np.zeros((len(titles), len(liked)))
            added[known] = some
            return self.back[liked], added

        return terms


def _columns_moved(matrix: csr_matrix, position: NDArray[np.int64], columns: int) -> csr_matrix:
    """A matrix whose columns stand at other positions; those without one are left out, kept cells may be 0."""
    moved = position[matrix.indices]
    kept = moved >= 0
    ends = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
    found = csr_matrix((matrix.data[kept], moved[kept], ends), shape=(matrix.shape[0], columns))
    found.sort_indices()
    return found


def named_parts(recommender: str, parts: str | None, training: TrainingSet) -> str:
    """The parts that a hybrid was told to have, else the usual ones.

    Raises:
        JobError: A hybrid is among them.
    """
    named = parts or _usual_parts(training)
    if any(hybrid in named for hybrid in _HYBRIDS):
        raise JobError(
            f"recommender {recommender}: no model was fitted: parts={named} holds a hybrid; name single models"
        )
    return named


def _usual_parts(training: TrainingSet) -> str:
    """The parts that a hybrid has unless it is told.

    A linear model where it is small enough, else factors; neighbours; what was watched in the last week; and content, where
    a catalogue says more of titles than their genres.
    """
    parts = ["ials", "item_knn(neighbours=50)", "popularity(window_days=7)"]
    if len(training.title_ids) <= _EASY_TITLES:
        parts.insert(0, "ease")
    if training.catalogue is not None and says_anything(training.catalogue(), _MORE):
        parts.append("content_word2vec")
    return ", ".join(parts)


def parse(parts: str) -> list[tuple[str, dict[str, str]]]:
    """Recommenders and their parameters, as ``ease, popularity(window_days=7; half_life_days=30)`` names them.

    Raises:
        JobError: It names none, or is written otherwise.
    """
    found: list[tuple[str, dict[str, str]]] = []
    text, at = parts.strip(), 0
    while at < len(text) and (match := _PART.match(text, at)):
        pairs = [pair.split("=", 1) for pair in (match[2] or "").split(";") if pair.strip()]
        if any(len(pair) == 1 for pair in pairs):
            break
        found.append((match[1], {key.strip(): value.strip() for key, value in pairs}))
        at = match.end()
    if not found or at < len(text):
        raise JobError(f"parts={parts} cannot be read; name recommenders, such as ease, popularity(window_days=7)")
    return found


def fit_parts(parts: str, training: TrainingSet, whole: Models = ()) -> list[tuple[str, Scorer]]:
    """Fit each of the recommenders that ``parts`` names.

    Args:
        parts: The recommenders.
        training: What was known.
        whole: The same fitted on the training set that ``training`` is an earlier part of: those that learn from a catalogue
            alone, which says the same at any time, are taken from there.
    """
    fitted = iter(whole)
    found = []
    for name, given in parse(parts):
        _, again = next(fitted, (name, None))
        if again is None or name not in _OF_CATALOGUES:
            again = _fit_or_kept(name, recommenders.parameters_of(name, given), training)
        found.append((name, again))
    return found


_KEPT: ContextVar[OrderedDict[Any, Scorer] | None] = ContextVar("kept", default=None)
_MOST_KEPT_BYTES = 2 << 30
"""Of the arrays of fitted parts that are kept: EASE of 8,000 titles takes 256 MB, for each window, rung and variant of it."""


@contextmanager
def parts_kept() -> Iterator[None]:
    """Within, parts that were fitted on the same rows with the same parameters are taken again, not fitted again.

    A search tries one hybrid in many ways; most of them change what is made of the parts, not the parts.
    """
    token = _KEPT.set(OrderedDict())
    try:
        yield
    finally:
        _KEPT.reset(token)


def _fit_or_kept(name: str, parameters: Any, training: TrainingSet) -> Scorer:
    """A recommender fitted on a training set: now, or before."""
    kept = _KEPT.get()
    fit = recommenders.find(name).fit
    if kept is None:
        return fit(training, parameters)
    key = (training.digest, name, parameters)
    if key not in kept:
        kept[key] = fit(training, parameters)
    kept.move_to_end(key)
    found, size = kept[key], sum(map(_bytes_of, kept.values()))
    while size > _MOST_KEPT_BYTES:
        _, oldest = kept.popitem(last=False)
        size -= _bytes_of(oldest)
    return found


def _bytes_of(model: Scorer) -> int:
    """What a model's arrays and matrices take."""
    held = list(vars(model).values())
    arrays = [one for one in held if isinstance(one, np.ndarray)]
    arrays += [part for one in held if isinstance(one, csr_matrix) for part in (one.data, one.indices, one.indptr)]
    return sum(one.nbytes for one in arrays)


def aligned(models: Models, title_ids: pa.Array) -> tuple[Part, ...]:
    """The models as parts of a hybrid over some titles."""
    return tuple(
        Part(name, model, np.asarray(pc.fill_null(pc.index_in(title_ids, value_set=model.title_ids), -1), np.int64))
        for name, model in models
    )


def all_titles(models: Models, training: TrainingSet) -> pa.Array:
    """The titles that any of the models knows: watched ones by falling number of viewers, then the others by id."""
    known = pa.concat_arrays([model.title_ids for _, model in models]).unique()
    viewers = np.bincount(training.table["title"].to_numpy(), minlength=len(training.title_ids))
    watched = training.title_ids.take(pa.array(by_popularity(viewers)))
    others = known.filter(pc.invert(pc.is_in(known, value_set=watched)))
    return pa.concat_arrays([watched.filter(pc.is_in(watched, value_set=known)), others.take(pc.sort_indices(others))])


def save_parts(parts: Sequence[Part], folder: Path) -> None:
    """Write each part into a folder of its own."""
    for number, part in enumerate(parts):
        recommenders.save(part.name, part.model, folder / f"part_{number}")
    (folder / "parts.json").write_text(json.dumps([part.name for part in parts]), encoding="utf-8")


def load_parts(folder: Path, title_ids: pa.Array) -> tuple[Part, ...]:
    """Read what :func:`save_parts` wrote."""
    names = json.loads((folder / "parts.json").read_text(encoding="utf-8"))
    return aligned([(name, recommenders.load(folder / f"part_{n}")) for n, name in enumerate(names)], title_ids)
