"""gold.list_outcomes: what became of what was listed, and the online figures of the version that listed it."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.gold.list_outcomes import count_outcomes, find_answers, first_places, run, sieve
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.settings import Settings
from jobs.tables import gold, silver
from jobs.tracking import runs
from tests.cli.small_lake import publish
from tests.rows import filled, rows_of
from tests.tracking.registered import register

FIRST = date(2026, 2, 20)
SECOND, NIGHT = FIRST + timedelta(days=2), FIRST + timedelta(days=8)
NEUTRAL = 5.0
OUTCOMES = ("watched", "liked", "disliked", "dismissed", "watchlisted", "ignored")
Event = tuple[str, str, str, float | None, datetime]
"""Viewer, title, kind, value and time."""


def at(day: date, hour: int = 20) -> datetime:
    return datetime(day.year, day.month, day.day, hour)


def after(days: int, second: int = 0) -> datetime:
    """Midnight so many days after the first night's day began, and some seconds."""
    return at(FIRST, 0) + timedelta(days=days, seconds=second)


def lists_of(*rows: tuple[date, str, int, str, str | None], version: int = 1) -> list[dict[str, Any]]:
    """Night, viewer, rank, title and source of listed titles."""
    names = ("night", "user_id", "rank", "title_id", "source")
    told = {"model_name": "reelhouse", "model_version": version}
    return [filled(gold.RECOMMENDATION_HISTORY, dict(zip(names, row, strict=True)) | told) for row in rows]


def events_of(*events: Event) -> list[dict[str, Any]]:
    names = ("user_id", "title_id", "event_type", "value", "occurred_at")
    return [
        filled(
            silver.INTERACTIONS,
            dict(zip(names, event, strict=True)) | {"event_id": str(n), "month": event[-1].date().replace(day=1)},
        )
        for n, event in enumerate(events)
    ]


def counted(spark: SparkSession, lists: list[dict[str, Any]], *events: Event, night: date = NIGHT) -> DataFrame:
    interactions = rows_of(spark, silver.INTERACTIONS, events_of(*events))
    answers = find_answers(interactions, FIRST, night, NEUTRAL)
    return count_outcomes(rows_of(spark, gold.RECOMMENDATION_HISTORY, lists), answers, night)


def test_counts_by_night_rank_and_source_what_viewers_did_within_seven_days(spark: SparkSession) -> None:
    lists = lists_of(
        *[(FIRST, viewer, 1, "hit", "personal") for viewer in "abcdefghi"],
        *[(FIRST, "a", 2, "other", "popular"), (SECOND, "b", 1, "hit", "personal"), (SECOND, "c", 1, "x", "personal")],
    )
    rows = counted(
        spark,
        lists,
        # The first moment of the seven days, twice, and liked; the last one, on a later list, too.
        ("a", "hit", "view", 0.5, after(1)),
        ("a", "hit", "complete", None, after(2)),
        ("a", "hit", "like", None, after(2)),
        ("b", "hit", "rating", 6.0, after(8, second=-1)),
        # A moment too early, a moment too late, and a rating that says nothing but that it was watched.
        ("c", "hit", "view", 1.0, after(1, second=-1)),
        ("d", "hit", "view", 1.0, after(8)),
        ("e", "hit", "rating", 5.0, after(3)),
        ("f", "hit", "rating", 4.5, after(3)),
        ("g", "hit", "dismiss", None, after(3)),
        ("h", "hit", "watchlist", None, after(3)),
        ("h", "hit", "dislike", None, after(4)),
        # Of what was not listed, and by somebody else.
        ("i", "other", "view", 1.0, after(3)),
        ("z", "hit", "view", 1.0, after(3)),
        # A clock runs ahead of the night.
        ("c", "x", "view", 1.0, after(9)),
    )

    found = {
        (row["night"], row["rank"], row["source"]): (
            row["listed_count"],
            {name: row[f"{name}_count"] for name in OUTCOMES if row[f"{name}_count"]},
            row["is_complete"],
        )
        for row in rows.collect()
    }
    assert found == {
        (FIRST, 1, "personal"): (
            9,
            {"watched": 4, "liked": 2, "disliked": 2, "dismissed": 1, "watchlisted": 1, "ignored": 3},
            True,
        ),
        (FIRST, 2, "popular"): (1, {"ignored": 1}, True),
        (SECOND, 1, "personal"): (2, {"watched": 1, "liked": 1, "ignored": 1}, False),
    }
    assert rows.columns == list(gold.LIST_OUTCOMES.column_names)


def test_the_seven_days_of_a_night_have_passed_with_the_seventh_and_not_before(spark: SparkSession) -> None:
    lists = lists_of((FIRST, "a", 1, "hit", "personal"), (FIRST + timedelta(days=1), "a", 1, "hit", "personal"))

    rows = counted(spark, lists, night=FIRST + timedelta(days=7)).collect()

    assert {row["night"]: row["is_complete"] for row in rows} == {FIRST: True, FIRST + timedelta(days=1): False}


