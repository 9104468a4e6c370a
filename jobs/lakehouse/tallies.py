"""What a job counts of rows while they are written, in the same pass."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F


@dataclass
class Tallies:
    """What is counted for one publication: it is known once the rows have been written."""

    _left_out: list[Observation] = field(default_factory=list)
    _counted: list[Observation] = field(default_factory=list)

    @property
    def leaves_out(self) -> bool:
        """Whether rows of the spine are left out by reason."""
        return bool(self._left_out)

    def leave_out(self, rows: DataFrame, reasons: Mapping[str, Column]) -> DataFrame:
        """Drop rows for which a condition is true; one counts under the first that is."""
        before, tallies = F.lit(False), []  # noqa: FBT003
        for reason, condition in reasons.items():
            is_dropped = F.coalesce(condition, F.lit(False))  # noqa: FBT003
            tallies.append(F.count_if(is_dropped & ~before).alias(reason))
            before = before | is_dropped
        observation = Observation(f"left_out_{uuid4().hex}")
        self._left_out.append(observation)
        return rows.observe(observation, *tallies).where(~before)

    def count(self, rows: DataFrame, aggregates: Mapping[str, Column]) -> DataFrame:
        """Count something of rows, by name."""
        observation = Observation(f"counted_{uuid4().hex}")
        self._counted.append(observation)
        return rows.observe(observation, *(counted.alias(name) for name, counted in aggregates.items()))

    def left_out(self) -> dict[str, int]:
        """Rows left out by reason, once they were written."""
        return {reason: dropped for one in self._left_out for reason, dropped in one.get.items()}

    def counted(self) -> dict[str, int]:
        """What was counted, by name, once the rows were written."""
        return {name: number for one in self._counted for name, number in one.get.items()}
