"""What recommenders learn from: the preferences of each moment, densely numbered."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from jobs.scoring.training_set import Known, TrainingSet, gather
from jobs.scoring.weighing import weigh
from jobs.settings import Weighing
from tests.evaluation.events import START, views

CUTOFF, END = ((START + timedelta(hours=hours)).replace(tzinfo=UTC) for hours in (10, 20))
EVENTS = (("w", "c", 1.0), ("u", "b", 1.0), ("u", "b", 12.0), ("u", "a", 11.0), ("v", "b", 13.0), ("u", "late", 21.0))


def rows(known: Known, moment: datetime) -> list[tuple[str, str, float]]:
    """The preferences of a moment, by the names that the integers stand for."""
    training = known.training_set(moment)
    users = {row["viewer"]: row["user_id"] for row in known.viewers.collect()}
    titles = training.title_ids.to_pylist()
    found = training.preferences.collect()
    return sorted((users[row["viewer"]], titles[row["title"]], row["weight"]) for row in found)


@pytest.mark.parametrize("moment", [CUTOFF, END])
def test_each_moment_sees_what_was_before_it_weighed_as_preferences_are(spark: SparkSession, moment: datetime) -> None:
    events = views(spark, *EVENTS)
    before = weigh(events.where(events["occurred_at"] < moment), moment, Weighing())
    expected: list[Any] = sorted(
        (row["user_id"], row["title_id"], pytest.approx(row["weight"])) for row in before.collect()
    )

    with gather(events, (CUTOFF, END), Weighing()) as known:
        assert rows(known, moment) == expected
        rows_of = known.histories(moment).collect()
        histories = {row["user_id"]: row["title_ids"] for row in rows_of}
        ages = {row["user_id"]: min(row["ages"]) for row in rows_of}

    assert sorted((user, title) for user, titles in histories.items() for title in titles) == [
        (user, title) for user, title, _ in expected
    ]
    last = before.groupBy("user_id").agg({"last_at": "max"}).collect()
    assert ages == {
        user: pytest.approx((moment.replace(tzinfo=None) - at).total_seconds() / 86400) for user, at in last
    }


def test_viewers_and_titles_are_numbered_densely_and_the_same_every_time(spark: SparkSession) -> None:
    many = [(f"u{n % 37:02d}", f"t{n % 11:02d}", n / 100) for n in range(400)]

    def numbers(*, is_reversed: bool) -> tuple[dict[str, int], list[str]]:
        with gather(views(spark, *(many[::-1] if is_reversed else many)), (CUTOFF,), Weighing()) as known:
            return (
                {row["user_id"]: row["viewer"] for row in known.viewers.collect()},
                known.title_ids.to_pylist(),
            )

    viewers, titles = numbers(is_reversed=False)

    assert sorted(viewers.values()) == list(range(37))
    assert titles == [f"t{n:02d}" for n in range(11)]
    assert numbers(is_reversed=True) == (viewers, titles)


@pytest.mark.parametrize("held", ["on Spark", "in memory"])
def test_the_rows_are_the_same_on_spark_in_memory_and_as_matrices(spark: SparkSession, held: str) -> None:
    rows = [(1, 0, 0.5, None, CUTOFF), (0, 2, 0.0, 4.0, CUTOFF - timedelta(days=3)), (0, 0, 2.0, 0.0, CUTOFF)]
    schema = "viewer int, title int, weight float, rating float, last_at timestamp"
    frame = spark.createDataFrame(rows, schema)
    training = TrainingSet(
        pa.array(["a", "b", "c"]), CUTOFF, 1, frame if held == "on Spark" else frame.toArrow(), lambda: spark
    )

    found = sorted((row["viewer"], row["title"], row["weight"]) for row in training.preferences.collect())
    assert found == [(0, 0, 2.0), (0, 2, 0.0), (1, 0, 0.5)]
    assert training.table.select(["viewer", "title"]).to_pylist() == [{"viewer": v, "title": t} for v, t, _ in found]
    histories = training.histories
    assert histories.preferences.toarray().tolist() == [[2.0, 0.0, 0.0], [0.5, 0.0, 0.0]]
    assert histories.seen.toarray().tolist() == [[1.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    assert (histories.ratings.nnz, histories.ratings.sum()) == (2, 4.0), "a rating of 0 is one"
    assert histories.ages.toarray().tolist() == [[0.0, 0.0, 3.0], [0.0, 0.0, 0.0]]
