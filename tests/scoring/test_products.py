"""Products of factors: what is never made of them changes no list, and who else is in a block changes no score."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs.scoring.products import Titles, best_products, products_of, titles_in_order

NONE, ONE = np.empty(0, dtype=np.int32), np.array([1], dtype=np.int32)
KINDS = ("alike", "of all lengths", "few values", "one direction", "with zeros")


def factors_of(kind: str, rng: np.random.Generator, count: int, rank: int) -> NDArray[np.float32]:
    """Factors that make it hard, or easy, to know early who is best."""
    drawn = rng.normal(size=(count, rank))
    if kind == "of all lengths":
        drawn *= rng.lognormal(sigma=1.5, size=(count, 1))
    elif kind == "few values":
        drawn = np.round(drawn)
    elif kind == "one direction":
        drawn = np.abs(rng.normal(size=(count, 1))) * np.ones(rank) + 1e-6 * drawn
    elif kind == "with zeros":
        drawn *= rng.random((count, 1)) < 0.5
    return drawn.astype(np.float32)


def by_brute_force(
    viewers: NDArray[np.float32], factors: NDArray[np.float32], filtered: NDArray[np.bool_], length: int
) -> list[list[int]]:
    """Each viewer's first titles, of all scores put in order."""
    every = np.arange(len(factors))
    listed = []
    for viewer, out in enumerate(filtered):
        scores = products_of(viewers, np.full(len(factors), viewer), factors, every)
        order = np.lexsort((every, -scores))
        listed.append(order[~out[order]][:length].tolist())
    return listed


def found(
    viewers: NDArray[np.float32], titles: Titles, seen: csr_matrix, length: int
) -> tuple[list[list[int]], list[list[float]]]:
    """Each viewer's first titles and their scores, of those that were chosen."""
    row, position, score = best_products(viewers, titles, seen, length)
    own = [(position[row == n], score[row == n]) for n in range(len(viewers))]
    orders = [np.lexsort((position, -score))[:length] for position, score in own]
    positions = [of[0][order].tolist() for of, order in zip(own, orders, strict=True)]
    return positions, [of[1][order].tolist() for of, order in zip(own, orders, strict=True)]


@settings(max_examples=120, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    viewers_kind=st.sampled_from(KINDS),
    titles=st.sampled_from([3, 60, 700, 5_000]),
    rank=st.sampled_from([1, 3, 64]),
    length=st.sampled_from([1, 7, 100]),
    share_seen=st.sampled_from([0.0, 0.1, 0.99]),
    seed=st.integers(0, 1_000),
)
def test_finds_what_putting_all_scores_in_order_finds(
    kind: str, viewers_kind: str, titles: int, rank: int, length: int, share_seen: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    viewers, factors = factors_of(viewers_kind, rng, 9, rank), factors_of(kind, rng, titles, rank)
    seen, excluded = rng.random((9, titles)) < share_seen, rng.random(titles) < 0.05
    seen[0], seen[1] = True, False

    positions, _ = found(
        viewers,
        Titles.of(factors, np.flatnonzero(excluded).astype(np.int32)),
        csr_matrix(seen.astype(np.float32)),
        length,
    )

    assert positions == by_brute_force(viewers, factors, seen | excluded, length)


@pytest.mark.parametrize(("titles", "length"), [(700, 7), (5_000, 1)])
def test_titles_that_differ_by_less_than_products_of_matrices_are_wrong_by_are_in_order(
    titles: int, length: int
) -> None:
    rng = np.random.default_rng(0)
    viewers = np.abs(rng.normal(size=(40, 64))).astype(np.float32)
    factors = (np.abs(rng.normal(size=64)) + 1e-6 * rng.normal(size=(titles, 64))).astype(np.float32)
    nobody = np.zeros((40, titles), dtype=bool)

    positions, _ = found(viewers, Titles.of(factors, NONE), csr_matrix(nobody.astype(np.float32)), length)

    assert positions == by_brute_force(viewers, factors, nobody, length)


def test_a_viewer_has_the_same_scores_alone_and_among_others() -> None:
    rng = np.random.default_rng(3)
    viewers, factors = factors_of("alike", rng, 700, 64), factors_of("of all lengths", rng, 4_500, 64)
    titles, nothing = Titles.of(factors, NONE), csr_matrix((700, 4_500), dtype=np.float32)

    _, together = found(viewers, titles, nothing, 20)
    alone = [found(viewers[n : n + 1], titles, nothing[n : n + 1], 20)[1][0] for n in (0, 300, 699)]

    assert [together[n] for n in (0, 300, 699)] == alone


def test_equal_titles_have_equal_scores_and_come_in_their_order() -> None:
    rng = np.random.default_rng(4)
    viewers, one = factors_of("alike", rng, 5, 64), factors_of("alike", rng, 1, 64)

    positions, scores = found(
        viewers, Titles.of(np.repeat(one, 6_000, axis=0), NONE), csr_matrix((5, 6_000), dtype=np.float32), 10
    )

    assert positions == [list(range(10))] * 5
    assert all(len(set(own)) == 1 for own in scores)


@pytest.mark.parametrize(("bad", "excluded"), [(np.nan, NONE), (np.nan, ONE), (np.inf, NONE), (1e30, NONE)])
def test_refuses_factors_whose_products_are_not_finite(bad: float, excluded: NDArray[np.int32]) -> None:
    good, broken = np.ones((3, 2), dtype=np.float32), np.array([[1, 0], [1, bad], [0, 0]], dtype=np.float32)
    nothing = csr_matrix((3, 3), dtype=np.float32)

    with pytest.raises(ValueError, match="not finite"):
        best_products(good * np.float32(1e30), titles_in_order(broken, excluded), nothing, 1)
    with pytest.raises(ValueError, match="not finite"):
        best_products(broken, titles_in_order(good * np.float32(1e30), NONE), nothing, 1)


def test_titles_stay_in_order_until_the_model_or_the_rules_change() -> None:
    factors = np.array([[1], [3], [2]], dtype=np.float32)
    first = titles_in_order(factors, NONE)

    assert titles_in_order(factors, NONE.copy()) is first
    assert titles_in_order(factors, ONE).positions.tolist() == [2, 0]
    assert titles_in_order(factors.copy(), NONE) is not first
