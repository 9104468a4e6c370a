"""What recommenders learn from: the preferences of each moment, densely numbered."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.scoring.training_set import Known, gather
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
        histories = {row["user_id"]: row["title_ids"] for row in known.histories(moment).collect()}

    assert sorted((user, title) for user, titles in histories.items() for title in titles) == [
        (user, title) for user, title, _ in expected
    ]


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
