"""A number that was measured, with how sure it is."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


def measured(metrics: Mapping[str, float], name: str) -> Measured | None:
    """A metric with its interval, by the names that trainings give them; None where it was not measured."""
    value, low, high = (metrics.get(f"{name}{end}") for end in ("", "_low", "_high"))
    return None if value is None or low is None or high is None else Measured(value, low, high)


def compared(ours: Measured | None, theirs: Measured | None, what: str) -> str:
    """How a number compares with another of the same kind, in one sentence.

    Args:
        ours: The number.
        theirs: The other.
        what: What the other is of, in words.
    """
    if ours is None or theirs is None:
        return "How good it is was not measured."
    if ours.low > theirs.high:
        return f"Better than {what}: the intervals do not touch."
    if ours.high < theirs.low:
        return f"Worse than {what}: the intervals do not touch."
    if ours.value == theirs.value:
        return f"As good as {what}, to the digit."
    return f"{'Above' if ours.value > theirs.value else 'Below'} {what}, within what chance alone makes."
