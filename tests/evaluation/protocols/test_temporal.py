"""The global temporal split: one moment for all, and nothing of the future before it."""

from datetime import UTC, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.errors import JobError
from jobs.evaluation.protocols.temporal import find_cutoff, hold_out
from tests.evaluation.events import START, views


def test_holds_out_the_newest_share_of_all_events(spark: SparkSession) -> None:
    cutoff = find_cutoff(views(spark, *(("u", f"t{n}", n) for n in range(100))), 0.1)

    assert cutoff == (START + timedelta(hours=90)).replace(tzinfo=UTC)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 60), min_size=2, max_size=30), st.sampled_from([0.05, 0.1, 0.3, 0.49]))
def test_is_the_latest_second_that_holds_out_enough(spark: SparkSession, hours: list[int], share: float) -> None:
    events = views(spark, *(("u", f"t{n}", hour) for n, hour in enumerate(hours)))
    newest_first = sorted(hours, reverse=True)
    expected = newest_first[max(1, round(share * len(hours))) - 1]

    if expected == min(hours):
        with pytest.raises(JobError, match="spans no time"):
            find_cutoff(events, share)
    else:
        assert find_cutoff(events, share) == (START + timedelta(hours=expected)).replace(tzinfo=UTC)


def test_without_events_there_is_nothing_to_split(spark: SparkSession) -> None:
    with pytest.raises(
        JobError, match="no model was trained: silver.interactions is empty; deliver event logs and run"
    ):
        find_cutoff(views(spark, ("u", "t", 1)).limit(0), 0.1)


def test_judges_only_titles_that_are_new_to_the_viewer_and_liked_later(spark: SparkSession) -> None:
    histories = spark.createDataFrame([("u", ["a"]), ("v", ["b"])], "user_id string, title_ids array<string>")
    events = views(spark, ("u", "old", 0), ("u", "a", 2), ("u", "b", 2), ("u", "bad", 2), ("v", "b", 2), ("w", "a", 2))

    viewers = hold_out(
        histories, events, (START + timedelta(hours=1)).replace(tzinfo=UTC), F.col("title_id") != F.lit("bad")
    )

    assert [(row["user_id"], row["held_out"]) for row in viewers.collect()] == [("u", ["b"])]
