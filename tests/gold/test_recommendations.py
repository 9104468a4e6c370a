"""gold: lists that viewers can be given, and titles that many interacted with."""

from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from expectations.gold import popular_titles as popular_promises
from expectations.gold import recommendation_history as history_promises
from expectations.gold import recommendations as list_promises
from jobs import recommenders
from jobs.errors import JobError
from jobs.gold.popular_titles import rank_titles
from jobs.gold.recommendations import run as run_recommendations
from jobs.lakehouse.audit import mark as audit
from jobs.lakehouse.lake import Lake
from jobs.recommenders.als import Model, Parameters
from jobs.scoring.histories import collect_histories
from jobs.scoring.lists import recommend
from jobs.tables import gold, silver
from tests.rows import rows_of

NIGHT = date(2026, 3, 1)
MODEL = Model(
    pa.array(["hit", "drama", "comedy", "adult"]),
    np.array([[1, 0], [0, 2], [2, 0], [3, 3]], np.float32),
    Parameters(rank=2),
)
LISTED: dict[str, Any] = {
    "user_id": "u",
    "rank": 1,
    "title_id": "a",
    "score": 2.0,
    "model_name": "m",
    "model_version": 1,
    "night": NIGHT,
}


def lists(spark: SparkSession, *known: tuple[str, str, float], length: int = 50) -> dict[str, list[str]]:
    preferences = spark.createDataFrame(list(known), "user_id string, title_id string, weight double")
    excluded = np.array([3], dtype=np.int32)
    with TemporaryDirectory() as folder:
        recommenders.save("als", MODEL, Path(folder))
        listed = recommend(collect_histories(preferences), Path(folder), excluded, length)
        rows = listed.orderBy("user_id", "rank").collect()
    assert [row["rank"] for row in rows if row["user_id"] == rows[0]["user_id"]] == list(
        range(1, 1 + sum(r["user_id"] == rows[0]["user_id"] for r in rows))
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["user_id"], []).append(row["title_id"])
    return found


def test_lists_what_resembles_the_viewers_liking_without_what_is_known_or_not_allowed(spark: SparkSession) -> None:
    assert lists(spark, ("u", "hit", 5.0), ("v", "drama", 5.0)) == {"u": ["comedy", "drama"], "v": ["hit", "comedy"]}


def test_a_viewer_without_a_liking_gets_popular_titles(spark: SparkSession) -> None:
    assert lists(spark, ("u", "drama", 0.0), ("u", "never trained on", 1.0)) == {"u": ["hit", "comedy"]}


def test_lists_are_cut_at_their_length(spark: SparkSession) -> None:
    assert lists(spark, ("u", "hit", 5.0), length=1) == {"u": ["comedy"]}


def test_without_a_champion_there_are_no_lists(lake: Lake) -> None:
    with pytest.raises(JobError, match="no lists were made"):
        run_recommendations(lake, NIGHT)


def test_each_promise_of_a_list_sets_exactly_its_planted_row_aside(spark: SparkSession) -> None:
    planted: dict[str, dict[str, Any]] = {
        "rank:be_between": {"rank": 0},
        "score:be_between": {"score": float("nan")},
        "model_version:be_between": {"model_version": 0},
        "user_id,title_id:in_silver.preferences": {"title_id": "seen"},
        "title_id:not_in_silver.titles": {"title_id": "unknown"},
    }
    rows = [LISTED, *(LISTED | {"user_id": reason} | fields for reason, fields in planted.items())]
    references = {
        "user_id,title_id:in_silver.preferences": spark.createDataFrame(
            [("user_id,title_id:in_silver.preferences", "seen")], "user_id string, title_id string"
        ),
        "title_id:not_in_silver.titles": spark.createDataFrame([("a",), ("seen",)], "title_id string"),
    }

    marked = audit.mark(rows_of(spark, gold.RECOMMENDATIONS, rows), list_promises.SUITE, references)

    found = {row["user_id"]: row[audit.REASONS] for row in marked.collect()}
    assert found == {"u": []} | {reason: [reason] for reason in planted}


