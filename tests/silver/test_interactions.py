"""silver.interactions: typed, conformed, one row per event."""

from datetime import date, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.testing import assertDataFrameEqual

from expectations.silver.interactions import SUITE, TOO_MANY
from jobs.lakehouse.audit import mark as audit
from jobs.lakehouse.audit.mark import DELIVERED, FAULTS
from jobs.silver.interactions import Counting, find_crowds, refine_events
from jobs.tables import bronze, silver
from tests.rows import columns_of, rows_of

EVENT = {
    "event_id": "e1", "user_id": "u1", "title_id": "tt0000001", "event_type": "rating", "value": "8.5",
    "occurred_at": "2026-03-01T10:00:00Z", "source": "app", "file": "a.jsonl", "night": date(2026, 3, 1),
}  # fmt: skip
REFINED = {
    "event_id": "e1", "user_id": "u1", "title_id": "tt0000001", "event_type": "rating", "value": 8.5,
    "occurred_at": datetime(2026, 3, 1, 10), "source": "app", "month": date(2026, 3, 1),
}  # fmt: skip


FIRST = date(2026, 1, 1)


def refine(spark: SparkSession, *events: dict[str, Any], per_day: int = 100) -> DataFrame:
    links = [("tt0000001", "imdb", "tt0000001"), ("tmdb:603", "tmdb", "tt0133093")]
    linked = rows_of(
        spark,
        silver.TITLE_LINKS,
        [{"source_title_id": a, "source": b, "title_id": c, "matched_by": "link"} for a, b, c in links],
    )
    delivered = rows_of(spark, bronze.INTERACTIONS, [EVENT | event for event in events])
    crowds = find_crowds(delivered, per_day) if len(events) > per_day else ()
    return refine_events(delivered, linked, Counting(30, ("movielens",), per_day, FIRST), crowds)


def test_types_the_event_and_names_its_month(spark: SparkSession) -> None:
    assertDataFrameEqual(
        columns_of(refine(spark, {}), silver.INTERACTIONS), rows_of(spark, silver.INTERACTIONS, [REFINED])
    )


def test_names_titles_by_their_conformed_identifier(spark: SparkSession) -> None:
    refined = refine(spark, {"title_id": "tmdb:603"}, {"event_id": "e2", "title_id": "tmdb:999"})

    assert {row["event_id"]: row["title_id"] for row in refined.collect()} == {"e1": "tt0133093", "e2": "tmdb:999"}


def test_an_event_delivered_twice_counts_once_and_what_contradicts_it_is_at_fault(spark: SparkSession) -> None:
    refined = refine(
        spark,
        {"value": "2.0", "night": date(2026, 3, 2)},
        *({"value": "8.5"}, {"value": "8.50", "night": date(2026, 3, 2)}),
        *({"value": "9.0", "file": "b.jsonl"}, {"value": "9.0", "file": "c.jsonl"}),
        {"event_id": "e2"},
    )

    found = {(row["event_id"], row["value"]): (row[FAULTS], row[DELIVERED].day) for row in refined.collect()}
    assert found == {
        ("e1", 8.5): ([], 1),
        ("e1", 9.0): (["event_id:conflict"], 1),
        ("e1", 2.0): (["event_id:conflict"], 2),
        ("e2", 8.5): ([], 1),
    }


def test_events_from_the_future_and_ratings_of_nothing_are_at_fault(spark: SparkSession) -> None:
    refined = refine(
        spark,
        {"occurred_at": "2026-03-02T01:00:00Z"},
        {"event_id": "e2", "occurred_at": "2026-03-02T01:00:01Z"},
        {"event_id": "e3", "occurred_at": "2026-03-02T01:00:01Z", "night": date(2026, 3, 2)},
        {"event_id": "e4", "value": None},
        {"event_id": "e5", "value": None, "event_type": "view"},
    )

    assert {row["event_id"]: row[FAULTS] for row in refined.collect()} == {
        "e1": [],
        "e2": ["occurred_at:after_delivery"],
        "e3": [],
        "e4": ["value:missing"],
        "e5": [],
    }


