"""What is usual of a table: warnings and stops by the nights before, as arithmetic."""

from datetime import date, timedelta

import numpy as np
import pytest

from expectations.suite import Suite, suite
from expectations.usual import Measure, Usual
from jobs.lakehouse.audit.judge import Judged
from jobs.lakehouse.audit.measured import Known, Range, Unit, centre_of, range_around
from jobs.lakehouse.audit.usual import Held, judge_measures
from jobs.settings import Baseline
from jobs.tables import Table, bronze, silver

pytestmark = pytest.mark.usefixtures("spark")
"""Great Expectations pronounces as for Spark: with the session of the other tests."""

ROWS, NULLS, DISTINCT = Measure("rows"), Measure("nulls", "overview"), Measure("distinct", "title_id")
FIRST, SETTINGS = date(2026, 3, 2), Baseline()


def suite_of(table: Table = silver.TITLES, usual: Usual | None = None) -> Suite:
    return suite(table, usual=usual)


def held(*numbers: float, accepted: tuple[int, ...] = (), of: Measure = ROWS) -> list[Held]:
    """A night for each number, without a gap."""
    return [
        Held(FIRST + timedelta(n), {"rows": 50_000, of.name: number}, (of.name,) if n in accepted else ())
        for n, number in enumerate(numbers)
    ]


def judged(
    nights: list[Held], number: float, of: Measure = ROWS, rows: int | None = None, by: Suite | None = None
) -> Judged:
    """What is said of the number of the night that follows."""
    table = (by or suite_of()).of
    night = nights[-1].night + timedelta(1) if nights else FIRST
    unit = Unit(str(night) if table.is_dated else "", night, int(number) if rows is None else rows)
    (one,) = judge_measures(unit, {of: number}, nights, by or suite_of(), SETTINGS, "")
    return one


@pytest.mark.parametrize(
    ("found", "state"), [(10_000, "holds"), (9_600, "holds"), (9_300, "unusual"), (7_500, "broken"), (0, "broken")]
)
def test_a_constant_history_says_what_is_unusual_and_stops_what_is_far_from_it(found: int, state: str) -> None:
    assert judged(held(*[10_000] * 14), found).state == state


def test_more_than_usual_is_said_of_a_table_and_stops_a_delivery() -> None:
    nights = held(*[10_000] * 14)

    assert judged(nights, 30_000).state == "unusual"
    assert judged(nights, 30_000, by=suite_of(bronze.IMDB_TITLE_BASICS)).state == "broken"


def test_a_warning_names_what_is_found_and_what_is_usual_and_stops_nothing() -> None:
    one = judged(held(*[20_000, 19_900, 20_100, 20_000, 20_050]), 18_000)

    assert one.measured is not None
    assert (one.holds, one.measured.said) == (True, "rows 18,000, usually 19,048 to 21,000")
    assert one.result is not None
    assert (one.result.success, one.result.result["observed_value"]) == (False, 18_000)


def test_what_stops_says_from_where_and_what_is_usual() -> None:
    one = judged(held(*[20_000] * 5), 12_003)

    assert one.promise == "rows at least 16,000, usually 19,048 to 21,000"
    assert (one.found, one.limit, one.state) == ("found 12,003", "rows", "broken")


def test_without_enough_nights_there_is_no_baseline_yet_which_is_no_pass() -> None:
    one = judged(held(*[20_000] * 4), 12_003)

    assert (one.state, one.why_not, one.holds) == ("no baseline", "no baseline yet: 4 of 5 nights", True)
    assert one.result is None


def test_before_there_is_a_baseline_a_table_may_not_lose_half_of_its_last_rows() -> None:
    by = suite_of(usual=Usual(least=0.5))

    assert judged(held(20_000), 9_999, by=by).promise == "at least 50% of the rows of the last publication"
    assert judged(held(20_000), 9_999, by=by).state == "broken"
    assert judged(held(20_000), 10_000, by=by).state == "no baseline"
    assert judged([], 0, by=by).state == "no baseline"


def test_a_table_that_is_empty_by_right_is_never_stopped() -> None:
    by = suite_of(bronze.BLOCKED_TITLES, Usual(stops_at=None))

    assert judged(held(*[0] * 14), 0, by=by).state == "holds"
    assert judged(held(*[0] * 14), 500, by=by).state == "unusual"
    assert judged(held(*[30] * 14), 0, by=by).state == "unusual"


def test_growth_of_a_hundredth_a_night_for_a_year_is_usual() -> None:
    numbers = [1_000.0]
    for _ in range(365):
        grown = round(numbers[-1] * 1.01)
        assert len(numbers) < 5 or judged(held(*numbers[-14:]), grown).state == "holds"
        numbers.append(grown)


def test_a_year_of_constant_size_is_usual_and_one_row_more_is_too() -> None:
    assert judged(held(*[7] * 365), 8).state == "holds"
    assert judged(held(*[1_000_000] * 365), 1_000_001).state == "holds"


