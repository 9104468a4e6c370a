"""What a search makes best: one figure of a model on the viewers that it is judged on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.evaluation.judging import judge
from jobs.evaluation.rating_judging import RatingScorer, judge_ratings
from jobs.scoring.top_n import Scorer

if TYPE_CHECKING:
    from jobs.evaluation.interactions import Interactions
    from jobs.evaluation.protocols.rules import Rules

Floats = NDArray[np.float64]
Direction = Literal["minimize", "maximize"]
K = 10


@dataclass(frozen=True)
class Measure:
    """A mean over what viewers were judged by."""

    name: str
    """As in tables and in MLflow."""
    of: Callable[[Scorer, pa.Table, pa.Array], tuple[Floats, Floats]]
    """Of a model, viewers and the titles that may be listed: each viewer's sum, and of how many; the mean is of all."""
    is_error: bool = False
    """Whether less is better; the mean is of squares, of which the root is taken."""

    @property
    def direction(self) -> Direction:
        """As Optuna says it."""
        return "minimize" if self.is_error else "maximize"

    @property
    def sign(self) -> int:
        """What a figure is multiplied with so that more is better."""
        return -1 if self.is_error else 1

    def value(self, sums: Floats, counts: Floats) -> float:
        """The figure of some viewers."""
        mean = float(sums.sum() / counts.sum())
        return float(np.sqrt(mean)) if self.is_error else mean


def ndcg(k: int = K) -> Measure:
    """Of lists of ``k`` titles, the nDCG."""

    def of(model: Scorer, viewers: pa.Table, listable: pa.Array) -> tuple[Floats, Floats]:
        found = np.asarray(judge(model, viewers, listable, k)["ndcg"].to_numpy(), dtype=np.float64)
        return found, np.ones(len(found))

    return Measure(f"ndcg_at_{k}", of)


def rmse(lowest: float, highest: float) -> Measure:
    """Of predicted ratings, RMSE on a set's own scale.

    Args:
        lowest: Lowest rating of the scale.
        highest: Its highest rating.
    """

    def of(model: Scorer, viewers: pa.Table, listable: pa.Array) -> tuple[Floats, Floats]:  # noqa: ARG001
        errors = judge_ratings(cast("RatingScorer", model), viewers, lowest, highest)
        return errors["squared"], errors["ratings"]

    return Measure("rmse", of, is_error=True)


def measure_of(rules: "Rules", data: "Interactions") -> Measure:
    """What a protocol asks for on some data: predicted ratings, or lists of its length."""
    return rmse(data.lowest, data.highest) if rules.asks_for == "ratings" else ndcg(rules.k)
