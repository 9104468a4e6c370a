"""Numbers about a table, held against the nights before: Great Expectations pronounces on what is usual of them."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from great_expectations.expectations.metadata_types import FailureSeverity

from expectations.suite import Suite
from expectations.usual import Measure
from jobs.lakehouse.audit.judge import NO_BASELINE, Judged, pronounce
from jobs.lakehouse.audit.measured import Known, Measured, Range, Unit, centre_of, nights_wanted, range_around
from jobs.settings import Baseline

_SHARE_STOPS_AT = 0.25
"""Points of a share: no table says more, as a count of it may."""


@dataclass(frozen=True)
class Held:
    """What a night before tells of a table, or of the delivery of that night.

    Args:
        night: The night.
        numbers: What was measured, by name of the measure.
        accepted: Measures that a person accepted although they were far from usual.
    """

    night: date
    numbers: Mapping[str, float]
    accepted: Collection[str] = ()


def judge_measures(
    unit: Unit, numbers: Mapping[Measure, float], nights: Sequence[Held], suite: Suite, settings: Baseline, why: str
) -> list[Judged]:
    """Judge what was measured of a table or of one of its deliveries.

    Args:
        unit: Of what.
        numbers: What was measured.
        nights: What is known of nights, in order of night; those before the unit's count.
        suite: How far from usual stops it.
        settings: What is usual.
        why: Why there may be less of a baseline than there are publications; empty if that is not so.
    """
    before = [held for held in nights if held.night < unit.night]
    # A table that is published again for its night has a last publication, too.
    last = [
        held.numbers["rows"]
        for held in nights
        if held.night < unit.night or (held.night == unit.night and not unit.part)
    ]
    judged = []
    for measure, number in numbers.items():
        known = [
            Known(held.night, held.numbers[measure.name], measure.name in held.accepted)
            for held in before
            if measure.name in held.numbers
        ][-settings.nights :]
        judged.append(_judge(Measured(measure, unit, number, tuple(known)), suite, settings, why, last[-1:]))
    return judged


def _judge(one: Measured, suite: Suite, settings: Baseline, why: str, last: Sequence[float]) -> Judged:
    plain = [known for known in one.history if not known.is_accepted]
    wanted = nights_wanted(settings, is_weekly=suite.of.kind == "log")
    if len(plain) >= wanted:
        return _judge_usual(_with_ranges(one, suite, settings))
    missing = f"{NO_BASELINE} yet: {len(plain)} of {wanted} nights{why and f', {why}'}"
    found, name = f"found {one.measure.value(one.number)}", one.measure.name
    judged = Judged(f"{one.measure.subject} as usual", "", True, found, limit=name, number=one.number)  # noqa: FBT003
    if one.measure.kind == "rows" and suite.usual.least and any(last):
        one = replace(one, allowed=Range(suite.usual.least * last[-1]))
        judged = _pronounced(one, one.allowed, FailureSeverity.CRITICAL)
        judged = replace(judged, promise=suite.usual.least_in_words(suite.of))
    return replace(judged, why_not=missing, measured=one)


def _with_ranges(one: Measured, suite: Suite, settings: Baseline) -> Measured:
    """What is usual of it, and how far from that stops it."""
    measure, usual, rows = one.measure, suite.usual, one.unit.rows
    centre = centre_of(one.number, one.unit, one.history, is_weekly=suite.of.kind == "log")
    said = range_around(centre, measure, one.history, rows, settings.warns_at, settings.width)
    if usual.stops_at is None:
        return replace(one, usual=said)
    width = min(usual.stops_at, _SHARE_STOPS_AT) if measure.is_share else usual.stops_at
    far = range_around(centre, measure, one.history, rows, settings.stops_at, max(width, settings.width))
    stops_below, stops_above = usual.stops(measure, suite.of)
    return replace(
        one, usual=said, allowed=Range(far.low if stops_below else -math.inf, far.high if stops_above else math.inf)
    )


def _judge_usual(one: Measured) -> Judged:
    """A number beside its ranges: what Great Expectations says of the one that stops, and else of the one that is said."""
    warned = _pronounced(one, one.usual or Range(), FailureSeverity.WARNING)
    if not one.stops:
        return replace(warned, promise=f"{one.measure.subject}, {one.usually}", holds=True)
    stopped = _pronounced(one, one.allowed, FailureSeverity.CRITICAL)
    said = stopped if not stopped.holds else warned
    promise = f"{one.measure.subject} {one.measure.span(one.allowed.low, one.allowed.high)}, {one.usually}"
    return replace(said, promise=promise, holds=stopped.holds)


def _pronounced(one: Measured, within: Range, severity: FailureSeverity) -> Judged:
    promise, metric = one.measure.expect(within.low, within.high, one.unit.rows, severity)
    result = pronounce(promise, {metric: one.measure.metric(one.number, one.unit.rows)})
    return Judged(
        str(promise.description),
        "",
        bool(result.success),
        f"found {one.measure.value(one.number)}",
        result=result,
        limit=one.measure.name,
        number=one.number,
        measured=one,
    )


def profile_of(judged: Sequence[Judged], out: Collection[str]) -> dict[str, dict[str, float]]:
    """What the account tells of what was measured: by delivery, without those that are not published."""
    found: dict[str, dict[str, float]] = {}
    for one in judged:
        if one.measured and one.measured.unit.part not in out:
            found.setdefault(one.measured.unit.part, {})[one.measured.measure.name] = one.measured.number
    return found


def limits_of(judged: Sequence[Judged], out: Collection[str]) -> dict[str, dict[str, Any]]:
    """What the account tells of limits: of what was measured also what is usual, in words."""
    return {
        one.key: {"promise": one.promise, "found": one.number, "state": one.state}
        | ({"said": one.measured.said} if one.measured else {})
        for one in judged
        if one.limit and (one.measured is None or one.measured.unit.part not in out)
    }
