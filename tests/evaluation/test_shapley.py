"""Shapley shares keep the axioms that single them out."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.evaluation.shapley import shapley

PLAYERS = ("data", "model", "rules")
SETS = [frozenset(some) for size in range(4) for some in itertools.combinations(PLAYERS, size)]
GAMES = st.lists(st.floats(-1, 1), min_size=8, max_size=8).map(lambda values: dict(zip(SETS, values, strict=True)))
EACH = settings(max_examples=100, deadline=None, derandomize=True)


@EACH
@given(GAMES)
def test_shares_add_up_to_the_whole(game: dict[frozenset[str], float]) -> None:
    shares = shapley(PLAYERS, game.__getitem__)

    assert sum(shares.values()) == pytest.approx(game[frozenset(PLAYERS)] - game[frozenset()], abs=1e-12)


@EACH
@given(GAMES)
def test_players_that_add_the_same_get_the_same(game: dict[frozenset[str], float]) -> None:
    swapped = {"data": "model", "model": "data", "rules": "rules"}
    symmetric = {some: game[some] + game[frozenset(swapped[one] for one in some)] for some in SETS}

    shares = shapley(PLAYERS, symmetric.__getitem__)

    assert shares["data"] == pytest.approx(shares["model"], abs=1e-12)


@EACH
@given(GAMES)
def test_a_player_that_adds_nothing_gets_nothing(game: dict[frozenset[str], float]) -> None:
    without_rules = {some: game[some - {"rules"}] for some in SETS}

    assert shapley(PLAYERS, without_rules.__getitem__)["rules"] == 0.0


@EACH
@given(GAMES)
def test_a_share_is_the_mean_of_what_a_player_adds_over_all_orders(game: dict[frozenset[str], float]) -> None:
    added = []
    for order in itertools.permutations(PLAYERS):
        before = frozenset(order[: order.index("model")])
        added.append(game[before | {"model"}] - game[before])

    assert shapley(PLAYERS, game.__getitem__)["model"] == pytest.approx(sum(added) / 6, abs=1e-12)


def test_each_set_is_asked_once() -> None:
    asked: list[frozenset[str]] = []

    def value(some: frozenset[str]) -> float:
        asked.append(some)
        return 0.0

    shapley(PLAYERS, value)

    assert sorted(asked, key=sorted) == sorted(SETS, key=sorted)
