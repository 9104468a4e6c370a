"""Lists: what the model says, below it what is popular; everybody has one."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.recommenders import als, held, popularity
from jobs.scoring.lists import lists_of
from jobs.scoring.plan import Plan, held_plan
from tests.scoring.plans import plan_for

MODEL = als.Model(
    pa.array(["hit", "drama", "comedy", "banned"]),
    np.array([[1, 0], [0, 2], [2, 0], [3, 3]], np.float32),
    als.Parameters(rank=2),
)
TITLES: dict[str, dict[str, Any]] = {
    "hit": {"viewers": 9, "genres": ["Action"], "title": "The Hit", "release_year": 1960},
    "drama": {"viewers": 4, "genres": ["Drama"]},
    "comedy": {"viewers": 4, "genres": ["Comedy"]},
    "banned": {"viewers": 8, "is_listable": False, "genres": ["Drama"], "title": "The Ban", "release_year": 1950},
    "new drama": {"viewers": 2, "recent_viewers": 0, "genres": ["Drama"]},
    "new comedy": {"viewers": 1, "genres": ["Action", "Comedy"]},
    "voted for": {"vote_count": 7},
    "unheard of": {},
}


def histories(*known: tuple[str, dict[str, float]]) -> pa.RecordBatch:
    """Viewers, and titles with weights."""
    schema = {
        "user_id": pa.string(), "title_ids": pa.list_(pa.string()), "weights": pa.list_(pa.float64()),
    }  # fmt: skip
    rows = [{"user_id": user, "title_ids": list(titles), "weights": list(titles.values())} for user, titles in known]
    return pa.RecordBatch.from_pylist(rows, pa.schema(schema))


def listed(plan: Plan, *known: tuple[str, dict[str, float]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pa.Table.from_batches(lists_of(plan, [histories(*known)])).to_pylist()
    return rows


def told(plan: Plan, history: dict[str, float]) -> list[tuple[str, str]]:
    """Source and title of one viewer's list."""
    return [(row["source"], row["title_id"]) for row in listed(plan, ("u", history))]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return plan_for(tmp_path, MODEL, TITLES, 4)


def test_a_list_that_the_model_does_not_fill_goes_on_with_the_viewers_genre_and_then_with_what_is_popular(
    plan: Plan,
) -> None:
    assert told(plan, {"drama": 2.0, "hit": 1.0, "banned": 1.0}) == [
        ("personal", "comedy"), ("segment", "new drama"), ("popular", "new comedy"), ("popular", "voted for"),
    ]  # fmt: skip


def test_each_title_says_why_it_is_there(plan: Plan) -> None:
    rows = listed(plan, ("u", {"drama": 2.0, "hit": 1.0, "banned": 1.0}))

    assert [(row["reason_title_ids"], row["reasons"]) for row in rows] == [
        (["banned", "hit"], "because you liked The Ban (1950) and The Hit (1960)"),
        ([], "popular in Drama, which you like most"),
        ([], "popular: 1 viewer in 30 days"),
        ([], "next in popularity: no viewers in 30 days"),
    ]
    added = rows[0]["reason_contributions"]
    assert added == sorted(added, reverse=True)
    assert sum(added) >= rows[0]["model_score"] - 1e-6, "what drama takes away is not named"
    assert [row["reason_contributions"] for row in rows[1:]] == [[]] * 3


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.sampled_from([*TITLES, "gone"]), st.sampled_from([0.0, 0.5, 3.0]), max_size=6),
    st.lists(st.lists(st.floats(-2, 2, width=32), min_size=2, max_size=2), min_size=9, max_size=9),
)
def test_no_reason_names_a_title_that_the_viewer_did_not_like(
    tmp_path: Path, history: dict[str, float], factors: list[list[float]]
) -> None:
    """Whatever the model has learned, and whatever titles are called."""
    model = als.Model(pa.array([*TITLES, "gone"]), np.array(factors, np.float32), als.Parameters(rank=2))
    called = {title: facts | {"title": f"[bold]{title}</b>\n"} for title, facts in TITLES.items()}
    plan = plan_for(tmp_path, model, called, 4)
    held.cache_clear()

    for row in listed(plan, ("u", history)):
        liked = {title for title, weight in history.items() if weight > 0}
        assert set(row["reason_title_ids"]) <= liked
        assert len(row["reason_title_ids"]) == len(row["reason_contributions"]) == len(set(row["reason_title_ids"]))
        assert all(added > 0 for added in row["reason_contributions"])
        assert {title for title in model.title_ids.to_pylist() if f"[bold]{title}<" in row["reasons"]} <= liked
        assert "\n" not in row["reasons"]


def test_who_liked_nothing_that_the_model_knows_gets_the_genre_of_what_he_liked_first(plan: Plan) -> None:
    assert told(plan, {"new comedy": 1.0, "drama": 0.0}) == [
        ("segment", "hit"), ("popular", "comedy"), ("popular", "new drama"), ("popular", "voted for"),
    ]  # fmt: skip


