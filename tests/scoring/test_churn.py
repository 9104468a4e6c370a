"""How much lists change: overlap, and rank-biased overlap by its published definition."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from jobs.scoring.churn import PERSISTENCE, compare, compare_lists

Ranking = list[str]
LISTS = st.permutations(list("abcdefgh")).flatmap(lambda titles: st.integers(0, 8).map(lambda n: titles[:n]))


def arrays(*pairs: tuple[Ranking, Ranking]) -> tuple[pa.ListArray, pa.ListArray]:
    kind = pa.list_(pa.string())
    return pa.array([before for before, _ in pairs], kind), pa.array([after for _, after in pairs], kind)


def by_definition(one: Ranking, other: Ranking) -> float:
    """The sum over all depths, (1 - p) Σ A_d p^(d-1), with the agreement of the part that was seen beyond each end.

    Webber, Moffat and Zobel (2010), section 4.3: between the ends the shorter list is taken to agree as it did up to its
    own end; beyond both the agreement stays what it is at the end of the longer.
    """
    short, long = sorted((one, other), key=len)
    s = len(short)

    def shared(depth: int) -> int:
        return len(set(short[:depth]) & set(long[:depth]))

    def agreement(depth: int) -> float:
        if depth <= s:
            return shared(depth) / depth
        depth = min(depth, len(long))
        return (shared(depth) + shared(s) * (depth - s) / s) / depth

    p = PERSISTENCE
    return (1 - p) * sum(agreement(depth) * p ** (depth - 1) for depth in range(1, 400))


@pytest.mark.parametrize(
    ("before", "after", "overlap", "rbo"),
    [
        ("abc", "abc", 1.0, 1.0),
        ("abc", "xyz", 0.0, 0.0),
        # X_1 = 1, X_2 = 1: .1/.9 · (.9 + .81/2) + 1/2 · .81
        ("ab", "ax", 0.5, 0.1 / 0.9 * (0.9 + 0.81 / 2) + 0.81 / 2),
        # X_1 = 0, X_2 = 2: .1/.9 · .81 + .81
        ("ab", "ba", 1.0, 0.1 / 0.9 * 0.81 + 0.81),
        # s = 1, l = 2, X_1 = X_2 = 1: .1/.9 · (.9 + .81/2 + .81/2) + (0 + 1) · .81
        ("a", "ab", 0.5, 0.1 / 0.9 * (0.9 + 0.81) + 0.81),
        ("ab", "a", 1.0, 0.1 / 0.9 * (0.9 + 0.81) + 0.81),
    ],
)
def test_measures_known_lists(before: str, after: str, overlap: float, rbo: float) -> None:
    found = compare(*arrays((list(before), list(after))))

    assert found.overlap.tolist() == [overlap]
    assert found.rbo.tolist() == pytest.approx([rbo])


def test_tells_what_entered_and_what_left_best_first() -> None:
    found = compare(*arrays((list("abcd"), list("xbya")), ([], list("pq")), (list("pq"), []), ([], [])))

    assert found.entering.to_pylist() == [["x", "y"], ["p", "q"], [], []]
    assert found.leaving.to_pylist() == [["c", "d"], [], ["p", "q"], []]
    assert found.overlap.tolist() == pytest.approx([0.5, np.nan, np.nan, np.nan], nan_ok=True)
    assert found.rbo.tolist()[1:] == pytest.approx([np.nan] * 3, nan_ok=True)


def test_a_missing_list_counts_as_empty() -> None:
    kind = pa.list_(pa.string())

    found = compare(pa.array([["a"], None], kind), pa.array([None, ["a"]], kind))

    assert (found.entering.to_pylist(), found.leaving.to_pylist()) == ([[], ["a"]], [["a"], []])


def test_the_same_title_on_another_viewers_list_is_nothing_to_this_one() -> None:
    found = compare(*arrays((["a"], ["b"]), (["b"], ["a"])))

    assert found.overlap.tolist() == [0.0, 0.0]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(LISTS, LISTS), min_size=1, max_size=6))
def test_rank_biased_overlap_is_the_sum_of_its_definition(pairs: list[tuple[Ranking, Ranking]]) -> None:
    found, mirrored = compare(*arrays(*pairs)), compare(*arrays(*(pair[::-1] for pair in pairs)))

    for at, (before, after) in enumerate(pairs):
        if before and after:
            assert found.rbo[at] == pytest.approx(by_definition(before, after), abs=1e-9)
            assert found.rbo[at] == pytest.approx(mirrored.rbo[at])
            assert found.overlap[at] == len(set(before) & set(after)) / len(after)
        assert found.entering[at].as_py() == [title for title in after if title not in before]
        assert found.leaving[at].as_py() == [title for title in before if title not in after]


def test_compares_in_tasks_and_keeps_what_else_a_row_says(spark: SparkSession) -> None:
    schema = "user_id string, before array<string>, after array<string>, model_version int"
    lists = spark.createDataFrame([("u", ["a", "b"], ["a", "x"], 7), ("new", None, ["a"], None)], schema)

    rows = {row["user_id"]: row.asDict() for row in compare_lists(lists).collect()}

    assert rows["u"] == {
        "user_id": "u", "model_version": 7, "overlap": 0.5, "rbo": pytest.approx(0.55),
        "entering_title_ids": ["x"], "leaving_title_ids": ["b"],
    }  # fmt: skip
    assert rows["new"] == {
        "user_id": "new", "model_version": None, "overlap": None, "rbo": None,
        "entering_title_ids": ["a"], "leaving_title_ids": [],
    }  # fmt: skip
