"""Search spaces: which values of a recommender's parameters are worth trying. They stand beside the parameters."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Real:
    """Any number from ``low`` to ``high``, both included; evenly over their logarithms if ``log``."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Whole:
    """Any whole number from ``low`` to ``high``, both included; evenly over their logarithms if ``log``."""

    low: int
    high: int
    log: bool = False


@dataclass(frozen=True)
class Choice:
    """One of a few values, of which None may be one."""

    values: tuple[str | float | bool | None, ...]


Space = Mapping[str, Real | Whole | Choice]
"""Name of a parameter → its values. A parameter that is not named keeps its default."""
