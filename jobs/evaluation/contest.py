"""Models of one night beside each other: what the gate decides on, and the figures that people compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from jobs.evaluation.comparison import means
from jobs.evaluation.intervals import Interval, mean_intervals
from jobs.evaluation.promotion import Outcome
from jobs.evaluation.segments import LEAST_SHOWN, segments_by
from jobs.scoring.histories import positions_of

SEED = 1
"""Of every draw of viewers: the same night is decided alike."""

_METRICS = ("ndcg", "recall", "precision", "map")
"""The metrics that nights are compared by, most important first."""


@dataclass(frozen=True)
class Contest:
    """What every model of a night did for the same viewers."""

    judged: Mapping[str, pa.Table]
    """Model → one row per viewer, as :func:`jobs.evaluation.comparison.judge_each` gives them."""
    listable: pa.Array
    """The titles that may be listed, and that coverage counts."""
    head: pa.Array
    """The most popular titles: all others are of the long tail."""

    @cached_property
    def segments(self) -> dict[str, NDArray[np.bool_]]:
        """Which viewers are of a segment."""
        liked = next(iter(self.judged.values()))["liked"].to_numpy()
        return segments_by(liked)

    @cached_property
    def outcomes(self) -> dict[str, Outcome]:
        """What the gate decides on."""
        return {name: self._outcome(judged) for name, judged in self.judged.items()}

    def _outcome(self, judged: pa.Table) -> Outcome:
        lists = judged["listed"].combine_chunks()
        viewer, position, lengths = positions_of(lists, self.listable)
        is_tail = ~np.asarray(pc.is_in(lists.flatten(), value_set=self.head))
        tail = np.bincount(viewer, weights=is_tail, minlength=len(lists)) / np.maximum(1, lengths)
        cells = csr_matrix((np.ones(len(viewer)), (viewer, position)), shape=(len(lists), len(self.listable)))
        return Outcome(judged["ndcg"].to_numpy(), tail, cells)

    @cached_property
    def _intervals(self) -> dict[str, dict[str, Interval]]:
        """Model → metric → its interval. Drawing viewers costs most, so all models are drawn together."""
        values = {
            name: [*(judged[metric].to_numpy() for metric in _METRICS), self.outcomes[name].tail]
            for name, judged in self.judged.items()
        }
        drawn = iter(mean_intervals(np.column_stack([column for one in values.values() for column in one]), SEED))
        found = {name: {metric: next(drawn) for metric in (*_METRICS, "tail_share")} for name in values}
        for segment, who in self.segments.items():
            if who.sum() >= LEAST_SHOWN:
                ndcg = np.column_stack([self.outcomes[name].ndcg[who] for name in values])
                for name, interval in zip(values, mean_intervals(ndcg, SEED), strict=True):
                    found[name][f"ndcg_{segment}"] = interval
        return found

    def metrics(self, name: str) -> dict[str, float]:
        """A model's figures: means at 10 with their intervals, and nDCG of each segment of at least 30 viewers."""
        figures: dict[str, float] = {}
        for metric, interval in self._intervals[name].items():
            first, _, segment = metric.partition("_")
            name_of = f"ndcg_at_10_{segment}" if first == "ndcg" and segment else f"{metric}_at_10"
            figures |= {name_of: interval.mean, f"{name_of}_low": interval.low, f"{name_of}_high": interval.high}
        whole = means(self.judged[name], self.listable)
        return figures | {"coverage_at_10": whole["coverage"], "judged_viewers": whole["viewers"]}

    def best(self, names: Sequence[str]) -> str:
        """The model with the best nDCG@10; of equal ones the last by name."""
        return max(names, key=lambda name: (float(self.outcomes[name].ndcg.mean()), name))

    def gains(self, name: str, beside: str, count: int) -> list[tuple[str, int]]:
        """Titles that one model found for more viewers than another, or for fewer, and for how many.

        Args:
            name: The model.
            beside: The other.
            count: So many gains and so many losses at most.

        Returns:
            Title and difference in viewers, from the largest gain to the largest loss; ties in order of title_id.
        """
        differences: dict[str, int] = {}
        for model, sign in ((name, 1), (beside, -1)):
            for one in pc.value_counts(self.judged[model]["found"].combine_chunks().flatten()).to_pylist():
                differences[one["values"]] = differences.get(one["values"], 0) + sign * one["counts"]
        ordered = sorted(((title, n) for title, n in differences.items() if n), key=lambda one: (-one[1], one[0]))
        gained, lost = ([one for one in ordered if sign * one[1] > 0] for sign in (1, -1))
        return gained[:count] + lost[-count:]
