"""Novelty, diversity, coverage, Gini, tail and segments, by hand."""

import numpy as np
import pyarrow as pa
import pytest

from jobs.evaluation import variety
from jobs.evaluation.combining import mean_over_runs, ratio_over_runs
from jobs.evaluation.segments import Popularity, recall_by_title, viewer_segments

TITLES = pa.array(["a", "b", "c", "d"])
POPULARITY = Popularity(TITLES, np.array([8, 4, 2, 0]), 16)
CATALOGUE = pa.table({"title_id": ["a", "b", "c", "d"], "genres": [["Action"], ["Action"], ["Drama", "War"], []]})


def lists(*titles: list[str]) -> pa.Array:
    return pa.array(titles, pa.list_(pa.string()))


def test_novelty_is_the_mean_surprise_in_bits() -> None:
    # Known by 8, 4, 2 of 16: 1, 2 and 3 bits; by nobody: as by half a viewer, 5 bits.
    found = variety.novelty(lists(["a", "b"], ["c", "d"], []), POPULARITY)

    assert found.tolist() == pytest.approx([1.5, 4.0, np.nan], nan_ok=True)


def test_the_head_holds_four_fifths_of_what_was_learned_from() -> None:
    # 8 of 14 rows are less than four fifths, 8 + 4 are more: a and b.
    assert POPULARITY.is_head.tolist() == [True, True, False, False]
    assert variety.tail_share(lists(["a", "c"], ["c", "d"]), POPULARITY).tolist() == [0.5, 1.0]


def test_diversity_is_one_less_the_mean_likeness_of_genres() -> None:
    found = variety.diversity(lists(["a", "b"], ["a", "c"], ["a", "b", "c"], ["a", "d"]), CATALOGUE)

    # Alike, unlike; of three pairs one alike; and one title with genres makes no pair.
    assert found.tolist() == pytest.approx([0.0, 1.0, 2 / 3, np.nan], nan_ok=True)


def test_coverage_and_gini_of_lists() -> None:
    everybody_the_same = variety.catalogue_shares(lists(*[["a"]] * 10), TITLES, 1)
    all_alike = variety.catalogue_shares(lists(["a", "b"], ["c", "d"]), TITLES, 1)

    assert everybody_the_same["coverage"].mean == 0.25
    assert everybody_the_same["gini"].mean == pytest.approx(0.75)  # the most there is of four titles: (n - 1) / n
    assert all_alike["coverage"].mean == 1.0
    assert all_alike["gini"].mean == pytest.approx(0.0)
    assert everybody_the_same["coverage"].low == everybody_the_same["coverage"].high == 0.25


def test_the_interval_of_coverage_holds_the_figure() -> None:
    random = np.random.default_rng(1)
    names = [f"t{n}" for n in range(200)]
    drawn = [random.choice(names, 5, replace=False).tolist() for _ in range(60)]

    coverage = variety.catalogue_shares(lists(*drawn), pa.array(names), 1)["coverage"]

    assert coverage.low < coverage.mean < coverage.high


def test_viewers_are_cold_light_or_heavy_by_what_they_are_known_to_like() -> None:
    weights = [[1.0] * 4 + [0.0] * 60, [1.0] * 5, [0.5] * 49, [2.0] * 50, []]

    found = viewer_segments(pa.table({"weights": pa.array(weights, pa.list_(pa.float64()))}))

    assert {kind: np.flatnonzero(who).tolist() for kind, who in found.items()} == {
        "cold": [0, 4],
        "light": [1, 2],
        "heavy": [3],
    }


def test_recall_of_head_and_tail_titles() -> None:
    viewers = pa.table({"held_out": lists(["a", "c"], ["b"], ["unheard of"])})
    judged = pa.table({"listed": lists(["a", "d"], ["a"], ["b"])})

    found = recall_by_title(viewers, judged, POPULARITY)

    assert found["head"].tolist() == pytest.approx([1.0, 0.0, np.nan], nan_ok=True)
    assert found["tail"].tolist() == pytest.approx([0.0, np.nan, 0.0], nan_ok=True)


def test_figures_of_several_runs_are_means_of_means_with_both_kinds_of_chance() -> None:
    random = np.random.default_rng(3)
    alike = [random.normal(0.5, 0.1, size=400) for _ in range(5)]
    apart = [values + shift for values, shift in zip(alike, (-0.2, -0.1, 0.0, 0.1, 0.2), strict=True)]

    narrow, wide = mean_over_runs(alike, 1), mean_over_runs(apart, 1)

    assert narrow.mean == pytest.approx(np.mean([values.mean() for values in alike]))
    assert narrow.low < narrow.mean < narrow.high
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)
    assert mean_over_runs(alike, 1) == narrow


def test_viewers_without_a_value_are_left_out_of_a_mean() -> None:
    assert mean_over_runs([np.array([1.0, np.nan, 0.0])], 1).mean == 0.5
    assert np.isnan(mean_over_runs([np.array([np.nan])], 1).mean)


def test_rmse_is_the_root_over_all_ratings_not_the_mean_over_viewers() -> None:
    squared, ratings = np.array([4.0, 0.0]), np.array([1.0, 3.0])

    assert ratio_over_runs([(squared, ratings)], 1, is_squared=True).mean == pytest.approx(1.0)