def test_events_older_than_the_horizon_of_their_delivery_are_too_late(spark: SparkSession) -> None:
    horizon, before = "2026-01-30T00:00:00Z", "2026-01-29T23:59:59.999Z"
    refined = refine(
        spark,
        {"occurred_at": horizon},
        {"event_id": "late", "occurred_at": before},
        {"event_id": "late, without a source", "occurred_at": before, "source": None},
        {"event_id": "of history", "occurred_at": before, "source": "movielens"},
        {"event_id": "of the oldest delivery", "occurred_at": "2001-01-01T00:00:00Z", "night": FIRST},
        {"event_id": "delivered in time", "occurred_at": before, "night": date(2026, 2, 1)},
        {"event_id": "delivered in time", "occurred_at": before},
    )

    assert {row["event_id"] for row in refined.collect() if row[FAULTS] == ["occurred_at:too_late"]} == {
        "late",
        "late, without a source",
    }


def test_a_day_with_more_events_than_a_persons_waits_and_no_other(spark: SparkSession) -> None:
    day, before = "2026-03-01", "2026-02-28"
    refined = refine(
        spark,
        *({"event_id": f"bot {n}", "user_id": "bot", "occurred_at": f"{day}T10:00:0{n}Z"} for n in range(4)),
        *({"event_id": f"before {n}", "user_id": "bot", "occurred_at": f"{before}T10:00:0{n}Z"} for n in range(3)),
        *({"event_id": f"e{n % 3}", "night": date(2026, 3, n)} for n in range(1, 7)),
        per_day=3,
    )

    found = {row["event_id"]: row[FAULTS] for row in refined.collect()}
    assert {name for name, faults in found.items() if faults} == {f"bot {n}" for n in range(4)}
    assert found["bot 0"] == [TOO_MANY]
    assert len(found) == 4 + 3 + 3


def test_every_fault_is_said_in_words(spark: SparkSession) -> None:
    faults = {"event_id": "e", "value": None, "occurred_at": "2000-01-01T00:00:00Z", "night": date(2026, 3, 2)}
    refined = refine(spark, {"event_id": "e"}, faults, {"event_id": "f", "occurred_at": "2027-01-01T00:00:00Z"})

    assert {fault for row in refined.collect() for fault in row[FAULTS]} == set(SUITE.faults) - {TOO_MANY}


def test_events_without_an_id_are_told_apart_by_their_fields(spark: SparkSession) -> None:
    anonymous = {"event_id": None, "source": None}
    refined = refine(spark, anonymous, anonymous, anonymous | {"value": "1.0"}, anonymous | {"event_id": " "})

    ids = [row["event_id"] for row in refined.collect()]
    assert len(ids) == 2
    assert all(len(event_id) == 64 for event_id in ids)


def test_keeps_offsets_of_time_zones(spark: SparkSession) -> None:
    (row,) = refine(spark, {"occurred_at": "2026-03-01T01:30:00+02:00"}).collect()

    assert (row["occurred_at"], row["month"]) == (datetime(2026, 2, 28, 23, 30), date(2026, 2, 1))


def test_each_promise_sets_exactly_its_planted_row_aside(spark: SparkSession) -> None:
    planted = {
        "event_type:be_in_set": {"event_type": "purchase"},
        "value:be_between": {"value": "11"},
        "occurred_at:be_between": {"occurred_at": "1970-01-01T00:00:00Z"},
        "parked:title_id": {"title_id": "tt7777777"},
    }
    events = refine(spark, {}, *({"event_id": reason} | fields for reason, fields in planted.items()))
    known = spark.createDataFrame([("tt0000001",)], "title_id string")

    marked = audit.mark(events, SUITE, {"parked:title_id": known})

    found = {row["event_id"]: row[audit.REASONS] for row in marked.collect()}
    assert found == {"e1": []} | {reason: [reason] for reason in planted}


def test_a_time_that_is_none_breaks_its_row(spark: SparkSession) -> None:
    events = refine(spark, {"occurred_at": "2026-13-45T10:00:00Z"})

    (row,) = audit.mark(
        events, SUITE, {"parked:title_id": spark.createDataFrame([("tt0000001",)], "title_id string")}
    ).collect()

    assert row[audit.REASONS] == ["occurred_at:not_be_null", "month:not_be_null"]
