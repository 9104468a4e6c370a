"""Implicit ALS: planted truth, exact viewers, repeatable, nothing pickled."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from scipy.sparse import csr_matrix

from jobs.recommenders import als
from jobs.recommenders.als import AlsModel
from jobs.scoring.top_n import top_titles
from jobs.settings import Als

PARAMETERS = Als(rank=4, reg_param=0.05, alpha=10.0, iterations=6, seed=3)
SIZE = 12


def fit_even_and_odd(spark: SparkSession) -> AlsModel:
    """Even viewers like even titles, odd ones odd titles; the diagonal is held out."""
    liked = [(f"u{u:02d}", f"t{t:02d}", 1.0) for u in range(SIZE) for t in range(SIZE) if u % 2 == t % 2 and u != t]
    disliked = [("u00", "t01", 0.0)]
    return als.fit(
        spark.createDataFrame(liked + disliked, "user_id string, title_id string, weight double"), PARAMETERS, 2
    )


@pytest.fixture(scope="module")
def planted(spark: SparkSession) -> AlsModel:
    return fit_even_and_odd(spark)


def test_finds_the_held_out_title_of_the_viewers_own_kind(planted: AlsModel) -> None:
    names = planted.title_ids.to_pylist()
    taste = np.array([[float(u % 2 == int(t[1:]) % 2 and u != int(t[1:])) for t in names] for u in range(SIZE)])
    histories = csr_matrix(taste, dtype=np.float32)

    row, place, _ = top_titles(planted, histories, histories, 1)

    assert [(u, names[p]) for u, p in zip(row.tolist(), place.tolist(), strict=True)] == [
        (u, f"t{u:02d}") for u in range(SIZE)
    ]


def test_fitting_twice_gives_the_same_factors(spark: SparkSession, planted: AlsModel) -> None:
    again = fit_even_and_odd(spark)

    assert again.title_ids == planted.title_ids
    np.testing.assert_array_equal(again.factors, planted.factors)


def test_orders_titles_by_popularity_then_id(spark: SparkSession) -> None:
    rows = [("u1", "b", 1.0), ("u2", "b", 1.0), ("u1", "c", 1.0), ("u2", "a", 1.0), ("u2", "c", 0.0)]

    model = als.fit(spark.createDataFrame(rows, "user_id string, title_id string, weight double"), PARAMETERS, 1)

    assert model.title_ids.to_pylist() == ["b", "a", "c"]


def test_solves_viewers_by_the_normal_equations() -> None:
    rng = np.random.default_rng(5)
    titles = rng.normal(size=(9, 4)).astype(np.float32)
    weights = np.where(rng.random((5, 9)) < 0.4, rng.random((5, 9)), 0.0)
    weights[2] = 0.0
    model = AlsModel(pa.array([str(n) for n in range(9)]), titles, PARAMETERS)

    found = model.viewer_factors(csr_matrix(weights, dtype=np.float32))

    dense = titles.astype(float)
    for viewer, own in enumerate(weights.astype(np.float32).astype(float)):
        confidence = np.diag(1.0 + PARAMETERS.alpha * own)
        ridge = PARAMETERS.reg_param * (own > 0).sum() * np.eye(4)
        if not own.any():
            np.testing.assert_array_equal(found[viewer], 0.0)
            continue
        expected = np.linalg.solve(dense.T @ confidence @ dense + ridge, dense.T @ confidence @ (own > 0))
        np.testing.assert_allclose(found[viewer], expected, rtol=1e-4)


def test_a_model_is_saved_as_an_array_and_json(planted: AlsModel, tmp_path: Path) -> None:
    als.save(planted, tmp_path / "model")

    loaded = als.load(tmp_path / "model")

    assert {file.name for file in (tmp_path / "model").iterdir()} == {"factors.npy", "titles.json", "parameters.json"}
    assert (loaded.title_ids, loaded.parameters) == (planted.title_ids, planted.parameters)
    np.testing.assert_array_equal(loaded.factors, planted.factors)
