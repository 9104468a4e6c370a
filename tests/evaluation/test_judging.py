"""Traps of judging: seen titles, ties, short lists, nothing relevant, candidates, not a number."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from jobs import recommenders
from jobs.errors import JobError
from jobs.evaluation.judging import Question, judge, judge_by
from jobs.evaluation.measures import rmse
from jobs.evaluation.protocols import kfold_rating, temporal
from jobs.evaluation.rating_judging import judge_ratings, require_predictions
from jobs.scoring.histories import Histories
from jobs.scoring.top_n import Floats

TITLES = pa.array([f"t{n:02d}" for n in range(15)])


@dataclass(frozen=True)
class Fixed:
    """The same scores for everybody, and ratings of a title that are its position."""

    title_ids: pa.Array
    row: NDArray[np.float32]

    def scores(self, histories: Histories) -> Floats:
        return np.tile(self.row, (len(histories), 1))

    def predict(
        self, histories: Histories, viewers: NDArray[np.int64], titles: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        return np.where(titles < 0, 6, titles).astype(np.float32)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


FALLING = Fixed(TITLES, np.arange(15, 0, -1, dtype=np.float32))
EQUAL = Fixed(TITLES, np.ones(15, dtype=np.float32))


def viewers(*rows: tuple[list[str], list[str]], **more: list[list[object]]) -> pa.Table:
    """Histories of seen titles, and the wanted ones."""
    seen, wanted = zip(*rows, strict=True)
    strings = pa.list_(pa.string())
    return pa.table(
        {
            "user_id": [f"u{n}" for n in range(len(rows))],
            "title_ids": pa.array(seen, strings),
            "weights": pa.array([[1.0] * len(titles) for titles in seen], pa.list_(pa.float64())),
            "held_out": pa.array(wanted, strings),
            **more,
        }
    )


def test_a_title_seen_in_training_is_never_counted() -> None:
    """Even if a protocol wanted it by mistake: it is on no list."""
    judged = judge(FALLING, viewers((["t00"], ["t00", "t01"])), TITLES, 3)

    assert judged["listed"].to_pylist() == [["t01", "t02", "t03"]]
    assert judged["precision"].to_pylist() == pytest.approx([1 / 3])
    assert judged["recall"].to_pylist() == [0.5]


def test_ties_go_by_the_order_of_the_models_titles_whatever_is_wanted() -> None:
    first = judge(EQUAL, viewers(([], ["t00"])), TITLES, 3)
    last = judge(EQUAL, viewers(([], ["t14"])), TITLES, 3)

    assert first["listed"].to_pylist() == last["listed"].to_pylist() == [["t00", "t01", "t02"]]
    assert (first["mrr"].to_pylist(), last["mrr"].to_pylist()) == ([1.0], [0.0])


def test_fewer_candidates_than_ranks_make_a_shorter_list() -> None:
    judged = judge(FALLING, viewers((["t00"], ["t02", "unheard of"])), TITLES.slice(0, 3), 10)

    assert judged["listed"].to_pylist() == [["t01", "t02"]]
    assert judged["precision"].to_pylist() == pytest.approx([0.1])
    assert judged["recall"].to_pylist() == [0.5]


def test_a_score_that_is_no_number_is_refused() -> None:
    broken = replace(FALLING, row=np.full(15, np.nan, dtype=np.float32))

    with pytest.raises(ValueError, match="not finite"):
        judge(broken, viewers(([], ["t00"])), TITLES, 3)
    with pytest.raises(ValueError, match="not finite"):
        judge(broken, viewers(([], ["t00"]), candidates=[["t00", "t05"]]), TITLES, 3)


def test_candidates_are_ranked_among_themselves_only() -> None:
    table = viewers((["t01"], ["t07"]), ([], ["unheard of"]), candidates=[["t09", "t07", "t05"], ["t03", "unheard of"]])

    judged = judge(FALLING, table, TITLES, 10)

    assert judged["listed"].to_pylist() == [["t05", "t07", "t09"], ["t03"]]
    assert judged["ndcg"].to_pylist() == pytest.approx([1 / np.log2(3), 0.0])


def test_shorter_lists_are_judged_beside_the_whole_one() -> None:
    judged = judge_by(FALLING, viewers(([], ["t03", "t14"])), TITLES, Question(10, (2, 4)))

    assert judged["hit_rate_at_2"].to_pylist() == [0.0]
    assert judged["recall_at_4"].to_pylist() == judged["recall"].to_pylist() == [0.5]
    assert judged["precision_at_4"].to_pylist() == [0.25]


def test_many_blocks_come_back_in_the_order_of_the_viewers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.scoring.histories._LARGEST_BLOCK", 7)
    random = np.random.default_rng(2)
    rows = [(random.choice(TITLES.to_pylist(), 3, replace=False).tolist(), ["t05"]) for _ in range(100)]

    judged = judge(FALLING, viewers(*rows), TITLES, 5)

    assert judged["user_id"].to_pylist() == [f"u{n}" for n in range(100)]
    for (seen, _), listed in zip(rows, judged["listed"].to_pylist(), strict=True):
        assert listed == [title for title in TITLES.to_pylist() if title not in seen][:5]


def test_predictions_are_cut_to_the_scale_and_unknown_titles_are_asked_for_too() -> None:
    table = viewers(
        (["t01", "t02"], ["t14", "t03", "unheard of"]),
        ratings=[[4.0, 8.0]],
        held_out_ratings=[[10.0, 8.0, 6.0]],
    )

    errors = judge_ratings(FALLING, table, 1.0, 5.0)

    # On five stars: t14 is predicted 7, cut to 5, and is 5; t03 is predicted 1.5 and is 4; an unknown title 3.
    assert errors["absolute"].tolist() == [2.5]
    assert errors["ratings"].tolist() == [3.0]


@pytest.mark.parametrize("name", [name for name in recommenders.names() if name != "rating_als"])
def test_a_recommender_that_predicts_no_ratings_is_refused_where_nothing_else_is_judged(name: str) -> None:
    with pytest.raises(JobError, match=f"{name} predicts no ratings, and kfold-rating judges nothing else"):
        require_predictions(name, kfold_rating.RULES)

    require_predictions(name, temporal.RULES)


def test_a_recommender_that_predicts_ratings_is_judged_by_them() -> None:
    require_predictions("rating_als", kfold_rating.RULES)


def test_a_search_for_ratings_makes_the_error_small() -> None:
    table = viewers((["t01"], ["t04", "t03"]), ratings=[[4.0]], held_out_ratings=[[8.0, 8.0]])
    measure = rmse(1.0, 5.0)

    squared, ratings = measure.of(FALLING, table, TITLES)

    # Predicted 2 and 1.5 of five stars, both are 4.
    assert measure.value(squared, ratings) == pytest.approx(np.sqrt((2.0**2 + 2.5**2) / 2))
    assert measure.sign < 0