@pytest.mark.parametrize(
    ("rows", "broken"),
    [
        ([{"rank": 2}], "ranks from 1 without gaps"),
        ([{}, {"rank": 2}], "no title twice"),
        ([{"score": 1.0}, {"rank": 2, "title_id": "b", "score": 3.0}], "scores never rise"),
    ],
)
def test_a_list_that_is_wrong_as_a_whole_stops_the_table(lake: Lake, rows: list[dict[str, Any]], broken: str) -> None:
    preferences = {
        "user_id": "other",
        "title_id": "a",
        "weight": 1.0,
        "event_count": 1,
        "last_at": datetime(2026, 3, 1),
    }
    lake_rows = rows_of(lake.spark, silver.PREFERENCES, [preferences])
    titles = rows_of(lake.spark, silver.TITLES, [{"title_id": "a"}, {"title_id": "b"}])
    lake_rows.write.format("delta").save(f"{lake.settings.lake}/silver/preferences")
    titles.write.format("delta").save(f"{lake.settings.lake}/silver/titles")

    with pytest.raises(JobError, match=broken):
        lake.publish(
            rows_of(lake.spark, gold.RECOMMENDATIONS, [LISTED | row for row in rows]), list_promises.SUITE, NIGHT
        )


def test_each_promise_of_the_history_sets_exactly_its_planted_row_aside(spark: SparkSession) -> None:
    planted: dict[str, dict[str, Any]] = {
        "rank:be_between": {"rank": 1001},
        "score:be_between": {"score": float("inf")},
        "model_version:be_between": {"model_version": 0},
    }
    rows = [LISTED, *(LISTED | {"user_id": reason} | fields for reason, fields in planted.items())]

    marked = audit.mark(rows_of(spark, gold.RECOMMENDATION_HISTORY, rows), history_promises.SUITE, {})

    assert {row["user_id"]: row[audit.REASONS] for row in marked.collect()} == {"u": []} | {r: [r] for r in planted}


def test_ranks_titles_by_viewers_within_each_window(spark: SparkSession) -> None:
    end = datetime(2026, 3, 2)
    events = [
        ("u", "old", 40),
        ("v", "old", 40),
        ("w", "old", 40),
        ("u", "new", 1),
        ("u", "new", 2),
        ("v", "late", 7),
        ("v", "month", 30),
    ]
    interactions = rows_of(
        spark,
        silver.INTERACTIONS,
        [
            {"event_id": str(n), "user_id": user, "title_id": title, "occurred_at": end - timedelta(days=days)}
            for n, (user, title, days) in enumerate(events)
        ],
    )
    titles = rows_of(
        spark, silver.TITLES, [{"title_id": t, "title": t.title()} for t in ("old", "new", "late", "month")]
    )

    rows = rank_titles(interactions, titles, NIGHT).orderBy("window_days", "rank").collect()

    found = [(row["window_days"], row["rank"], row["title_id"], row["viewer_count"]) for row in rows]
    assert found == [
        (0, 1, "old", 3), (0, 2, "late", 1), (0, 3, "month", 1), (0, 4, "new", 1),
        (7, 1, "late", 1), (7, 2, "new", 1),
        (30, 1, "late", 1), (30, 2, "month", 1), (30, 3, "new", 1),
    ]  # fmt: skip


def test_each_promise_of_popular_titles_sets_exactly_its_planted_row_aside(spark: SparkSession) -> None:
    good: dict[str, Any] = {
        "window_days": 7,
        "rank": 1,
        "title_id": "good",
        "title": "Good",
        "viewer_count": 1,
        "night": NIGHT,
    }
    planted: dict[str, dict[str, Any]] = {
        "window_days:be_in_set": {"window_days": 8},
        "rank:be_between": {"rank": 101},
        "viewer_count:be_between": {"viewer_count": 0},
    }
    rows = [good, *(good | {"title_id": reason} | fields for reason, fields in planted.items())]

    marked = audit.mark(rows_of(spark, gold.POPULAR_TITLES, rows), popular_promises.SUITE, {})

    assert {row["title_id"]: row[audit.REASONS] for row in marked.collect()} == {"good": []} | {r: [r] for r in planted}
