"""Content models: what catalogues say of titles, weighed by hand; titles that nobody has watched yet."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession
from scipy.sparse import csr_matrix

from jobs.errors import JobError
from jobs.recommenders import content_tfidf, content_word2vec
from jobs.scoring.content import tokenize
from jobs.scoring.histories import Histories
from jobs.scoring.top_n import Scorer, top_titles
from jobs.scoring.training_set import TrainingSet
from tests.recommenders.planted import catalogue, in_memory

BOTH = pytest.mark.parametrize(
    ("model", "parameters"),
    [
        (content_tfidf, content_tfidf.Parameters()),
        (content_word2vec, content_word2vec.Parameters(vector_size=8, min_count=1)),
    ],
)
PLANTED: dict[str, dict[str, object]] = {
    "wet": {"genres": ["Adventure"], "directors": ["Ann Sea"], "keywords": ["ship"], "overview": "A sailor at sea."},
    "dry": {
        "genres": ["Western"],
        "directors": ["Bo Sand"],
        "keywords": ["desert"],
        "overview": "A rider in the sand.",
    },
    "new and wet": {
        "genres": ["Adventure"],
        "directors": ["Ann Sea"],
        "keywords": ["ship"],
        "overview": "Sailor, sea!",
    },
    "new and dry": {
        "genres": ["Western"],
        "directors": ["Bo Sand"],
        "keywords": ["desert"],
        "overview": "Rider: sand.",
    },
}


def known(spark: SparkSession, said: Mapping[str, Mapping[str, object]]) -> TrainingSet:
    """Two viewers of the wet title and one of the dry one, which is all that anybody has watched."""
    watched = in_memory([(0, 1, 1.0), (1, 1, 1.0), (1, 0, 1.0)], ["dry", "wet"])
    return replace(watched, spark=lambda: spark, catalogue=partial(catalogue, said))


def list_of(model: Scorer, liked: str) -> list[str]:
    names = model.title_ids.to_pylist()
    taste = csr_matrix([[float(name == liked) for name in names]], dtype=np.float32)
    _, position, *_ = top_titles(model, Histories.of(taste), len(names))
    return [names[at] for at in position]


@BOTH
def test_a_title_that_nobody_has_watched_is_recommended_to_those_who_like_its_kind(
    spark: SparkSession, model: Any, parameters: Any
) -> None:
    fitted = model.fit(known(spark, PLANTED), parameters)

    assert fitted.title_ids.to_pylist() == ["wet", "dry", "new and dry", "new and wet"]
    assert list_of(fitted, "wet")[0] == "new and wet"
    assert list_of(fitted, "dry")[0] == "new and dry"


@BOTH
def test_a_watched_title_that_the_catalogue_does_not_know_is_listed_and_resembles_nothing(
    spark: SparkSession, model: Any, parameters: Any
) -> None:
    fitted = model.fit(known(spark, {name: PLANTED[name] for name in PLANTED if name != "dry"}), parameters)

    assert fitted.title_ids.to_pylist() == ["wet", "dry", "new and dry", "new and wet"]
    assert list_of(fitted, "wet")[0] == "new and wet"
    assert not fitted.scores(Histories.of(csr_matrix([[0.0, 1.0, 0.0, 0.0]], dtype=np.float32))).any()


@BOTH
def test_of_too_many_unwatched_titles_those_best_known_are_taken(
    spark: SparkSession, model: Any, parameters: Any
) -> None:
    bare: dict[str, dict[str, object]] = {"a bare one": {"genres": ["Western"]}, "z bare": {"genres": ["Western"]}}

    fitted = model.fit(known(spark, bare | PLANTED), replace(parameters, unwatched=3))

    assert fitted.title_ids.to_pylist() == ["wet", "dry", "a bare one", "new and dry", "new and wet"]


@BOTH
def test_where_nothing_is_known_of_titles_it_is_said(spark: SparkSession, model: Any, parameters: Any) -> None:
    for nothing in (None, partial(catalogue, {}), partial(catalogue, {"a name and no more": {}})):
        with pytest.raises(JobError, match="no model was fitted: nothing is known of titles; deliver a catalogue"):
            model.fit(replace(known(spark, PLANTED), catalogue=nothing), parameters)


def test_tfidf_is_the_cosine_of_fields_each_of_its_weight(spark: SparkSession) -> None:
    said: dict[str, dict[str, object]] = {
        "dry": {"genres": ["Drama"], "keywords": ["sand"]},
        "wet": {"genres": ["Drama", "Crime"]},
        "third": {"genres": ["Comedy"], "keywords": ["sand"]},
    }
    weights = content_tfidf.Parameters(genres=1.0, keywords=2.0)

    model = content_tfidf.fit(known(spark, said), weights)

    # MLlib's IDF: ln((titles + 1) / (titles with it + 1)).
    often, once = np.log(4 / 3), np.log(4 / 2)
    drama, sand = {"wet": often / np.hypot(often, once), "dry": 1.0}, 2 / np.sqrt(5)
    like_dry = model.scores(Histories.of(csr_matrix([[0.0, 1.0, 0.0]], dtype=np.float32)))[0]
    assert model.title_ids.to_pylist() == ["wet", "dry", "third"]
    assert like_dry.tolist() == pytest.approx([drama["wet"] / np.sqrt(5), 1.0, sand**2], abs=1e-6)


def test_word2vec_weighs_rare_words_more(spark: SparkSession) -> None:
    counts = csr_matrix([[1, 1], [1, 0], [1, 0]])
    vectors = np.array([[1.0, 0.0], [0.0, 1.0]])

    found = content_word2vec._mean_vectors(counts, vectors)

    # Everybody's word says nothing, ln(4 / 4) = 0: what is left has the direction of the rare one, or none.
    assert found.tolist() == [[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]


def test_overviews_are_words_of_three_letters_and_more_without_stop_words(spark: SparkSession) -> None:
    said = catalogue({"a": {"overview": "The Naïve Sailor's tale: at 12 o'clock, AD 1999!"}, "b": {}})
    rows = said.append_column("position", [[0, 1]]).drop_columns("title_id")

    words = {row["position"]: row["words"] for row in tokenize(spark, rows).collect()}

    assert words == {0: ["naïve", "sailor", "tale", "clock", "1999"], 1: []}
