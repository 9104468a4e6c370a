"""What is usual of a number, by what it was in the nights before: arithmetic of medians, without tables."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from expectations.usual import Measure
from jobs.settings import Baseline

_NORMAL = 1.4826
"""Standard deviations of a normal distribution in one median absolute deviation (Rousseeuw & Croux 1993)."""
_SKETCHED = 0.03
"""Standard error of DuckDB's ``approx_count_distinct``: measured over sets of 10 to 100,000 values."""
_FEW = 0.6
"""Share of the usual number that is not usual, however the nights vary, while each of them had more."""
_WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class Known:
    """A number of a night before."""

    night: date
    number: float
    is_accepted: bool = False
    """Whether a person accepted it although it was far from usual: an exception, which says nothing of other nights."""


@dataclass(frozen=True)
class Range:
    """From where to where, both within."""

    low: float = -math.inf
    high: float = math.inf

    def holds(self, number: float) -> bool:
        """Whether a number lies in it."""
        return self.low <= number <= self.high


@dataclass(frozen=True)
class Unit:
    """What a number is of: a table, or one delivery of it."""

    part: str
    """The night of the delivery; empty for a table."""
    night: date
    rows: int


@dataclass(frozen=True)
class Measured:
    """A number about a table or a delivery, beside what it was in the nights before."""

    measure: Measure
    unit: Unit
    number: float
    history: tuple[Known, ...] = ()
    """Nights before, oldest first."""
    usual: Range | None = None
    """Outside it is said; None without a baseline."""
    allowed: Range = Range()
    """Outside it stops the publication."""

    @property
    def is_unusual(self) -> bool:
        """Whether it is to be said."""
        return self.usual is not None and not self.usual.holds(self.number)

    @property
    def stops(self) -> bool:
        """Whether there is anything that stops the publication."""
        return self.allowed != Range()

    @property
    def usually(self) -> str:
        """What is usual, in words; empty without a baseline."""
        return f"usually {self.measure.span(self.usual.low, self.usual.high)}" if self.usual else ""

    @property
    def said(self) -> str:
        """It, and what is usual, in words."""
        of = f" of {self.unit.part}" if self.unit.part else ""
        told = f"{self.measure.subject}{of} {self.measure.value(self.number)}"
        return ", ".join(filter(None, (told, self.usually)))


def centre_of(number: float, unit: Unit, history: Sequence[Known], *, is_weekly: bool) -> float:
    """The number that another is held against: of those that it might be like, the nearest.

    These are the median of the nights before; what a person accepted of them; and of a log the numbers of the same day
    one week and two weeks before, as days of a week differ by more than the days between them.

    Args:
        number: What was found.
        unit: Of what.
        history: Nights before, at least one of them not accepted.
        is_weekly: Whether days of a week differ.
    """
    centres = [median(known.number for known in history if not known.is_accepted)]
    alike = {unit.night - _WEEK, unit.night - 2 * _WEEK} if is_weekly else ()
    centres += [known.number for known in history if known.is_accepted or known.night in alike]
    return min(centres, key=lambda centre: abs(number - centre))


def range_around(
    centre: float, measure: Measure, history: Collection[Known], rows: int, spreads: float, width: float
) -> Range:
    """What is usual around a number: so many times the spread of the nights before, and never less than a share.

    The spread is that of the median absolute deviation, and at least what chance alone makes: that of a Poisson
    distribution for counts, of a binomial one for shares, and the error of a sketch for distinct counts. So neither a
    constant history nor a short one makes an alarm of a few rows. Few nights may tell a spread that is far too wide: what is
    well below each of them is not usual for all that, unless chance alone makes it.

    Args:
        centre: What :func:`centre_of` returned.
        measure: Of what.
        history: Nights before.
        rows: Rows of the table tonight.
        spreads: So many spreads are usual.
        width: So much is usual whatever the spread: a factor of 1 + width of a count, points of a share.
    """
    plain = [known.number for known in history if not known.is_accepted]
    middle = median(plain)
    spread = _NORMAL * median(abs(number - middle) for number in plain)
    if measure.is_share:
        least = 1 / max(rows, 1)
        spread = max(spread, math.sqrt(max(centre * (1 - centre), least) * least))
        return Range(
            max(min(centre - spreads * spread, centre - width), 0.0),
            min(max(centre + spreads * spread, centre + width), 1.0),
        )
    chance = max(math.sqrt(centre + 1), _SKETCHED * centre if measure.kind == "distinct" else 0.0)
    spread = max(spread, chance)
    few = min(_FEW * centre, centre - spreads * chance, *plain)
    low = min(max(centre - spreads * spread, few), centre / (1 + width))
    return Range(max(low, 0.0), max(centre + spreads * spread, centre * (1 + width)))


def nights_wanted(settings: Baseline, *, is_weekly: bool) -> int:
    """How many nights make a baseline: of a log a week, so that each of its days is among them."""
    return max(settings.least_nights, 7) if is_weekly else settings.least_nights
