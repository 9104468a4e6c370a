"""Content by Word2Vec: the tokens of all fields as embeddings, learned by Spark MLlib from which of them go together.

A title is the mean of its tokens' vectors weighed by their rarity (IDF), a viewer the weighted sum of the liked titles; the
score is their cosine, a product of factors. Mikolov et al. (2013), "Distributed representations of words and phrases and
their compositionality"; Ozsoy (2016), "From word embeddings to item recommendation".
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from pyspark.ml.feature import Word2Vec
from pyspark.sql import Column
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

from jobs.scoring.content import LISTS, describe, over_lengths, tokenize
from jobs.scoring.histories import Histories
from jobs.scoring.reasons import Terms, weighted_terms
from jobs.scoring.space import Real, Space, Whole
from jobs.scoring.stored import store, stored
from jobs.scoring.top_n import Floats
from jobs.scoring.training_set import TrainingSet
from jobs.scoring.unit_rows import dense_unit_rows


@checked(frozen=True)
class Parameters:
    """Hyper-parameters under their names in Spark MLlib."""

    vector_size: Annotated[int, Field(ge=1, le=512)] = 64
    """Dimensions of the embeddings."""
    window_size: Annotated[int, Field(ge=1, le=100)] = 10
    """Tokens on either side that belong together: the order of a title's tokens means little."""
    min_count: Annotated[int, Field(ge=1)] = 2
    """Tokens of fewer titles say nothing of others."""
    iterations: Annotated[int, Field(ge=1, le=100)] = 5
    """Passes over all titles."""
    step_size: Annotated[float, Field(gt=0, le=1)] = 0.025
    """Learning rate of the first pass."""
    unwatched: Annotated[int, Field(ge=0, le=100_000)] = 20_000
    """At most so many titles that nobody has watched: those of which the catalogue says most."""
    seed: int = 7
    """Seed of the first vectors."""


SPACE: Space = {
    "vector_size": Whole(32, 128, log=True),
    "window_size": Whole(3, 30, log=True),
    "iterations": Whole(2, 10),
    "step_size": Real(0.005, 0.1, log=True),
}


@dataclass(frozen=True)
class Model:
    """Title vectors of length 1; zeros for a title that the catalogue does not know."""

    title_ids: pa.Array
    factors: Floats
    parameters: Parameters

    def viewer_factors(self, histories: Histories) -> Floats:
        """Weighted sums of the liked titles' vectors, of length 1."""
        return dense_unit_rows(np.asarray(histories.preferences @ self.factors))

    def scores(self, histories: Histories) -> Floats:
        """Viewers by titles of cosines."""
        return self.viewer_factors(histories) @ self.factors.T

    def terms(self, histories: Histories) -> Terms:
        """Each liked title's own cosine, times its share of the viewer's vector."""
        lengths = np.linalg.norm(np.asarray(histories.preferences @ self.factors, dtype=np.float64), axis=1)
        weights = over_lengths(histories.preferences, lengths)
        return weighted_terms(weights, lambda known, titles: self.factors[known] @ self.factors[titles].T)

    def save(self, folder: Path) -> None:
        """Write one array and two JSON files."""
        store(folder, self.title_ids, self.parameters, {"factors": self.factors})


def fit(training: TrainingSet, parameters: Parameters) -> Model:
    """Embed the tokens, in one partition and in order of position, as sums follow the order of rows.

    Raises:
        JobError: Nothing is known of titles.
    """
    described = describe(training, "content_word2vec", parameters.unwatched)
    # Functions of columns need the session to be there.
    spark = training.spark()
    tokens = F.concat(*(_of_field(field) for field in (*LISTS, "words"))).alias("tokens")
    rows = tokenize(spark, described.profiles).select("position", tokens)
    rows = rows.coalesce(1).sortWithinPartitions("position").persist()
    try:
        learned = Word2Vec(
            inputCol="tokens",
            outputCol="vector",
            vectorSize=parameters.vector_size,
            windowSize=parameters.window_size,
            minCount=parameters.min_count,
            maxIter=parameters.iterations,
            stepSize=parameters.step_size,
            numPartitions=1,
            seed=parameters.seed,
        ).fit(rows)
        found = learned.getVectors().toArrow().combine_chunks().sort_by("word")
        said = rows.toArrow().combine_chunks()
    finally:
        rows.unpersist()
    counts = _counts(said, found["word"].combine_chunks(), len(described.title_ids))
    vectors = found["vector"].combine_chunks().field("values").flatten().to_numpy().reshape(len(found), -1)
    return Model(described.title_ids, _mean_vectors(counts, vectors), parameters)


def _of_field(field: str) -> Column:
    """Tokens that name their field: a director's name is no writer's."""
    return F.transform(field, lambda token: F.concat(F.lit(f"{field}:"), token))


def _counts(tokens: pa.Table, words: pa.Array, titles: int) -> csr_matrix:
    """Titles by words: how often each is said."""
    lists = tokens["tokens"].combine_chunks()
    position = np.repeat(tokens["position"].to_numpy(), np.asarray(pc.list_value_length(lists)))
    word = np.asarray(pc.fill_null(pc.index_in(lists.flatten(), value_set=words), -1))
    known = word >= 0
    cells = (np.ones(int(known.sum())), (position[known], word[known]))
    return csr_matrix(cells, shape=(titles, len(words)))


def _mean_vectors(counts: csr_matrix, vectors: NDArray[np.float64]) -> Floats:
    """Vectors of titles, of length 1: means of their words', each weighed by ln((titles + 1) / (titles with it + 1))."""
    titles_with = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = np.log((counts.shape[0] + 1) / (titles_with + 1))
    return dense_unit_rows(np.asarray(counts @ (vectors * rarity[:, np.newaxis]), dtype=np.float32))


def load(folder: Path) -> Model:
    """Read what ``save`` wrote; the vectors stay on disk, mapped into memory."""
    held = stored(folder)
    return Model(held.title_ids, held.array("factors"), Parameters(**held.parameters))
