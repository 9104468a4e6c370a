"""Content by TF-IDF: titles that resemble those that the viewer likes, those that nobody has watched yet included.

A title is the concatenation of one TF-IDF vector a field (Spark MLlib's HashingTF and IDF), each of the field's weight in
length; a viewer is the weighted sum of the liked titles; the score is their cosine. Salton and Buckley (1988),
"Term-weighting approaches in automatic text retrieval"; Pazzani and Billsus (2007), "Content-based recommendation systems".
"""

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from pyspark.ml.feature import IDF, HashingTF
from pyspark.sql import DataFrame
from scipy.sparse import csr_matrix, hstack

from jobs.scoring.content import describe, over_lengths, tokenize
from jobs.scoring.histories import Histories
from jobs.scoring.neighbours import norms_of
from jobs.scoring.reasons import Positions, Reals, Terms, weighted_terms
from jobs.scoring.space import Real, Space
from jobs.scoring.stored import store, stored
from jobs.scoring.top_n import Floats
from jobs.scoring.training_set import TrainingSet
from jobs.scoring.unit_rows import unit_rows

_BUCKETS = 1 << 17
"""Tokens of a field are hashed into so many columns: of 60,000 different ones a quarter share theirs with another."""

Weight = Annotated[float, Field(ge=0, le=100)]


@checked(frozen=True)
class Parameters:
    """How much each field says: the length of its part of a title's vector, before the whole is given length 1."""

    genres: Weight = 1.0
    """Genres."""
    directors: Weight = 0.7
    """Names of directors."""
    writers: Weight = 0.5
    """Names of writers."""
    leading_cast: Weight = 0.5
    """Names of the first five of the cast."""
    keywords: Weight = 1.0
    """TMDb keywords."""
    words: Weight = 0.5
    """Words of the overview."""
    unwatched: Annotated[int, Field(ge=0, le=100_000)] = 20_000
    """At most so many titles that nobody has watched: those of which the catalogue says most."""


SPACE: Space = {
    field: Real(0.05, 3.0, log=True)
    for field in ("genres", "directors", "writers", "leading_cast", "keywords", "words")
}


@dataclass(frozen=True)
class Model:
    """Titles by tokens of TF-IDF, rows of length 1; zeros for a title that the catalogue does not know."""

    title_ids: pa.Array
    vectors: csr_matrix
    parameters: Parameters

    @cached_property
    def _by_token(self) -> csr_matrix:
        return self.vectors.T.tocsr()

    def scores(self, histories: Histories) -> Floats:
        """Viewers by titles of cosines between 0 and 1."""
        profiles = unit_rows(histories.preferences @ self.vectors)
        scores: Floats = (profiles @ self._by_token).toarray().astype(np.float32, copy=False)
        return scores

    def terms(self, histories: Histories) -> Terms:
        """Each liked title's own cosine, times its share of the viewer's profile."""

        def similar(known: Positions, titles: Positions) -> Reals:
            cosines: Reals = (self.vectors[known] @ self.vectors[titles].T).toarray()
            return cosines

        profiles = histories.preferences @ self.vectors
        return weighted_terms(over_lengths(histories.preferences, norms_of(profiles)), similar)

    def likeness(self, rows: NDArray[np.int64]) -> Floats:
        """Some titles by all titles of cosines."""
        return np.asarray((self.vectors[rows] @ self._by_token).toarray(), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the arrays of one sparse matrix, and two JSON files."""
        store(folder, self.title_ids, self.parameters, {"vectors": self.vectors})


def fit(training: TrainingSet, parameters: Parameters) -> Model:
    """Weigh what the catalogue says of each title.

    Raises:
        JobError: Nothing is known of titles.
    """
    described = describe(training, "content_tfidf", parameters.unwatched)
    rows = tokenize(training.spark(), described.profiles).persist()
    try:
        weights = {field: weight for field, weight in asdict(parameters).items() if field in SPACE}
        parts = [
            weight * unit_rows(_tfidf(rows, field, len(described.title_ids)))
            for field, weight in weights.items()
            if weight
        ]
    finally:
        rows.unpersist()
    if not parts:
        return Model(described.title_ids, csr_matrix((len(described.title_ids), 1), dtype=np.float32), parameters)
    return Model(described.title_ids, unit_rows(hstack(parts, format="csr")), parameters)


def _tfidf(rows: DataFrame, field: str, titles: int) -> csr_matrix:
    """Titles by hashed tokens of one field."""
    counted = HashingTF(inputCol=field, outputCol="counts", numFeatures=_BUCKETS).transform(rows)
    weighed = IDF(inputCol="counts", outputCol="weighed").fit(counted).transform(counted)
    found = weighed.select("position", "weighed").toArrow().combine_chunks()
    vectors = found["weighed"].combine_chunks()
    indices, values = vectors.field("indices"), vectors.field("values")
    position = np.repeat(found["position"].to_numpy(), np.asarray(indices.value_lengths()))
    cells = (values.flatten().to_numpy(), (position, indices.flatten().to_numpy()))
    return csr_matrix(cells, shape=(titles, _BUCKETS), dtype=np.float32)


def load(folder: Path) -> Model:
    """Read what ``save`` wrote; the arrays stay on disk, mapped into memory."""
    held = stored(folder)
    return Model(held.title_ids, held.matrix("vectors"), Parameters(**held.parameters))
