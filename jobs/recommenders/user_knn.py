"""User-based nearest neighbours: a viewer gets what viewers with a similar history liked.

Herlocker, Konstan, Borchers and Riedl (1999), "An algorithmic framework for performing collaborative filtering"; weighting
and shrinkage as in Ferrari Dacrema et al. (2019), "Are we really making much progress?".

Other recommenders hold titles only. This one cannot do without histories of others: it holds those of a capped number of
*reference viewers*, as rows of titles and weights without user_id, dates or ratings, and of titles that several viewers
like. That makes nobody anonymous: who knows part of a long history recognises the rest of it, as Narayanan and Shmatikov
(2008), "Robust de-anonymization of large sparse datasets", showed. Its artifacts are personal data: keep them as you keep
the preferences themselves. A viewer who is among the references is like any other to the model, and uses one of its own
neighbours up.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from scipy.sparse import csr_matrix

from jobs.errors import JobError
from jobs.scoring.histories import Histories
from jobs.scoring.liked import faded, liked, rows_of
from jobs.scoring.neighbours import Weigher, Weighting, most_similar, norms_of
from jobs.scoring.reasons import Cells, Positions, Reals, Terms
from jobs.scoring.space import Choice, Real, Space, Whole
from jobs.scoring.stored import store, stored
from jobs.scoring.top_n import Floats
from jobs.scoring.training_set import TrainingSet


@checked(frozen=True)
class Parameters:
    """Hyper-parameters under their names in Ferrari Dacrema et al. (2019), and how many histories are kept."""

    neighbours: Annotated[int, Field(ge=1, le=5000)] = 50
    """k: viewers that a viewer's scores come from, the most similar ones."""
    shrinkage: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 5.0
    """Added to the product of two viewers' lengths: short histories do not look alike by chance."""
    weighting: Weighting = "tfidf"
    """What a preference says of a viewer: cosine its weight, tfidf and bm25 less if many like the title."""
    half_life_days: Annotated[float | None, Field(gt=0)] = None
    """Days after which a preference counts half, when fitting and when scoring; never, if None."""
    reference_viewers: Annotated[int, Field(ge=1, le=100_000)] = 10_000
    """Histories that are kept: of the viewers who did something last, then of those who like most."""
    fewest_viewers: Annotated[int, Field(ge=1)] = 5
    """Titles that fewer viewers like are left out of the histories: a rare title points at who watched it."""


SPACE: Space = {
    "neighbours": Whole(10, 500, log=True),
    "shrinkage": Real(0.1, 100.0, log=True),
    "weighting": Choice(("cosine", "tfidf", "bm25")),
    "half_life_days": Choice((None, 10, 30, 90, 180, 365)),
}


