"""silver.preferences: what viewers like, and how much."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.testing import assertDataFrameEqual

from expectations.silver.preferences import SUITE
from jobs.lakehouse.audit import mark as audit
from jobs.scoring.weighing import weigh
from jobs.settings import Weighing
from jobs.silver.preferences import in_ranges
from jobs.tables import silver
from tests.rows import rows_of

AS_OF = datetime(2026, 3, 2, tzinfo=UTC)
TODAY = AS_OF.replace(tzinfo=None)


def weights(
    spark: SparkSession, *events: dict[str, Any], weighing: Weighing | None = None
) -> dict[tuple[str, str], float]:
    filled = [
        {"event_id": f"e{n}", "user_id": "u", "title_id": "t", "event_type": "view", "occurred_at": TODAY} | event
        for n, event in enumerate(events)
    ]
    rows = weigh(rows_of(spark, silver.INTERACTIONS, filled), AS_OF, weighing or Weighing()).collect()
    return {(row["user_id"], row["title_id"]): row["weight"] for row in rows}


@pytest.mark.parametrize(
    ("event", "weight"),
    [
        ({"event_type": "view", "value": None}, 1.0),
        ({"event_type": "view", "value": 0.25}, 0.25),
        ({"event_type": "complete"}, 0.5),
        ({"event_type": "rating", "value": 10.0}, 2.0),
        ({"event_type": "rating", "value": 7.5}, 1.0),
        ({"event_type": "rating", "value": 5.0}, 0.0),
        ({"event_type": "watchlist"}, 0.5),
        ({"event_type": "dislike"}, 0.0),
        ({"event_type": "sneeze"}, 0.0),
    ],
)
def test_weighs_events_by_type_and_value(spark: SparkSession, event: dict[str, Any], weight: float) -> None:
    assert weights(spark, event) == {("u", "t"): pytest.approx(weight)}


def test_weights_halve_with_age_and_never_grow_with_a_clock_ahead(spark: SparkSession) -> None:
    found = weights(
        spark,
        {"title_id": "old", "occurred_at": TODAY - timedelta(days=20)},
        {"title_id": "ahead", "occurred_at": TODAY + timedelta(days=400)},
        weighing=Weighing(half_life_days=10),
    )

    assert found == {("u", "old"): pytest.approx(0.25), ("u", "ahead"): pytest.approx(1.0)}


def test_dislike_outweighs_a_view_but_keeps_the_title_known(spark: SparkSession) -> None:
    assert weights(spark, {"event_type": "view"}, {"event_type": "dislike"}) == {("u", "t"): 0.0}


def test_weights_do_not_depend_on_the_order_of_rows(spark: SparkSession) -> None:
    events = [{"occurred_at": TODAY - timedelta(days=n), "value": 0.1 + n / 97} for n in range(60)]

    assert weights(spark, *events) == weights(spark, *reversed(events))


def test_viewers_of_many_events_are_divided_into_ranges_and_weigh_the_same(spark: SparkSession) -> None:
    events = [{"event_id": f"e{n}", "user_id": f"u{n % 9}", "title_id": f"t{n % 5}"} for n in range(90)]
    common = {"event_type": "view", "occurred_at": TODAY}
    rows = rows_of(spark, silver.INTERACTIONS, [event | common for event in events])

    divided = weigh(in_ranges(rows, 30), AS_OF, Weighing())

    parts = divided.groupBy(F.spark_partition_id().alias("part")).agg(F.min("user_id"), F.max("user_id"))
    bounds = [tuple(part)[1:] for part in parts.orderBy("part").collect()]
    assert len(bounds) == 3
    assert all(highest < lowest for (_, highest), (lowest, _) in pairwise(bounds))
    assertDataFrameEqual(divided, weigh(rows, AS_OF, Weighing()))
    assert in_ranges(rows, 90) is rows


def test_a_corrected_rating_replaces_the_one_before(spark: SparkSession) -> None:
    early, late = TODAY - timedelta(days=2), TODAY - timedelta(days=1)
    rated = {"event_type": "rating"}

    found = weights(
        spark,
        rated | {"title_id": "better", "value": 0.0, "occurred_at": early},
        rated | {"title_id": "better", "value": 10.0, "occurred_at": late},
        rated | {"title_id": "worse", "value": 0.0, "occurred_at": late},
        rated | {"title_id": "worse", "value": 10.0, "occurred_at": early},
        {"title_id": "worse", "event_type": "like", "occurred_at": early},
        rated | {"title_id": "twice", "value": 7.5, "occurred_at": late},
        rated | {"title_id": "twice", "value": 5.0, "occurred_at": late},
        weighing=Weighing(half_life_days=1),
    )

    assert found == {
        ("u", "better"): pytest.approx(2.0 / 2),
        ("u", "worse"): 0.0,
        ("u", "twice"): pytest.approx(1.0 / 2),
    }


def test_names_the_last_rating_of_a_title(spark: SparkSession) -> None:
    events = [
        {"event_id": f"e{n}", "user_id": "u", "title_id": title, "event_type": kind, "value": value}
        | {"occurred_at": TODAY - timedelta(days=days)}
        for n, (title, kind, value, days) in enumerate(
            [
                ("rated", "rating", 9.0, 2),
                ("rated", "rating", 2.5, 1),
                ("rated", "view", 1.0, 0),
                ("seen", "view", 1.0, 0),
                ("worst", "rating", 0.0, 3),
            ]
        )
    ]

    rows = weigh(rows_of(spark, silver.INTERACTIONS, events), AS_OF, Weighing()).collect()

    assert {row["title_id"]: row["rating"] for row in rows} == {"rated": 2.5, "seen": None, "worst": 0.0}


def test_each_promise_sets_exactly_its_planted_row_aside(spark: SparkSession) -> None:
    good = {"user_id": "good", "title_id": "tt0000001", "weight": 1.0, "event_count": 1, "last_at": TODAY}
    planted: dict[str, dict[str, Any]] = {
        "weight:be_between": {"weight": -0.1},
        "rating:be_between": {"rating": 10.5},
        "event_count:be_between": {"event_count": 0},
        "last_at:be_between": {"last_at": datetime(1970, 1, 1)},
    }
    rows = [good, *(good | {"user_id": reason} | fields for reason, fields in planted.items())]

    marked = audit.mark(rows_of(spark, silver.PREFERENCES, rows), SUITE, {})

    found = {row["user_id"]: row[audit.REASONS] for row in marked.collect()}
    assert found == {"good": []} | {reason: [reason] for reason in planted}
