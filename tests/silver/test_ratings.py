"""silver.ratings: a viewer's last word on a title."""

from datetime import datetime, timedelta
from typing import Any

from pyspark.sql import SparkSession
from pyspark.testing import assertDataFrameEqual

from expectations.silver.ratings import SUITE
from jobs.lakehouse.audit import mark as audit
from jobs.silver.ratings import find_last_ratings
from jobs.tables import silver
from tests.rows import columns_of, rows_of

LATE = datetime(2026, 3, 1, 12)


def test_finds_the_last_rating_of_a_title_and_of_two_at_once_the_better(spark: SparkSession) -> None:
    rated = {"user_id": "u", "title_id": "tt0000001", "event_type": "rating"}
    events = [
        rated | {"event_id": "a", "value": 4.0, "occurred_at": LATE},
        rated | {"event_id": "b", "value": 9.0, "occurred_at": LATE - timedelta(days=1)},
        rated | {"event_id": "c", "value": 3.0, "occurred_at": LATE},
        rated | {"event_id": "d", "value": 0.0, "occurred_at": LATE, "user_id": "v"},
    ]

    found = find_last_ratings(rows_of(spark, silver.INTERACTIONS, events))

    last = {"user_id": "u", "title_id": "tt0000001", "rating": 4.0, "rated_at": LATE}
    assertDataFrameEqual(
        columns_of(found, silver.RATINGS),
        rows_of(spark, silver.RATINGS, [last, last | {"user_id": "v", "rating": 0.0}]),
    )


def test_each_promise_sets_exactly_its_planted_row_aside(spark: SparkSession) -> None:
    good: dict[str, Any] = {"user_id": "good", "title_id": "tt0000001", "rating": 7.0, "rated_at": LATE}
    planted: dict[str, dict[str, Any]] = {
        "rating:be_between": {"rating": 10.5},
        "rated_at:be_between": {"rated_at": datetime(1970, 1, 1)},
        "title_id:match_regex": {"title_id": "Heat"},
    }
    rows = [good, *(good | {"user_id": reason} | fields for reason, fields in planted.items())]

    marked = audit.mark(rows_of(spark, silver.RATINGS, rows), SUITE, {})

    found = {row["user_id"]: row[audit.REASONS] for row in marked.collect()}
    assert found == {"good": []} | {reason: [reason] for reason in planted}