@dataclass(frozen=True)
class Model:
    """Histories of reference viewers, of whom nothing but the row is known."""

    title_ids: pa.Array
    references: csr_matrix
    """Reference viewers by titles of positive weights."""
    idf: Floats
    mean_length: float
    parameters: Parameters
    lead: ClassVar[str] = "liked by viewers who, like you, liked "
    """What a reason begins with: its titles are those that made the neighbours alike."""

    @cached_property
    def _weigher(self) -> Weigher:
        """How the references were weighed, for those who are compared with them."""
        return Weigher(self.parameters.weighting, self.idf, self.mean_length)

    @cached_property
    def _compared(self) -> tuple[csr_matrix, NDArray[np.float64]]:
        """Titles by references, weighed, and the references' lengths."""
        weighed = self._weigher.weigh(self.references)
        return weighed.T.tocsr(), norms_of(weighed)

    def scores(self, histories: Histories) -> Floats:
        """Viewers by titles: the neighbours' preference weights, each times the neighbour's similarity."""
        near, _ = self._near(histories)
        scores: Floats = (near @ self.references).toarray().astype(np.float32, copy=False)
        return scores

    def _near(self, histories: Histories) -> tuple[csr_matrix, csr_matrix]:
        """Viewers by references of the neighbours' similarities, and viewers by titles as they were compared."""
        by_title, lengths = self._compared
        viewers = self._weigher.weigh(faded(histories, self.parameters.half_life_days))
        near = most_similar(
            csr_matrix(viewers @ by_title),
            norms_of(viewers),
            lengths,
            self.parameters.neighbours,
            self.parameters.shrinkage,
        )
        return near, viewers

    def terms(self, histories: Histories) -> Terms:
        """What each liked title does to make neighbours alike, times the neighbours' weight of the other title.

        A similarity is a sum over the titles that both like, and so is a score that similarities add up to.
        """
        near, viewers = self._near(histories)
        by_title, lengths = self._compared
        norms = norms_of(viewers)
        compared, liked = Cells(by_title), Cells(self.references)

        def terms(viewer: int, titles: Positions) -> tuple[Positions, Reals]:
            own = slice(viewers.indptr[viewer], viewers.indptr[viewer + 1])
            known = viewers.indices[own]
            neighbours = near.indices[near.indptr[viewer] : near.indptr[viewer + 1]]
            below = (norms[viewer] * lengths[neighbours] + self.parameters.shrinkage).astype(np.float32)
            alike = compared(known, neighbours) * viewers.data[own][:, np.newaxis] / below
            return known, (alike @ liked(neighbours, titles)).T

        return terms

    def save(self, folder: Path) -> None:
        """Write a sparse matrix and two arrays, and two JSON files."""
        counted = {"idf": self.idf, "mean_length": np.array([self.mean_length])}
        store(folder, self.title_ids, self.parameters, {"references": self.references, **counted})


def fit(training: TrainingSet, parameters: Parameters) -> Model:
    """Keep the references' histories, over every title with a positive weight, most popular first.

    Raises:
        JobError: Nobody likes anything, or nothing that so many like.
    """
    known = liked(training, parameters.half_life_days)
    shared = _shared(known.preferences, parameters.fewest_viewers)
    references = csr_matrix(shared[_references(training, shared, parameters.reference_viewers)])
    weigher = Weigher.of(references, parameters.weighting)
    return Model(known.title_ids, references, weigher.idf, weigher.mean_length, parameters)


def _shared(preferences: csr_matrix, fewest: int) -> csr_matrix:
    """The cells of titles that at least so many viewers like."""
    kept = np.bincount(preferences.indices, minlength=preferences.shape[1])[preferences.indices] >= fewest
    if not kept.any():
        raise JobError(
            f"no model was fitted: no title is liked by {fewest} viewers or more; deliver more, or lower fewest_viewers"
        )
    ends = np.concatenate([[0], np.cumsum(kept)])[preferences.indptr]
    return csr_matrix((preferences.data[kept], preferences.indices[kept], ends), shape=preferences.shape)


def _references(training: TrainingSet, preferences: csr_matrix, count: int) -> NDArray[np.intp]:
    """Viewers who like something: the newest ``count``, then in the order of how much they like."""
    lengths = np.diff(preferences.indptr)
    ages = training.histories.ages
    viewer = rows_of(ages)
    newest = np.full(len(lengths), np.inf)
    np.minimum.at(newest, viewer, ages.data)
    order = np.lexsort((np.arange(len(lengths)), -lengths, newest))
    chosen = order[lengths[order] > 0][:count]
    # In another order than the viewers', so that a row's number says nothing of whose it is.
    shown: NDArray[np.intp] = chosen[np.lexsort((chosen, newest[chosen], -lengths[chosen]))]
    return shown


def load(folder: Path) -> Model:
    """Read what ``save`` wrote, mapped into memory."""
    held = stored(folder)
    return Model(
        held.title_ids,
        held.matrix("references"),
        held.array("idf"),
        float(held.array("mean_length")[0]),
        Parameters(**held.parameters),
    )
