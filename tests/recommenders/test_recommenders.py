"""Every recommender, by its module alone: planted truth, repeatable, saved without pickling, its values checked."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession
from scipy.sparse import csr_matrix

from jobs import recommenders
from jobs.errors import JobError
from jobs.evaluation.proposing import within
from jobs.recommenders import als
from jobs.scoring.histories import Histories
from jobs.scoring.reasons import NONE, contributions
from jobs.scoring.space import Choice
from jobs.scoring.top_n import FactorScorer, Scorer, top_titles
from tests.architecture.code import PROJECT
from tests.recommenders.planted import SIZE, likes, planted, training_set

SMALL: dict[str, dict[str, str]] = {
    "blend": {"parts": "ease(reg_param=1), ials(rank=4; reg_param=0.5; alpha=10)"},
    "two_stage": {"parts": "ease(reg_param=1), popularity", "min_data_in_leaf": "1", "rounds": "20", "windows": "1"},
    "content_word2vec": {"vector_size": "8", "min_count": "1"},
    "als": {"rank": "4", "reg_param": "0.05", "alpha": "10", "iterations": "6", "seed": "3"},
    "ease": {"reg_param": "1"},
    "user_knn": {"fewest_viewers": "1"},
    "rating_als": {"rank": "2", "iterations": "2"},
    "ials": {"rank": "4", "reg_param": "0.5", "alpha": "10"},
}
"""Parameters for twelve titles, where the defaults are for thousands."""
# Of ratings that are all the same there is nothing to foretell: the rating model has planted tastes of its own.
PERSONAL = [name for name in recommenders.names() if name not in {"popularity", "rating_als"}]
LEARN_FROM_LIKES = ("als", "ease", "ials", "item_knn", "user_knn")
SUMS = ("als", "blend", "content_tfidf", "content_word2vec", "ease", "ials", "item_knn", "user_knn")
"""Recommenders whose scores are sums over what the viewer likes."""
SHUFFLED = tuple(np.random.default_rng(5).permutation(SIZE).tolist())


def parameters_of(name: str) -> Any:
    return recommenders.parameters_of(name, SMALL.get(name, {}))


@pytest.fixture(scope="module")
def fitted(spark: SparkSession) -> Any:
    """Models fitted once for all tests, by name."""
    return cache(lambda name: recommenders.find(name).fit(planted(spark), parameters_of(name)))


def first_titles(model: Scorer) -> list[str]:
    """The title that each viewer, whose history is the planted one, is given first."""
    names = model.title_ids.to_pylist()
    taste = csr_matrix([[float(likes(u, int(t[1:]))) for t in names] for u in range(SIZE)], dtype=np.float32)
    row, position, *_ = top_titles(model, Histories.of(taste), 1)
    assert row.tolist() == list(range(SIZE))
    return [names[at] for at in position]


@pytest.mark.parametrize("name", PERSONAL)
def test_finds_the_held_out_title_of_the_viewers_own_kind(fitted: Any, name: str) -> None:
    assert first_titles(fitted(name)) == [f"t{u:02d}" for u in range(SIZE)]


@pytest.mark.parametrize("name", PERSONAL)
def test_finds_it_whatever_the_order_of_titles(spark: SparkSession, name: str) -> None:
    """A model that mixes up rows and columns, or ids and positions, is right by chance at most once."""
    model = recommenders.find(name).fit(planted(spark, SHUFFLED), parameters_of(name))

    assert first_titles(model) == [f"t{u:02d}" for u in range(SIZE)]


@pytest.mark.parametrize("name", recommenders.names())
def test_fitting_twice_gives_the_same_scores(spark: SparkSession, fitted: Any, name: str) -> None:
    again = recommenders.find(name).fit(planted(spark), parameters_of(name))

    taste = Histories.of(csr_matrix(np.eye(3, len(again.title_ids), dtype=np.float32)))
    assert again.title_ids == fitted(name).title_ids
    np.testing.assert_array_equal(again.scores(taste), fitted(name).scores(taste))


@pytest.mark.parametrize("name", recommenders.names())
def test_orders_titles_by_popularity_then_id(spark: SparkSession, name: str) -> None:
    rows = [(0, 1, 1.0), (1, 1, 1.0), (0, 2, 1.0), (1, 0, 1.0)]

    model = recommenders.find(name).fit(training_set(spark, rows, ["a", "b", "c", "unknown"], 1), parameters_of(name))

    assert model.title_ids.to_pylist() == ["b", "a", "c"]


@pytest.mark.parametrize("name", recommenders.names())
def test_is_saved_as_arrays_and_json_and_scores_the_same_when_loaded(fitted: Any, name: str, tmp_path: Path) -> None:
    recommenders.save(name, fitted(name), tmp_path)

    loaded = recommenders.load(tmp_path)

    assert loaded.title_ids == fitted(name).title_ids
    taste = Histories.of(csr_matrix(np.eye(4, len(loaded.title_ids), dtype=np.float32)))
    np.testing.assert_array_equal(loaded.scores(taste), fitted(name).scores(taste))
    for file in tmp_path.rglob("*"):
        # A hybrid has folders of its parts, and LightGBM's own text.
        if file.is_dir() or file.name == "trees.txt":
            continue
        # A pickled array cannot be read so, and what is neither array nor JSON fails to parse.
        np.load(file, allow_pickle=False) if file.suffix == ".npy" else json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", recommenders.names())
def test_scores_may_be_written_over(fitted: Any, name: str) -> None:
    taste = Histories.of(csr_matrix(np.eye(4, len(fitted(name).title_ids), dtype=np.float32)))
    first = fitted(name).scores(taste)
    kept = first.copy()

    first[:] = -1.0

    np.testing.assert_array_equal(fitted(name).scores(taste), kept)


@pytest.mark.parametrize("name", SUMS)
def test_what_the_viewers_own_titles_add_is_what_tells_titles_apart(fitted: Any, name: str) -> None:
    """Up to what is the same for every title; what popularity adds comes of nothing that the viewer did."""
    model = fitted(name)
    names = model.title_ids.to_pylist()
    taste = csr_matrix([[float(likes(u, int(t[1:]))) for t in names] for u in range(SIZE)], dtype=np.float32)
    histories = Histories.of(taste)

    terms, scores = model.terms(histories), model.scores(histories)

    for viewer in range(SIZE):
        liked, added = terms(viewer, np.arange(SIZE))
        assert set(liked) <= set(taste[viewer].indices)
        np.testing.assert_allclose(np.diff(added.sum(axis=1)), np.diff(scores[viewer]), atol=2e-5)


@pytest.mark.parametrize("name", recommenders.names())
def test_gives_a_title_of_the_viewers_own_kind_as_the_reason(fitted: Any, name: str) -> None:
    model = fitted(name)
    names = model.title_ids.to_pylist()
    taste = csr_matrix([[float(likes(u, int(t[1:]))) for t in names] for u in range(SIZE)], dtype=np.float32)
    histories = Histories.of(taste)
    row, position, *_ = top_titles(model, histories, 3)

    own, added = contributions(model, histories, row, position)

    assert ((own == NONE) == (added == 0)).all()
    assert (np.diff(added, axis=1) <= 0).all()
    named = own != NONE
    assert (taste.toarray()[np.repeat(row, 3)[named.ravel()], own[named]] > 0).all()
    if name in (*SUMS, "two_stage"):
        assert named[row != np.roll(row, 1)].all(), "whatever comes first comes of three titles"


@pytest.mark.parametrize("name", recommenders.names())
def test_products_of_factors_and_their_scores_make_the_same_lists(fitted: Any, name: str) -> None:
    model = fitted(name)
    if not isinstance(model, FactorScorer):
        pytest.skip(f"{name} is no product of factors")
    taste = Histories.of(csr_matrix([[float(likes(u, t)) for t in range(SIZE)] for u in range(SIZE)], dtype=np.float32))

    np.testing.assert_allclose(model.scores(taste), model.viewer_factors(taste) @ model.factors.T, rtol=1e-5)


def test_a_recommender_that_is_not_there_is_said_with_the_nearest() -> None:
    with pytest.raises(JobError, match="no recommender popularty; did you mean popularity\\? .* is one of ") as refused:
        recommenders.find("popularty")

    assert str(refused.value).endswith(", ".join(recommenders.names()))


def test_every_wrong_parameter_is_said_in_one_line() -> None:
    with pytest.raises(JobError) as refused:
        recommenders.parameters_of("als", {"rnk": "8", "iterations": "0", "alpha": "much"})

    said = str(refused.value)
    assert "rnk is none of its parameters, did you mean rank?" in said
    assert "iterations=0: Input should be greater than or equal to 1" in said
    assert "alpha=much" in said
    assert "\n" not in said


def test_parameters_come_as_text_and_leave_typed() -> None:
    assert recommenders.parameters_of("als", {"rank": "64", "reg_param": "0.5"}) == als.Parameters(
        rank=64, reg_param=0.5
    )


@pytest.mark.parametrize("name", [*LEARN_FROM_LIKES, "popularity", "rating_als"])
def test_one_viewer_of_one_title_makes_a_model_of_it(spark: SparkSession, name: str) -> None:
    model = recommenders.find(name).fit(training_set(spark, [(0, 0, 1.0)], ["only"], 1), parameters_of(name))

    assert model.title_ids.to_pylist() == ["only"]
    assert np.isfinite(model.scores(Histories.of(csr_matrix([[1.0]], dtype=np.float32)))).all()


@pytest.mark.parametrize("name", LEARN_FROM_LIKES)
def test_where_nobody_likes_anything_that_is_said_in_one_line(spark: SparkSession, name: str) -> None:
    training = training_set(spark, [(0, 0, 0.0), (1, 1, 0.0)], ["a", "b"], 1)

    with pytest.raises(JobError, match="no model was fitted: nobody likes anything"):
        recommenders.find(name).fit(training, parameters_of(name))


@pytest.mark.parametrize("name", recommenders.names())
def test_every_value_of_a_search_is_one_that_the_recommender_takes(name: str) -> None:
    module = recommenders.find(name)
    for parameter, values in module.SPACE.items():
        ends = values.values if isinstance(values, Choice) else (values.low, values.high)
        for value in ends:
            found = module.Parameters(**{parameter: value})
            assert recommenders.values_of(found)[parameter] == value
    for start in getattr(module, "STARTS", ()):
        held, _ = within(start, {parameter: module.SPACE[parameter] for parameter in start})
        assert held == start, "what is tried after the defaults is of the space"


def test_a_folder_of_a_recommender_that_is_gone_is_said(tmp_path: Path) -> None:
    (tmp_path / "recommender.json").write_text('{"recommender": "gone"}')

    with pytest.raises(JobError, match="there is no recommender gone"):
        recommenders.load(tmp_path)


def test_whatever_learns_on_spark_asks_for_the_session_before_it_uses_spark() -> None:
    """In a process that has none yet, as when a public set or the lake is evaluated."""
    asked = """
from dataclasses import replace
from functools import partial
from jobs import recommenders
from jobs.errors import JobError
from jobs.evaluation.proposing import within
from tests.recommenders.planted import SIZE, catalogue, genre_of, in_memory, likes

class Asked(Exception):
    pass

def session():
    raise Asked

titles = [f"t{t:02d}" for t in range(SIZE)]
rows = [(u, t, 1.0) for u in range(SIZE) for t in range(SIZE) if likes(u, t)]
known = {title: {"genres": [genre_of(title)], "keywords": ["k"]} for title in titles}
training = replace(in_memory(rows, titles), spark=session, catalogue=partial(catalogue, known))
for name in recommenders.names():
    try:
        recommenders.find(name).fit(training, recommenders.parameters_of(name, {}))
    except Asked:
        print(name)
    except JobError:
        pass
"""
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=False, cwd=PROJECT)

    assert said.returncode == 0, said.stderr
    assert {"als", "content_tfidf", "content_word2vec"} <= set(said.stdout.split())