def test_the_sieve_keeps_what_was_answered_to_and_little_else(spark: SparkSession) -> None:
    lists = spark.range(3000).selectExpr("concat('u', id % 100) AS user_id", "concat('tt', id) AS title_id")
    answers = lists.where("substring(title_id, 3) % 100 = 7")

    kept = sieve(lists, answers).collect()

    assert {row["title_id"] for row in answers.collect()} <= {row["title_id"] for row in kept}
    assert len(kept) < 40


def test_a_model_s_figures_are_of_the_first_ten_it_chose_itself() -> None:
    def row(night: date, rank: int, source: str, listed: int, watched: int, **other: object) -> dict[str, object]:
        counts = {f"{kind}_count": 0 for kind in ("liked", "disliked", "dismissed")}
        of = {"night": night, "rank": rank, "source": source, "model_name": "reelhouse", "model_version": 1}
        return {**of, **counts, "listed_count": listed, "watched_count": watched, "is_complete": True, **other}

    found = first_places(
        [
            row(FIRST, 1, "personal", 8, 3),
            row(FIRST, 10, "personal", 6, 1),
            row(FIRST, 11, "personal", 6, 6),
            row(FIRST, 1, "popular", 2, 2),
            row(SECOND, 1, "popular", 5, 2, model_version=2),
            row(SECOND, 2, "segment", 5, 1, model_version=2),
            row(NIGHT, 1, "personal", 9, 9, is_complete=False),
            row(FIRST, 1, "personal", 9, 9, model_name="reelhouse-als"),
        ]
    )

    told = {one.night: (one.version, one.counts["lists"], one.counts["listed"], one.counts["watched"]) for one in found}
    assert told == {FIRST: (1, 8, 14, 4), SECOND: (2, 5, 10, 3)}


def prepare(lake: Lake, *events: Event) -> None:
    """Two nights' lists, one of which is complete and was made before lists said their source, and what viewers did."""
    lists = lists_of(
        *[(FIRST, viewer, 1, "hit", None) for viewer in "abcd"],
        *[(FIRST, "*", 1, "hit", "popular"), (NIGHT, "a", 1, "x", "personal")],
    )
    publish(lake.settings.root, gold.RECOMMENDATION_HISTORY, *lists, night=NIGHT)
    publish(lake.settings.root, silver.INTERACTIONS, *events_of(*events), night=NIGHT)


def figures(settings: Settings, run_id: str) -> list[tuple[str, int, float]]:
    """Name, step and value of every online figure that was logged."""
    store = runs.client(settings)
    names = [name for name in store.get_run(run_id).data.metrics if name.startswith("online.")]
    return [(name, one.step, one.value) for name in sorted(names) for one in store.get_metric_history(run_id, name)]


def test_publishes_outcomes_and_logs_complete_nights_once_with_the_version_that_made_the_lists(
    lake: Lake, tmp_path: Path
) -> None:
    champion = register(lake.settings, tmp_path / "model", FIRST)
    seen: Event = ("a", "hit", "view", 1.0, after(2))
    prepare(lake, seen, ("b", "hit", "like", None, after(3)))

    run(lake, NIGHT)

    entry = ledger.latest(lake.settings.lake, gold.LIST_OUTCOMES)
    assert entry is not None
    assert (entry.published, entry.inputs) == (2, {"gold.recommendation_history": 1, "silver.interactions": 1})
    assert figures(lake.settings, champion.run_id) == [
        ("online.disliked_at_10", 20260220, 0.0),
        ("online.dismissed_at_10", 20260220, 0.0),
        ("online.liked_at_10", 20260220, 0.25),
        ("online.lists", 20260220, 4.0),
        ("online.watched_at_10", 20260220, 0.25),
    ]
    (outcome,) = lake.outcomes
    assert outcome.note == "of the first ten watched within seven days, now in MLflow: 2026-02-20 25.00% (version 1)"

    # A late event changes the table; the figure of a night is logged once.
    prepare(lake, seen, ("b", "hit", "view", 1.0, after(3)))
    run(lake, NIGHT)

    rows = lake.read(gold.LIST_OUTCOMES, NIGHT).where("is_complete").collect()
    assert [(row["listed_count"], row["watched_count"]) for row in rows] == [(4, 2)]
    watched = [figure for figure in figures(lake.settings, champion.run_id) if figure[0] == "online.watched_at_10"]
    assert watched == [("online.watched_at_10", 20260220, 0.25)]
    assert lake.outcomes[-1].note == ""


def test_without_mlflow_the_table_is_there_and_a_line_says_what_was_not_logged(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    prepare(lake, ("a", "hit", "view", 1.0, after(2)))
    gone = Lake(lake.spark, lake.settings.model_copy(update={"mlflow_uri": "http://127.0.0.1:9"}))

    run(gone, NIGHT)

    (outcome,) = gone.outcomes
    assert (outcome.state, outcome.rows) == ("published", 2)
    assert outcome.note.startswith(
        "online figures up to 2026-02-20 were not logged: MLflow (http://127.0.0.1:9) does not"
    )
    assert outcome.note.endswith("; the table is there, and the next night logs them")
