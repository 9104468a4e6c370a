"""The nearest titles of each title: by what a model learned of viewers' tastes, and by what catalogues say.

Exact, in blocks, in Spark tasks: each makes the similarities of some titles with all, and keeps the largest. Python workers
import this module: it imports neither Great Expectations nor MLflow.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import feather
from pyspark.sql import DataFrame, SparkSession
from scipy.sparse import csr_matrix

from jobs.recommenders import held
from jobs.scoring.parts import Part
from jobs.scoring.shared import Features
from jobs.scoring.title_vectors import Vectors
from jobs.scoring.top_n import FILTERED, FactorScorer, Floats, Scorer, best_of, ranks_within
from jobs.scoring.unit_rows import dense_unit_rows

TASTE, CONTENT = "taste", "content"
"""Viewers' tastes, as the champion knows them; what catalogues say."""
_CELLS_AT_ONCE = 16_000_000
"""Similarities in memory at once: 64 MB of float32, and as much again while the largest are found."""
_MOST_TASKS = 64
"""Enough for any machine's cores: each reads the catalogue once."""
_SHARED = 3
"""Features told of a pair."""
_STEPS = np.float32(1 << 20)
"""Similarities are told apart to 1 / this: titles of which the same is said are equally near, however a product rounds."""
_FOUND = (
    "title_id string, kind string, rank int, similar_title_id string, title string, similar_title string, "
    "similarity double, shared string"
)


@runtime_checkable
class Likeness(Protocol):
    """A model that weighs titles by each other: what it learned says by itself how alike two of them are."""

    def likeness(self, rows: NDArray[np.int64]) -> Floats:
        """Some of its titles by all of them: how much the first speaks for the second; a new array."""
        ...


@runtime_checkable
class _Hybrid(Protocol):
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Nearness:
    """How alike some titles are."""

    title_ids: pa.Array
    similarities: Callable[[NDArray[np.int64]], Floats]
    """Positions of titles → similarities to all titles, a row each."""


def taste_of(model: Scorer, name: str) -> tuple[str, Nearness] | None:
    """How alike a model holds titles to be; of a hybrid its first part that tells.

    Weights between titles where it has them, else the cosines of their factors.

    Args:
        model: The model.
        name: Its recommender.

    Returns:
        The recommender that tells, and the nearness; None where all that it knows of a title is one number, or viewers.
    """
    if isinstance(model, Likeness):
        return name, Nearness(model.title_ids, model.likeness)
    if isinstance(model, _Hybrid):
        return next((told for part in model.parts if (told := taste_of(part.model, part.name))), None)
    if isinstance(model, FactorScorer) and model.factors.shape[1] > 1:
        unit = dense_unit_rows(np.asarray(model.factors))
        return name, Nearness(model.title_ids, lambda rows: unit[rows] @ unit.T)
    return None


