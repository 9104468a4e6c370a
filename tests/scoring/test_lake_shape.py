"""From counts to curves: inequality, quantiles and bounds that are known beforehand."""

import random
from datetime import date

import pytest

from jobs.scoring.lake_shape import Counts, fences, gini, quantile, shape, share_of_smallest

NIGHT = date(2026, 3, 1)


def test_gini_of_equals_is_0_and_of_one_who_has_all_nearly_1() -> None:
    assert gini({3: 7}) == pytest.approx(0.0)
    assert gini({0: 9, 5: 1}) == pytest.approx(0.9)
    # 1, 2, 3, 4: the textbook's quarter.
    assert gini(dict.fromkeys((1, 2, 3, 4), 1)) == pytest.approx(0.25)
    assert gini({}) == 0.0


def test_gini_is_twice_the_area_between_equality_and_the_lorenz_curve() -> None:
    values: Counts = {1: 50, 4: 30, 20: 20}
    steps = 10_000

    area = sum(share_of_smallest(values, (step + 0.5) / steps) for step in range(steps)) / steps

    assert gini(values) == pytest.approx(1 - 2 * area, abs=1e-6)


def test_the_lorenz_curve_is_straight_between_one_and_the_next() -> None:
    values: Counts = {1: 2, 3: 2}

    assert [share_of_smallest(values, part) for part in (0.0, 0.25, 0.5, 0.625, 1.0)] == [0.0, 0.125, 0.25, 0.4375, 1.0]


def test_quantiles_are_values_that_occur() -> None:
    assert [quantile({1: 2, 5: 1, 9: 1}, part) for part in (0.25, 0.5, 0.75, 1.0)] == [1, 1, 5, 9]


def test_far_out_is_three_interquartile_ranges_beyond_a_quartile() -> None:
    assert fences({-50: 1, 1: 10, 2: 10, 3: 10, 4: 10, 99: 1}, by_size=False) == (-8, 13)
    assert fences({2: 9, 100: 1}, by_size=False) is None
    # One plus each of the quartiles 0 and 3 is 1 and 4: three times fourfold beyond.
    assert fences({0: 10, 1: 10, 3: 10, 10**6: 1}, by_size=True) == pytest.approx((0, 4 * 4**3 - 1))


def test_a_bound_beyond_all_values_is_the_last_of_them_however_far_apart_they_are() -> None:
    assert fences({1: 1, 2: 1, 3: 1, 4: 1}, by_size=False) == (1, 4)
    assert fences({0: 3, 1e300: 3}, by_size=True) == (0, 1e300)


def test_the_same_counts_in_another_order_make_the_same_rows() -> None:
    counts = [
        *(("of_viewer", str(n), "", n) for n in range(1, 30)),
        *(("of_title", str(n), "", 30 - n) for n in range(1, 30)),
        *(("languages", f"l{n}", "", n % 3 + 1) for n in range(25)),
        *(("value:silver.titles.popularity", f"{n / 7:.1e}", "", n) for n in range(1, 40)),
    ]
    mixed = random.Random(7).sample(counts, len(counts))

    rows = shape(NIGHT, counts)

    assert rows == shape(NIGHT, mixed)
    keys = [(row["picture"], row["series"], row["x"]) for row in rows]
    assert len(keys) == len(set(keys))
    assert [row["x"] for row in rows if row["picture"] == "languages"][-1] == "all others"


def test_two_people_of_one_name_stay_two() -> None:
    rows = shape(NIGHT, [("people", "nm1", "Jo", 4), ("people", "nm2", "Jo", 9), ("people", "nm3", "Al", 9)])

    assert [(row["x"], row["y"]) for row in rows] == [("Jo (nm2)", 9), ("Al", 9), ("Jo (nm1)", 4)]


def test_of_an_empty_lake_nothing_is_said() -> None:
    assert shape(NIGHT, []) == []
