"""Why lists changed: shares of new data, the new model and new rules in how far they are from those before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from jobs.evaluation.shapley import shapley
from jobs.scoring.churn import compare
from jobs.scoring.remaking import PARTS, Recipe, listed_titles


@dataclass(frozen=True)
class Shares:
    """What each cause did; both add up to their totals."""

    share: dict[str, float]
    """Cause → its part of the mean share of titles that are new on a list."""
    rbo_share: dict[str, float]
    """Cause → its part of 1 - the mean rank-biased overlap."""
    total: float
    rbo_total: float


def find_causes(
    served: pa.Table, user_ids: Sequence[str], then: Recipe, now: Recipe, made: Callable[[Recipe], pa.Table]
) -> Shares:
    """Divide a change among its causes.

    The value of a set of causes is how far lists that are made with the new of them, and the old of the others, are from
    those that were served. With none of them that is what today's code makes otherwise of the old: the cause ``code``,
    nothing as long as the code makes the same.

    Args:
        served: Lists of the night before: user_id, rank, title_id.
        user_ids: The viewers who count.
        then: What the lists of the night before were made of.
        now: What tonight's are made of.
        made: Makes the lists of a recipe for these viewers: user_id, rank, title_id.
    """
    before = listed_titles(served, user_ids)
    seen = dict[Recipe, tuple[float, float]]()

    def distances(parts: frozenset[str]) -> tuple[float, float]:
        recipe = then.mixed(now, parts)
        if recipe not in seen:
            churn = compare(before, listed_titles(made(recipe), user_ids))
            # An empty list shares nothing.
            overlap, rbo = (float(np.nan_to_num(one).mean()) for one in (churn.overlap, churn.rbo))
            seen[recipe] = 1.0 - overlap, 1.0 - rbo
        return seen[recipe]

    (none, rbo_none), (total, rbo_total) = distances(frozenset()), distances(frozenset(PARTS))
    return Shares(
        shapley(PARTS, lambda parts: distances(parts)[0]) | {"code": none},
        shapley(PARTS, lambda parts: distances(parts)[1]) | {"code": rbo_none},
        total,
        rbo_total,
    )
