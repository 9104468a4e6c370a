"""Nearest titles: exact, by what a model knows of tastes or by what catalogues say."""

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs.recommenders import als, ease, item_knn, popularity
from jobs.scoring.parts import Part
from jobs.scoring.shared import Features
from jobs.scoring.similar import Catalogue, Nearness, taste_of
from jobs.scoring.title_vectors import Vectors, described, watched_together
from jobs.scoring.top_n import Floats, Scorer
from jobs.scoring.unit_rows import dense_unit_rows
from tests.recommenders.planted import catalogue

RNG = np.random.default_rng(8)


def ids(count: int) -> pa.Array:
    return pa.array([f"t{n:03d}" for n in range(count)])


def told(title_ids: pa.Array, unlisted: Sequence[int] = ()) -> Catalogue:
    """A catalogue of titles of which nothing but the name is known."""
    listable = [n not in unlisted for n in range(len(title_ids))]
    titles = pa.table({"title_id": title_ids, "title": title_ids, "is_listable": listable})
    return Catalogue(titles, Features.of(title_ids, catalogue({})))


def named(rows: pa.RecordBatch) -> dict[str, list[tuple[str, float]]]:
    """Title → similar titles, nearest first, with their similarities."""
    found: dict[str, list[tuple[str, float]]] = {}
    for row in rows.to_pylist():
        assert row["rank"] == len(found.setdefault(row["title_id"], [])) + 1
        found[row["title_id"]].append((row["similar_title_id"], round(row["similarity"], 5)))
    return found


def by_hand(similarities: Floats, title_ids: pa.Array, most: int, unlisted: Sequence[int]) -> dict[str, list[str]]:
    """The same by sorting everything."""
    found = {}
    for row, all_of_it in enumerate(np.rint(similarities * 2**20) / 2**20):
        order = [n for n in np.argsort(-all_of_it, kind="stable") if n != row and n not in unlisted]
        found[title_ids[row].as_py()] = [title_ids[n].as_py() for n in order if all_of_it[n] > 0][:most]
    return found


def all_rows(count: int) -> NDArray[np.int64]:
    return np.arange(count)


def test_finds_what_sorting_all_cosines_of_factors_finds() -> None:
    factors = RNG.normal(size=(300, 8)).astype(np.float32)
    factors[7] = factors[3]
    model = als.Model(ids(300), factors, als.Parameters(rank=8))

    taste = taste_of(model, "als")

    assert taste is not None
    assert taste[0] == "als"
    rows = told(ids(300), unlisted=[5, 6]).nearest("taste", taste[1], all_rows(300), 20)
    unit = dense_unit_rows(factors)
    wanted = by_hand(unit @ unit.T, ids(300), 20, [5, 6])
    assert {title: [one for one, _ in near] for title, near in named(rows).items()} == wanted
    assert named(rows)["t003"][0] == ("t007", 1.0)


def test_titles_stand_where_the_catalogue_has_them_and_others_are_left_out() -> None:
    similarities = np.array([[1, 0.5, 0.9], [0.5, 1, 0.5], [0.9, 0.5, 1]], np.float32)
    near = Nearness(pa.array(["c", "x", "a"]), lambda rows: similarities[rows])

    rows = told(pa.array(["a", "b", "c"])).nearest("taste", near, all_rows(3), 20)

    assert named(rows) == {"c": [("a", 0.9)], "a": [("c", 0.9)]}


def test_equally_near_titles_come_in_the_order_of_the_catalogue() -> None:
    near = Nearness(pa.array(["z", "y", "x"]), lambda rows: np.full((len(rows), 3), 0.5, np.float32))

    rows = told(pa.array(["x", "y", "z"])).nearest("taste", near, all_rows(3)[:1], 20)

    assert named(rows) == {"z": [("x", 0.5), ("y", 0.5)]}


def test_a_model_that_weighs_titles_tells_by_its_own_weights() -> None:
    weights = np.array([[0, 0.4, -0.2], [0.3, 0, 0.1], [0, 0.2, 0]], np.float32)
    models: dict[str, Scorer] = {
        "ease": ease.Model(ids(3), weights, np.zeros(3, np.float32), ease.Parameters()),
        "item_knn": item_knn.Model(ids(3), csr_matrix(np.maximum(weights, 0)), item_knn.Parameters()),
    }

    for name, model in models.items():
        taste = taste_of(model, name)

        assert taste is not None
        rows = told(ids(3)).nearest("taste", taste[1], all_rows(3), 20)
        assert named(rows) == {
            "t000": [("t001", 0.4)],
            "t001": [("t000", 0.3), ("t002", 0.1)],
            "t002": [("t001", 0.2)],
        }


def test_a_hybrid_tells_by_its_first_part_that_can_and_popularity_cannot() -> None:
    counts = popularity.Model(ids(2), np.ones((2, 1), np.float32), popularity.Parameters())
    factors = als.Model(ids(2), np.eye(2, dtype=np.float32), als.Parameters(rank=2))
    own = [Part(name, model, all_rows(2)) for name, model in (("popularity", counts), ("als", factors))]

    hybrid = taste_of(SimpleNamespace(parts=tuple(own)), "blend")

    assert hybrid is not None
    assert hybrid[0] == "als"
    assert taste_of(counts, "popularity") is None
    assert taste_of(SimpleNamespace(parts=tuple(own[:1])), "blend") is None


def test_vectors_with_common_and_rare_columns_give_the_cosines_of_the_whole() -> None:
    dense = RNG.random((60, 40)) * (RNG.random((60, 40)) < np.linspace(0.01, 0.9, 40))
    rows = csr_matrix(dense_unit_rows(dense.astype(np.float32)))

    made = Vectors.of(rows)

    assert 0 < made.common.shape[1] < 40
    off = ~np.eye(60, dtype=bool)  # a title's own columns, which are dropped, count in its own product only
    assert np.allclose(made.similarities(all_rows(60))[off], (rows @ rows.T).toarray()[off], atol=1e-6)


def test_content_is_alike_where_rare_things_are_shared() -> None:
    profiles = catalogue(
        {
            "a": {"genres": ["Crime"], "directors": ["Mann"], "overview": "A thief and a detective."},
            "b": {"genres": ["Crime"], "directors": ["Mann"], "overview": None},
            "c": {"genres": ["Crime"], "directors": ["Demme"], "overview": "A DETECTIVE, and a cannibal"},
            "d": {"genres": ["Musical"]},
            "e": {},
        }
    )

    cosines = described(profiles).similarities(all_rows(5))

    assert cosines[0, 1] > cosines[0, 2] > cosines[1, 2] > 0
    assert np.count_nonzero(cosines[3, :3]) == np.count_nonzero(cosines[4, :4]) == 0
    assert np.isfinite(cosines).all()


def test_titles_with_few_viewers_are_less_alike_than_titles_with_many() -> None:
    title = [0, 1, *[2] * 50, *[3] * 50]
    viewer = [7, 7, *range(100, 150), *range(100, 150)]

    cosines = watched_together(np.array(title), np.array(viewer), 5).similarities(all_rows(5))

    assert np.isclose(cosines[0, 1], 1 / 11)
    assert np.isclose(cosines[2, 3], 50 / 60)
    assert cosines[0, 2] == 0
    assert not cosines[4].any()
