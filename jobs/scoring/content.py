"""What catalogues say of titles, as tokens that content models count: genres, names, keywords, words of the overview."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.ml.feature import RegexTokenizer, StopWordsRemover
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

from jobs.errors import JobError
from jobs.scoring.liked import by_popularity, rows_of
from jobs.scoring.training_set import TrainingSet

LISTS = ("genres", "directors", "writers", "leading_cast", "keywords")
"""Columns of silver.title_profiles that say what a title is like, one token an element."""
FIELDS = (*LISTS, "overview")
_SHORTEST_WORD = 3


@dataclass(frozen=True)
class Described:
    """The titles of a content model: watched ones by falling number of viewers, then unwatched ones by id."""

    title_ids: pa.Array
    profiles: pa.Table
    """The fields of those that the catalogue knows, with ``position`` among ``title_ids``, in its order."""


def describe(training: TrainingSet, recommender: str, unwatched: int) -> Described:
    """The titles that somebody had to do with, and those that only the catalogue knows.

    Args:
        training: What was known.
        recommender: Who asks, for the message.
        unwatched: At most so many titles that nobody had to do with: those of which the catalogue says most.

    Raises:
        JobError: Nothing is known of titles.
    """
    catalogue = training.catalogue() if training.catalogue is not None else None
    if catalogue is None or not says_anything(catalogue):
        raise JobError(
            f"recommender {recommender}: no model was fitted: nothing is known of titles; deliver a catalogue, "
            "or take a recommender that needs none"
        )
    profiles = catalogue.select(["title_id", *FIELDS]).combine_chunks()
    viewers = np.bincount(training.table["title"].to_numpy(), minlength=len(training.title_ids))
    watched = training.title_ids.take(pa.array(by_popularity(viewers)))
    others = profiles.filter(pc.invert(pc.is_in(profiles["title_id"], value_set=watched)))
    title_ids = pa.concat_arrays([watched, _best_known(others, unwatched)])
    position = pc.index_in(profiles["title_id"], value_set=title_ids)
    known = profiles.append_column("position", position).filter(pc.is_valid(position))
    return Described(title_ids, known.sort_by("position").drop_columns("title_id"))


def says_anything(catalogue: pa.Table, lists: Sequence[str] = LISTS) -> bool:
    """Whether any title has more than a name: something in one of the lists, or an overview."""
    return any(pc.any(pc.greater(pc.list_value_length(catalogue[name]), 0)).as_py() for name in lists) or bool(
        pc.any(pc.is_valid(catalogue["overview"])).as_py()
    )


def _best_known(profiles: pa.Table, most: int) -> pa.Array:
    """Ids, in their order, of the titles that the catalogue says most of."""
    profiles = profiles.sort_by("title_id")
    said = np.asarray(pc.is_valid(profiles["overview"]), dtype=np.int64)
    for name in LISTS:
        said += np.asarray(pc.fill_null(pc.list_value_length(profiles[name]), 0))
    best = np.argsort(-said, kind="stable")[:most]
    return profiles["title_id"].combine_chunks().take(pa.array(np.sort(best)))


def tokenize(spark: SparkSession, profiles: pa.Table) -> DataFrame:
    """Profiles on Spark, with ``words`` in place of the overview: lower case, of three letters and more, no stop words."""
    rows = spark.createDataFrame(profiles)
    lists = [F.coalesce(name, F.array().cast("array<string>")).alias(name) for name in LISTS]
    words = RegexTokenizer(
        inputCol="overview", outputCol="all_words", pattern=r"[^\p{L}\p{N}]+", minTokenLength=_SHORTEST_WORD
    )
    remover = StopWordsRemover(inputCol="all_words", outputCol="words")
    filled = rows.select("position", *lists, F.coalesce("overview", F.lit("")).alias("overview"))
    return remover.transform(words.transform(filled)).select("position", *LISTS, "words")


def over_lengths(preferences: csr_matrix, lengths: NDArray[np.float64]) -> csr_matrix:
    """Preference weights over the length of the viewer's profile: a cosine is the sum of the liked titles' own, so weighed."""
    weights = preferences.data / np.where(lengths > 0, lengths, np.inf)[rows_of(preferences)]
    return csr_matrix((weights.astype(np.float32), preferences.indices, preferences.indptr), shape=preferences.shape)