@dataclass(frozen=True)
class Catalogue:
    """The titles that are told of, and those of them that may be told of as similar ones."""

    titles: pa.Table
    """title_id, title, is_listable: a row per title, in the order of the positions."""
    features: Features

    @property
    def title_ids(self) -> pa.Array:
        """Identifiers in order of position."""
        return self.titles["title_id"].combine_chunks()

    def save(self, folder: Path) -> None:
        """Write into a folder that is there."""
        feather.write_feather(self.titles, str(folder / "titles.arrow"), compression="uncompressed")
        self.features.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        return cls(feather.read_table(str(folder / "titles.arrow")).combine_chunks(), Features.load(folder))

    def nearest(self, kind: str, near: Nearness, rows: NDArray[np.int64], most: int) -> pa.RecordBatch:
        """The nearest titles of some, nearest first; equal ones in order of position.

        Args:
            kind: What the rows are called.
            near: Similarities.
            rows: Positions among the nearness's titles.
            most: At most so many of each.
        """
        place = np.asarray(pc.fill_null(pc.index_in(near.title_ids, value_set=self.title_ids), -1)).astype(np.int64)
        rows = rows[place[rows] >= 0]
        listable = np.asarray(self.titles["is_listable"].combine_chunks())
        excluded = np.flatnonzero((place < 0) | ~listable[place]).astype(np.int32)
        own = csr_matrix((np.ones(len(rows), np.float32), (np.arange(len(rows)), rows)), shape=(len(rows), len(place)))
        similarities = near.similarities(rows)
        np.rint(np.multiply(similarities, _STEPS, out=similarities), out=similarities)
        similarities /= _STEPS
        similarities[similarities <= 0] = FILTERED
        positions, scores = best_of(similarities, own, excluded, most)
        order = np.lexsort((place[positions], -scores), axis=1)[:, :most]
        positions, scores = np.take_along_axis(positions, order, axis=1), np.take_along_axis(scores, order, axis=1)
        there = scores > FILTERED
        row, _ = np.nonzero(there)
        return self._rows(kind, row, place[rows[row]], place[positions[there]], scores[there])

    def _rows(
        self, kind: str, row: NDArray[np.intp], left: NDArray[np.int64], right: NDArray[np.int64], score: Floats
    ) -> pa.RecordBatch:
        """Pairs of positions, in order, as rows of the table."""
        ids, names = self.title_ids, self.titles["title"].combine_chunks()
        of_left, of_right = pa.array(left), pa.array(right)
        columns = {
            "title_id": ids.take(of_left),
            "kind": pa.repeat(kind, len(row)),
            "rank": pa.array(ranks_within(row) + 1, pa.int32()),
            "similar_title_id": ids.take(of_right),
            "title": names.take(of_left),
            "similar_title": names.take(of_right),
            "similarity": pa.array(score.astype(np.float64)),
            "shared": self.features.words(self.features.shared(left, right, _SHARED)),
        }
        return pa.RecordBatch.from_pydict(columns)


@dataclass(frozen=True)
class Question:
    """What tasks are to find, by the paths where it is kept."""

    folder: str
    """Where the catalogue was saved, and vectors in a folder named by their kind."""
    model: str | None
    """Folder of the model that tells of tastes; None where vectors do."""
    recommender: str
    most: int

    def kinds(self) -> Mapping[str, Nearness]:
        """Every way to be alike."""
        found = {kind: _vectors(self.folder, kind) for kind in (TASTE, CONTENT) if (Path(self.folder) / kind).exists()}
        if self.model is not None and (told := _taste(self.model, self.recommender)):
            found[TASTE] = told[1]
        return found


def find_similar(spark: SparkSession, question: Question) -> DataFrame:
    """The nearest titles of every title, by every kind of nearness.

    Args:
        spark: The session.
        question: What is asked, at paths that workers see too.

    Returns:
        One row per title, kind and rank.
    """
    blocks = sum(len(list(_blocks(near))) for near in question.kinds().values())
    tasks = spark.range(0, blocks, 1, max(1, min(blocks, _MOST_TASKS)))

    def make(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        catalogue = _catalogue(question.folder)
        work = [(kind, near, rows) for kind, near in question.kinds().items() for rows in _blocks(near)]
        for batch in batches:
            for number in batch.column(0).to_pylist():
                kind, near, rows = work[number]
                yield catalogue.nearest(kind, near, rows, question.most)

    return tasks.mapInArrow(make, _FOUND)


def _blocks(near: Nearness) -> Iterator[NDArray[np.int64]]:
    """All positions, some at a time."""
    titles = len(near.title_ids)
    size = max(1, _CELLS_AT_ONCE // max(1, titles))
    return (np.arange(start, min(start + size, titles)) for start in range(0, titles, size))


@lru_cache(maxsize=1)
def _catalogue(folder: str) -> Catalogue:
    return Catalogue.load(Path(folder))


@lru_cache(maxsize=2)
def _vectors(folder: str, kind: str) -> Nearness:
    return Nearness(_catalogue(folder).title_ids, Vectors.load(Path(folder) / kind).similarities)


@lru_cache(maxsize=1)
def _taste(folder: str, recommender: str) -> tuple[str, Nearness] | None:
    return taste_of(held(folder), recommender)
