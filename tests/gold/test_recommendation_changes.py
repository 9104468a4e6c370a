"""gold.recommendation_changes: how each viewer's list differs from the one it replaced."""

from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.gold.recommendation_changes import changes, run
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.tables import gold, silver
from tests.cli.small_lake import listed, preferred, publish
from tests.rows import rows_of

BEFORE, NIGHT = date(2026, 2, 27), date(2026, 3, 1)


def lists(night: date, version: int, **titles: str) -> list[dict[str, Any]]:
    """A list per viewer, a title per letter; a capital one comes from the segment."""
    return [
        listed(user, rank, title.lower())
        | {"night": night, "model_version": version, "source": "segment" if title.isupper() else "personal"}
        for user, letters in titles.items()
        for rank, title in enumerate(letters, start=1)
    ]


def compared(
    spark: SparkSession, before: date | None, *rows: dict[str, Any], **liked: int
) -> dict[str, dict[str, Any]]:
    """Rows of the table by viewer, where viewers like so many titles."""
    preferences = [preferred(user, f"t{n}", 1.0) for user, count in liked.items() for n in range(count)]
    preferences += [preferred(user, "known", 0.0) for user in liked]
    frames = rows_of(spark, gold.RECOMMENDATION_HISTORY, rows), rows_of(spark, silver.PREFERENCES, preferences)
    found = changes(*frames, NIGHT, before)
    assert found.columns == list(gold.RECOMMENDATION_CHANGES.column_names)
    return {row["user_id"]: row.asDict() for row in found.collect()}


def test_compares_each_viewers_list_with_the_one_before(spark: SparkSession) -> None:
    rows = [
        *lists(BEFORE, 1, same="abc", other="abcd", gone="ab"),
        *lists(NIGHT, 2, same="abc", other="axbY", new="qr"),
        *lists(date(2026, 2, 28), 9, same="xyz", other="xyz"),
    ]

    found = compared(spark, BEFORE, *rows, same=4, other=5, new=50)

    common = {"night": NIGHT, "night_before": BEFORE, "popular_count": 0}
    nothing: dict[str, Any] = {"entering_title_ids": [], "leaving_title_ids": []}
    assert found["same"] == common | nothing | {
        "user_id": "same", "state": "both", "segment": "cold", "overlap": 1.0, "rbo": pytest.approx(1.0), "listed_count": 3,
        "listed_before_count": 3, "personal_count": 3, "segment_count": 0, "model_version": 2, "model_version_before": 1,
    }  # fmt: skip
    # X_1 = 1, X_2 = 1, X_3 = 2, X_4 = 2
    rbo = 0.1 / 0.9 * (0.9 + 0.81 / 2 + 2 * 0.729 / 3 + 2 * 0.6561 / 4) + 0.6561 / 2
    assert found["other"] == common | {
        "user_id": "other", "state": "both", "segment": "light", "overlap": 0.5, "rbo": pytest.approx(rbo),
        "entering_title_ids": ["x", "y"], "leaving_title_ids": ["c", "d"], "listed_count": 4, "listed_before_count": 4,
        "personal_count": 3, "segment_count": 1, "model_version": 2, "model_version_before": 1,
    }  # fmt: skip
    assert found["new"] == common | {
        "user_id": "new", "state": "new", "segment": "heavy", "overlap": None, "rbo": None,
        "entering_title_ids": ["q", "r"], "leaving_title_ids": [], "listed_count": 2, "listed_before_count": 0,
        "personal_count": 2, "segment_count": 0, "model_version": 2, "model_version_before": None,
    }  # fmt: skip
    assert found["gone"] == common | {
        "user_id": "gone", "state": "gone", "segment": "cold", "overlap": None, "rbo": None,
        "entering_title_ids": [], "leaving_title_ids": ["a", "b"], "listed_count": 0, "listed_before_count": 2,
        "personal_count": 0, "segment_count": 0, "model_version": None, "model_version_before": 1,
    }  # fmt: skip
    assert len(found) == 4


def test_the_first_night_changes_nothing(spark: SparkSession) -> None:
    assert compared(spark, None, *lists(NIGHT, 1, u="ab"), u=1) == {}


def test_publishes_a_partition_for_each_night_that_replaced_another(lake: Lake) -> None:
    publish(lake.settings.root, silver.PREFERENCES, preferred("u", "known", 1.0))
    first, second = lists(BEFORE, 1, u="ab"), lists(NIGHT, 1, u="ac")
    for rows, night in ((first, BEFORE), ([*first, *second], NIGHT)):
        publish(lake.settings.root, gold.RECOMMENDATION_HISTORY, *rows, night=night, replaced=[str(night)])
        run(lake, night)

    found = lake.read(gold.RECOMMENDATION_CHANGES, NIGHT).collect()
    assert [(row["night"], row["user_id"], row["entering_title_ids"]) for row in found] == [(NIGHT, "u", ["c"])]
    published = ledger.history(lake.settings.lake, gold.RECOMMENDATION_CHANGES)
    assert [entry.published for entry in published] == [1, 0]
