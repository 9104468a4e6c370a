"""Shapley shares: how much of a change each of several causes made, whatever order they came in."""

from collections.abc import Callable, Sequence
from itertools import combinations
from math import factorial


def shapley(players: Sequence[str], value: Callable[[frozenset[str]], float]) -> dict[str, float]:
    """Divide what all players reach together, beyond what nobody does, among them.

    Shapley (1953), "A value for n-person games": a player's share is what its coming adds, on average over all orders in
    which the players may come. Shares add up to the whole; players that add the same get the same; one that never adds
    anything gets nothing.

    Args:
        players: Their names; the time grows as 2 to the power of their number.
        value: What some of them reach together; asked once for every set of them.

    Returns:
        Player → share.
    """
    sets = [frozenset(some) for size in range(len(players) + 1) for some in combinations(players, size)]
    reached = {some: value(some) for some in sets}
    orders = factorial(len(players))
    return {
        player: sum(
            factorial(len(some)) * factorial(len(players) - len(some) - 1) * (reached[some | {player}] - reached[some])
            for some in sets
            if player not in some
        )
        / orders
        for player in players
    }