def test_nights_after_it_say_nothing_of_a_night_that_comes_late() -> None:
    nights = held(*[100] * 6, *[10_000] * 8)
    (late,) = judge_measures(Unit("", nights[6].night, 100), {ROWS: 100}, nights, suite_of(), SETTINGS, "")

    assert late.state == "holds"


def test_a_night_that_was_accepted_is_an_exception_and_more_of_its_kind_is_usual() -> None:
    nights = held(*[10_000] * 13, 5_000, accepted=(13,))

    assert judged(nights, 10_100).state == "holds"
    assert judged(nights, 5_050).state == "holds"
    assert judged(nights, 3_500).state == "broken"
    moved = held(*[10_000] * 6, 5_000, *[5_000] * 7, accepted=(6,))
    assert judged(moved, 5_000).state == "holds"
    assert judged(moved, 3_000).state == "broken"


def test_a_log_knows_that_days_of_a_week_differ_and_wants_a_week_of_nights() -> None:
    by = suite_of(bronze.INTERACTIONS)
    week = [10_000, 10_100, 9_900, 10_050, 9_950, 4_000, 4_100]

    assert judged(held(*week[:6]), 4_000, by=by).why_not == "no baseline yet: 6 of 7 nights"
    assert [judged(held(*(week * 2)[: 7 + n]), number, by=by).state for n, number in enumerate(week)] == ["holds"] * 7


def test_a_share_moves_by_points_and_more_nulls_stop_while_fewer_are_said() -> None:
    nights = held(*[0.30] * 14, of=NULLS)
    by = suite_of(usual=Usual(nulls=("overview",)))

    found = {share: judged(nights, share, NULLS, 100_000, by).state for share in (0.34, 0.4, 0.6, 1.0, 0.0)}

    assert found == {0.34: "holds", 0.4: "unusual", 0.6: "broken", 1.0: "broken", 0.0: "unusual"}
    one = judged(nights, 1.0, NULLS, 100_000, by)
    assert one.promise == "share without overview at most 55 %, usually 25 % to 35 %"
    assert one.result is not None
    assert (one.result.success, one.result.result["observed_value"]) == (False, 0)


def test_the_error_of_a_sketch_is_no_news() -> None:
    by = suite_of(usual=Usual(distinct=("title_id",)))
    nights = held(*[10_000, 10_300, 9_800, 10_200, 9_900] * 2, of=DISTINCT)

    assert judged(nights, 9_000, DISTINCT, 50_000, by).state == "holds"
    assert judged(nights, 5_000, DISTINCT, 50_000, by).state == "broken"


def test_new_keys_are_said_and_never_stop() -> None:
    one = judged(held(*[0.001] * 14, of=Measure("new_keys")), 0.6, Measure("new_keys"), 50_000)

    assert (one.state, one.promise) == ("unusual", "share of new keys, usually 0 % to 5.1 %")


def test_chance_alone_stops_less_than_one_night_in_a_thousand_and_half_of_the_rows_missing_always_does() -> None:
    """An undisturbed series is Poisson: as many events as come, each by itself."""
    random, false, said, missed, nights = np.random.default_rng(9), 0, 0, 0, 40_000
    for _ in range(nights):
        mean, length = 10 ** random.uniform(0, 6), int(random.integers(SETTINGS.least_nights, SETTINGS.nights + 1))
        *before, tonight = map(float, random.poisson(mean, length + 1))
        history = [Known(FIRST + timedelta(n), number) for n, number in enumerate(before)]
        false += not allowed(tonight, history).holds(tonight)
        said += not allowed(tonight, history, SETTINGS.warns_at, SETTINGS.width).holds(tonight)
        half = tonight // 2
        missed += mean >= 500 and allowed(half, history).holds(half)

    assert (false < nights / 1_000, missed) == (True, 0)
    assert said < nights / 500


def allowed(number: float, history: list[Known], spreads: float = SETTINGS.stops_at, width: float = 0.25) -> Range:
    unit = Unit("", FIRST + timedelta(len(history)), int(number))
    centre = centre_of(number, unit, history, is_weekly=False)
    return range_around(centre, ROWS, history, int(number), spreads, width)


@pytest.mark.parametrize(
    ("usual", "problem"),
    [
        (Usual(nulls=("no_such",)), "silver.titles: no_such is measured, which is no column"),
        (Usual(distinct=("other",)), "silver.titles: other is measured, which is no column"),
    ],
)
def test_only_columns_are_measured(usual: Usual, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        suite_of(usual=usual)


def test_new_keys_want_a_key_and_a_version_before() -> None:
    with pytest.raises(ValueError, match="new keys are measured of current tables with a key"):
        suite_of(bronze.INTERACTIONS, Usual(new_keys=True))
