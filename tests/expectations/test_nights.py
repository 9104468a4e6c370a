"""What suites promise beyond rows and tables, of nights, limits, waiting and faults: take one away, and a test here fails."""

from datetime import date, timedelta
from typing import cast

import pytest

from expectations.meanings import meaning
from expectations.suite import PARKED, Suite
from expectations.usual import Measure
from jobs.lakehouse.audit.ask import Found, Questions
from jobs.lakehouse.audit.counts import Counted, Counts
from jobs.lakehouse.audit.judge import Bounds, judge_rows, judge_table
from jobs.lakehouse.audit.measured import Unit
from jobs.lakehouse.audit.usual import Held, judge_measures
from jobs.settings import Baseline, Limits
from tests.expectations.frames import SUITES
from tests.expectations.planted.nights import FAULTS, LIMITS, NIGHTS, WAITING, Nights

pytestmark = pytest.mark.usefixtures("spark")
"""Great Expectations pronounces as for Spark: with the session of the other tests."""

EACH_SUITE = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.of.name)
FIRST, ROWS = date(2026, 3, 2), 10_000


def states(suite: Suite, nights: int, usually: dict[str, float], tonight: dict[str, float]) -> dict[str, str]:
    """What is said of each number after so many nights that were alike."""
    night = FIRST + timedelta(nights)
    unit = Unit(str(night) if suite.of.is_dated else "", night, int(tonight["rows"]))
    measures = {measure.name: measure for measure in suite.usual.measures()}
    numbers: dict[Measure, float] = {measures[name]: number for name, number in tonight.items() if name in measures}
    before = [Held(FIRST + timedelta(number), usually) for number in range(nights)]
    judged = judge_measures(unit, numbers, before, suite, Baseline(), "")
    return {one.limit: one.state for one in judged}


def planted_of(suite: Suite) -> Nights:
    return NIGHTS[suite.of.name]


@EACH_SUITE
def test_a_number_that_differs_from_all_nights_before_is_said_or_stops_the_night(suite: Suite) -> None:
    planted = planted_of(suite)
    usually = {"rows": ROWS} | {name: usual for name, (usual, _, _) in planted.others.items()}
    unusual = {name: tonight for name, (_, tonight, _) in planted.others.items()}

    few, many = ({"rows": rows} | unusual for rows in (ROWS / 10, ROWS * 10))

    said = {name: state for name, (_, _, state) in planted.others.items()}
    assert states(suite, 14, usually, few) == said | {"rows": planted.few}
    assert states(suite, 14, usually, many) == said | {"rows": planted.many}
    assert set(states(suite, 14, usually, usually).values()) == {"holds"}


@EACH_SUITE
def test_while_nothing_is_known_of_earlier_nights_a_table_may_not_lose_half_of_its_rows(suite: Suite) -> None:
    state = states(suite, 1, {"rows": ROWS}, {"rows": ROWS / 2 - 1})["rows"]

    assert state == ("broken" if planted_of(suite).loses_half else "no baseline")


def test_every_suite_s_nights_are_planted() -> None:
    assert {suite.of.name for suite in SUITES} == set(NIGHTS)


@EACH_SUITE
def test_every_fault_that_a_job_finds_is_a_promise_in_words(suite: Suite) -> None:
    planted = FAULTS.get(suite.of.name, frozenset())
    pages = {
        one.reason: one.promise
        for one in judge_rows(Counted({"": Counts(published=1)}, {}), suite, by_part=False).judged
    }

    assert set(suite.faults) == planted
    assert {reason: pages[reason] for reason in planted} == {
        reason: meaning(suite.of.name, reason) for reason in planted
    }
    assert all(meaning(suite.of.name, reason) for reason in planted)


class Answering:
    """Answers what a limit asks with one number, and finds nothing broken."""

    def __init__(self, number: float) -> None:
        self._number = number

    def number(self, query: str) -> float:
        return self._number

    def rows(self, query: str) -> Found:
        return Found(0)


@EACH_SUITE
def test_a_number_beyond_its_limit_stops_the_night(suite: Suite) -> None:
    planted = LIMITS.get(suite.of.name, {})
    bounds = Bounds(Limits().model_dump())

    def said(at: int) -> dict[str, bool]:
        found: dict[str, bool] = {}
        for name, numbers in planted.items():
            judged = judge_table(cast("Questions", Answering(numbers[at])), suite.of.column_names, 1, suite, bounds)
            found |= {one.limit: one.holds for one in judged if one.limit == name}
        return found

    assert {limit.name for limit in suite.limits} == set(planted)
    assert said(0) == dict.fromkeys(planted, True)
    assert said(1) == dict.fromkeys(planted, False)


def test_every_limit_of_the_settings_is_promised_somewhere() -> None:
    assert {limit.name for suite in SUITES for limit in suite.limits} == set(Limits.model_fields)


@EACH_SUITE
def test_more_rows_may_not_wait_for_another_table_than_its_suite_says(suite: Suite) -> None:
    passes, stops = WAITING.get(suite.of.name, (100, 101))

    def is_refused(waiting: int) -> bool:
        counts = Counts(published=max(100 - waiting, 0), parked=waiting, by_reason={f"{PARKED}title_id": waiting})
        return bool(judge_rows(Counted({"": counts}, {}), suite, by_part=False).problems)

    assert not is_refused(passes)
    assert is_refused(stops) == (suite.of.name in WAITING)