def test_what_was_not_liked_says_nothing_of_a_genre(plan: Plan) -> None:
    assert told(plan, {"drama": 0.0, "unknown to all": 1.0}) == [
        ("popular", "hit"), ("popular", "comedy"), ("popular", "new comedy"), ("popular", "new drama"),
    ]  # fmt: skip


def test_nobody_known_gets_what_is_popular_lately_then_ever_then_voted_for_then_the_rest(plan: Plan) -> None:
    (first, *_) = rows = listed(plan, ("*", {}))

    assert [row["title_id"] for row in rows] == ["hit", "comedy", "drama", "new comedy"]
    assert (first["source"], first["model_score"], first["boost"], first["score"]) == ("popular", None, None, 9.0)
    assert told(plan, {"hit": 0.0, "comedy": 0.0, "drama": 0.0, "new comedy": 0.0}) == [
        ("popular", "new drama"), ("popular", "voted for"), ("popular", "unheard of"),
    ]  # fmt: skip


def test_who_has_seen_all_that_may_be_listed_gets_nothing_and_others_what_is_theirs(plan: Plan) -> None:
    everything = {title: 1.0 for title in TITLES if title != "banned"}

    assert {row["user_id"] for row in listed(plan, ("all", everything), ("u", {"hit": 1.0}))} == {"u"}


def test_ranks_count_within_a_viewer_and_scores_are_the_models(plan: Plan) -> None:
    rows = listed(plan, ("u", {"hit": 5.0}), ("v", {"drama": 5.0}))

    assert [(row["user_id"], row["rank"]) for row in rows] == [(user, rank) for user in "uv" for rank in (1, 2, 3, 4)]
    personal = [row for row in rows if row["source"] == "personal"]
    assert [row["title_id"] for row in personal] == ["comedy", "drama", "hit", "comedy"]
    assert all(row["score"] == row["model_score"] and row["boost"] is None for row in personal)


def test_the_lists_of_a_popularity_are_popular_in_its_own_order_and_go_on_with_titles_that_it_does_not_know(
    tmp_path: Path,
) -> None:
    factors = np.array([[3], [7], [0]], np.float32)
    model = popularity.Model(pa.array(["hit", "drama", "comedy"]), factors, popularity.Parameters())
    plan = plan_for(tmp_path, model, TITLES, 4, "popularity")

    rows = listed(plan, ("u", {"drama": 5.0}))

    assert [(row["source"], row["title_id"], row["model_score"]) for row in rows] == [
        ("popular", "hit", 3.0), ("popular", "comedy", 0.0), ("popular", "new comedy", None),
        ("popular", "new drama", None),
    ]  # fmt: skip


def test_a_blocked_title_stands_on_no_list_and_another_takes_its_place(tmp_path: Path) -> None:
    plan = plan_for(tmp_path, MODEL, TITLES, 4, comedy=None, hit=None)

    assert told(plan, {"drama": 1.0}) == [("segment", "new drama"), ("popular", "new comedy"), ("popular", "voted for"),
        ("popular", "unheard of")]  # fmt: skip
    assert [row["title_id"] for row in listed(plan, ("*", {}))] == ["drama", "new comedy", "new drama", "voted for"]


def test_a_boost_adds_a_share_of_the_viewers_best_score(tmp_path: Path) -> None:
    plan = plan_for(tmp_path, MODEL, TITLES, 2, hit=0.75)

    first, second = listed(plan, ("u", {"comedy": 1.0, "banned": 0.0, "drama": 0.0}))

    assert (first["title_id"], second["title_id"]) == ("hit", "new comedy")
    assert first["boost"] == pytest.approx(0.75 * first["model_score"])
    assert first["score"] == first["model_score"] + first["boost"]


def test_a_boost_moves_a_title_up_and_down_among_the_popular_by_a_share_of_the_most_viewers(tmp_path: Path) -> None:
    plan = plan_for(tmp_path, MODEL, TITLES, 3, hit=-0.5, drama=0.25)

    rows = listed(plan, ("*", {}))

    assert [(row["title_id"], row["boost"], row["score"]) for row in rows] == [
        ("drama", 2.25, 6.25), ("hit", -4.5, 4.5), ("comedy", None, 4.0),
    ]  # fmt: skip


def test_a_boost_lifts_a_title_that_nobody_watched_and_the_model_does_not_know(tmp_path: Path) -> None:
    plan = plan_for(tmp_path, MODEL, TITLES | {"premiere": {}}, 1, premiere=1.0, hit=-0.5)

    assert told(plan, {}) == [("popular", "premiere")]


def test_a_plan_that_was_saved_makes_the_same_lists(plan: Plan, tmp_path: Path) -> None:
    viewers = [("u", {"drama": 2.0, "hit": 1.0}), ("v", {"new comedy": 1.0}), ("*", {})]
    (tmp_path / "plan").mkdir()
    plan.save(tmp_path / "plan")

    assert listed(held_plan(str(tmp_path / "plan")), *viewers) == listed(plan, *viewers)
