"""Exact top-N lists: equal to brute force, whatever the factors."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs.recommenders.popularity import Model, Parameters
from jobs.scoring.histories import Histories
from jobs.scoring.top_n import top_titles

SMALL_WHOLE = st.integers(-3, 3).map(float)
"""Few values, so that ties and zeros are frequent; products of them are exact."""


class Fixed:
    """A model whose viewers' factors are given."""

    def __init__(self, viewers: NDArray[np.float32], factors: NDArray[np.float32]) -> None:
        self.viewers, self.factors = viewers, factors
        self.title_ids = pa.array([f"t{n}" for n in range(len(factors))])

    def viewer_factors(self, histories: Histories) -> NDArray[np.float32]:
        return self.viewers

    def scores(self, histories: Histories) -> NDArray[np.float32]:
        return self.viewers @ self.factors.T

    def save(self, folder: Path) -> None:
        raise NotImplementedError


class Scored:
    """The same without its factors: a model that is no product of them."""

    def __init__(self, viewers: NDArray[np.float32], factors: NDArray[np.float32]) -> None:
        self.fixed = Fixed(viewers, factors)
        self.title_ids, self.scores, self.save = self.fixed.title_ids, self.fixed.scores, self.fixed.save


@st.composite
def problems(
    draw: st.DrawFn,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_], int]:
    viewers, titles, rank = draw(st.integers(1, 5)), draw(st.integers(1, 12)), draw(st.integers(1, 3))
    return (
        draw(hnp.arrays(np.float32, (viewers, rank), elements=SMALL_WHOLE)),
        draw(hnp.arrays(np.float32, (titles, rank), elements=SMALL_WHOLE)),
        draw(hnp.arrays(np.bool_, (viewers, titles))),
        draw(hnp.arrays(np.bool_, titles)),
        draw(st.integers(1, 15)),
    )


def seen_only(seen: NDArray[np.bool_]) -> Histories:
    """Viewers of whom nothing is known but what they have seen."""
    return Histories.of(csr_matrix(seen.shape, dtype=np.float32), csr_matrix(seen.astype(np.float32)))


def by_brute_force(
    scores: NDArray[np.float32], filtered: NDArray[np.bool_], boosts: NDArray[np.floating], length: int
) -> list[tuple[int, int, float, float]]:
    """Rows, positions, scores and boosts of lists: everything allowed is sorted by score and boost, then by position."""
    listed = []
    for viewer, own in enumerate(scores.astype(float)):
        allowed = np.flatnonzero(~filtered[viewer])
        added = boosts * np.abs(max(own[allowed], default=0.0))
        order = sorted(allowed, key=lambda p: (-own[p] - added[p], p))[:length]
        listed += [(viewer, int(p), own[p], float(added[p])) for p in order]
    return listed


@pytest.mark.parametrize("kind", [Fixed, Scored])
@settings(max_examples=300, deadline=None)
@given(problem=problems())
def test_equals_sorting_all_scores(
    kind: type[Fixed] | type[Scored],
    problem: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_], int],
) -> None:
    viewers, titles, seen, excluded, length = problem
    known = seen_only(seen)

    found = top_titles(kind(viewers, titles), known, length, np.flatnonzero(excluded).astype(np.int32))

    assert list(zip(*(column.tolist() for column in found), strict=True)) == by_brute_force(
        viewers @ titles.T, seen | excluded, np.zeros(len(titles)), length
    )


@pytest.mark.parametrize("kind", [Fixed, Scored])
@settings(max_examples=300, deadline=None)
@given(problem=problems(), data=st.data())
def test_boosts_move_titles_by_a_share_of_the_best_score_and_equal_sorting_all_sums(
    kind: type[Fixed] | type[Scored],
    problem: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_], int],
    data: st.DataObject,
) -> None:
    viewers, titles, seen, excluded, length = problem
    quarters = st.integers(-4, 4).map(lambda number: number / 4)
    boosts = data.draw(hnp.arrays(np.float32, len(titles), elements=quarters))
    known = seen_only(seen)

    found = top_titles(kind(viewers, titles), known, length, np.flatnonzero(excluded).astype(np.int32), boosts)

    assert list(zip(*(column.tolist() for column in found), strict=True)) == by_brute_force(
        viewers @ titles.T, seen | excluded, boosts, length
    )


@pytest.mark.parametrize("values", [2, 7, 100_000])
def test_equals_sorting_all_scores_of_many_titles_of_which_many_are_equal(values: int) -> None:
    rng = np.random.default_rng(values)
    for titles, length in ((90, 2), (700, 5), (1_400, 5)):
        factors = rng.integers(-values, values, (titles, 1)).astype(np.float32)
        viewers, seen = np.array([[1], [-1], [0]], dtype=np.float32), rng.random((3, titles)) < 0.3
        known = seen_only(seen)

        _, found, *_ = top_titles(Scored(viewers, factors), known, length)

        scores = np.where(seen, -np.inf, viewers @ factors.T)
        assert found.tolist() == np.argsort(-scores, axis=1, kind="stable")[:, :length].ravel().tolist()


@settings(max_examples=200, deadline=None)
@given(problem=problems())
def test_popularity_looks_at_one_order_and_gives_what_sorting_all_scores_gives(
    problem: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_], int],
) -> None:
    viewers, titles, seen, excluded, length = problem
    one = np.ones((len(viewers), 1), dtype=np.float32)
    model = Model(pa.array([f"t{n}" for n in range(len(titles))]), titles[:, :1], Parameters())
    known = seen_only(seen)
    unlisted = np.flatnonzero(excluded).astype(np.int32)

    found, expected = (top_titles(of, known, length, unlisted) for of in (model, Scored(one, titles[:, :1])))

    for mine, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_refuses_factors_that_are_not_finite(bad: float) -> None:
    model = Fixed(np.ones((1, 1), np.float32), np.array([[1.0], [bad]], np.float32))

    with pytest.raises(ValueError, match="not finite"):
        top_titles(model, Histories.of(csr_matrix((1, 2), dtype=np.float32)), 1)


def test_popularity_gives_everybody_the_same_unseen_titles() -> None:
    model = Model(pa.array(["a", "b", "c"]), np.array([[5], [3], [1]], np.float32), Parameters())
    seen = csr_matrix(np.array([[1, 0, 0], [0, 0, 0]], np.float32))

    row, position, *_ = top_titles(model, Histories.of(csr_matrix((2, 3), dtype=np.float32), seen), 2)

    assert list(zip(row.tolist(), position.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 0), (1, 1)]
