"""silver.interactions built month by month is what it is built as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.answers import quarantined
from jobs.events import months
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.lakehouse.views import Views
from jobs.silver import interactions as job
from jobs.tables import bronze, silver
from tests.cli.small_lake import publish
from tests.rows import filled, rows_of

Event = tuple[int, int, int, int]
"""Identifier (0: none), title, month (0: a time that cannot be read) and value."""

EVENTS = st.one_of(
    st.tuples(st.integers(0, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2)),
    # A time that cannot be read, of an event that is in no month: else all months would be judged together.
    st.tuples(st.sampled_from((0, 4)), st.integers(1, 3), st.just(0), st.integers(1, 2)),
)
ALL = job.Counting(365, (), 100)
"""Neither the age of an event nor a viewer's many events keep it from counting."""
DELIVERY = st.lists(EVENTS, max_size=3)
TITLES = st.frozensets(st.integers(1, 3), max_size=3)


@dataclass(frozen=True)
class World:
    """Inputs before and after some change: events by delivery, the titles known, and those linked to another name."""

    then: tuple[list[Event], ...]
    now: tuple[list[Event], ...]
    titles: tuple[frozenset[int], frozenset[int]]
    linked: tuple[frozenset[int], frozenset[int]]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    then = [draw(DELIVERY) for _ in range(3)]
    # A delivery may have come late, been delivered again otherwise, or be as it was.
    now = [draw(st.one_of(st.just(delivery), DELIVERY)) for delivery in then] + [draw(DELIVERY)]
    titles, linked = draw(TITLES), draw(TITLES)
    return World(
        tuple(then),
        tuple(now),
        (titles, draw(st.one_of(st.just(titles), TITLES))),
        (linked, draw(st.one_of(st.just(linked), TITLES))),
    )


def nameless(deliveries: tuple[list[Event], ...]) -> tuple[list[Event], ...]:
    """The same events without identifiers."""
    return tuple([(0, title, month, value) for _, title, month, value in delivery] for delivery in deliveries)


def events_of(spark: SparkSession, deliveries: list[tuple[list[Event], ...]]) -> DataFrame:
    """Each world has its own year, identifiers and titles, so that one job looks at all of them."""
    rows = [
        {
            "event_id": f"{year}-{identifier}" if identifier else None,
            "user_id": "u",
            "title_id": f"tmdb:{year}{title}",
            "event_type": "rating",
            "value": str(value),
            "occurred_at": f"{year}-{month:02}-01T00:30:00+00:00" if month else f"{year}-13-01T00:00:00Z",
            "source": "app",
            "file": "log.jsonl",
            "night": date(year, 4, 1 + number),
        }
        for year, nights in enumerate(deliveries, start=2000)
        for number, delivery in enumerate(nights)
        for identifier, title, month, value in delivery
    ]
    return rows_of(spark, bronze.INTERACTIONS, rows)


def catalogue(spark: SparkSession, worlds: list[World], side: int) -> tuple[DataFrame, DataFrame]:
    """Links and titles; a linked title is called by another name."""
    names = {
        f"tmdb:{year}{title}": f"tt{year}{title:04}" if title in world.linked[side] else f"tmdb:{year}{title}"
        for year, world in enumerate(worlds, start=2000)
        for title in world.titles[side] | world.linked[side]
    }
    known = {
        names[f"tmdb:{year}{title}"] for year, world in enumerate(worlds, start=2000) for title in world.titles[side]
    }
    links = [{"source_title_id": delivered, "title_id": title_id} for delivered, title_id in names.items()]
    return (
        rows_of(spark, silver.TITLE_LINKS, links),
        rows_of(spark, silver.TITLES, [{"title_id": title_id} for title_id in known]),
    )


def built(events: DataFrame, links: DataFrame, titles: DataFrame) -> list[tuple[Any, ...]]:
    """What is offered to the door, with whether its title is known."""
    known = titles.select("title_id", F.lit(True).alias("is_known"))  # noqa: FBT003
    return [
        tuple(row) for row in job.refine_events(events, links, ALL).join(known, on="title_id", how="left").collect()
    ]


def month(row: tuple[Any, ...]) -> date | None:
    position = silver.INTERACTIONS.column_names.index("month")
    # The join puts title_id first: event_id and user_id move on by one.
    found: date | None = row[position]
    return found


@settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.lists(worlds(), min_size=12, max_size=24), agree=st.booleans())
def test_months_that_are_not_touched_are_what_they_would_be(
    spark: SparkSession, drawn: list[World], agree: bool
) -> None:
    if agree:  # no contradictions in the first place: only what is new is looked at
        drawn = [World(nameless(world.then), nameless(world.now), world.titles, world.linked) for world in drawn]
    before, after = (events_of(spark, [getattr(world, side) for world in drawn]) for side in ("then", "now"))
    (links_then, titles_then), (links, titles) = (catalogue(spark, drawn, side) for side in (0, 1))
    nights = {
        date(year, 4, 1 + number)
        for year, world in enumerate(drawn, start=2000)
        for number, delivery in enumerate(world.now)
        if number >= len(world.then) or world.then[number] != delivery
    }
    published = built(before, links_then, titles_then)
    faults = len(silver.INTERACTIONS.column_names)

    touched = months.touched_months(
        after,
        nights,
        before.where(F.col("night").isin(*nights)),
        months.name_titles(links_then, titles_then),
        months.name_titles(links, titles),
        has_conflicts=any("event_id:conflict" in row[faults] for row in published),
    )

    assert touched is not None
    stays = [row for row in published if month(row) not in touched]
    assume(stays)
    again = built(months.of_months(after, touched), links, titles)
    assert sorted(map(repr, [*stays, *again])) == sorted(map(repr, built(after, links, titles)))


def test_an_event_in_a_month_and_at_a_time_that_cannot_be_read_lets_all_months_be_built() -> None:
    january, march = date(2026, 1, 1), date(2026, 3, 1)

    assert months.close_over({january}, {(None, march)}) is None
    assert months.close_over({january}, {(january, march)}) == {january, date(2026, 2, 1), march}
    assert months.close_over({january}, {(date(2026, 2, 1), march)}) == {january}


def test_where_a_great_many_titles_are_renamed_all_months_are_built(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (rows_of(spark, silver.TITLES, [{"title_id": f"tt{n}"} for n in numbers]) for numbers in ([1], [2, 3]))
    links = rows_of(spark, silver.TITLE_LINKS, [])
    then, now = months.name_titles(links, one), months.name_titles(links, other)

    assert sorted(renamed_of(then, now)) == ["tt1", "tt2", "tt3"]
    assert renamed_of(then, then) == []
    monkeypatch.setattr(months, "_MOST_RENAMED", 2)
    assert months.find_renamed(then, now) is None


def renamed_of(then: DataFrame, now: DataFrame) -> list[str]:
    found = months.find_renamed(then, now)
    assert found is not None
    return [str(title) for title in found.to_pylist()]


def event(name: str, day: str, **fields: str) -> Mapping[str, Any]:
    told = {"user_id": "u", "title_id": "tt0000001", "event_type": "view", "value": "1", "file": "log.jsonl"}
    return told | {"event_id": name, "occurred_at": f"{day}T10:00:00Z"} | fields


def deliver(lake: Lake, held: Mapping[date, Sequence[Mapping[str, Any]]]) -> None:
    """Let bronze hold these deliveries."""
    rows = [filled(bronze.INTERACTIONS, {**event, "night": day}) for day, events in held.items() for event in events]
    contents = {str(day): str(sorted(map(str, events))) for day, events in held.items()}
    publish(lake.settings.root, bronze.INTERACTIONS, *rows, night=max(held), deliveries=contents)


def test_a_night_rebuilds_only_the_months_that_its_deliveries_touch(lake: Lake) -> None:
    links, titles = ({"source_title_id": "tt0000001", "title_id": "tt0000001"}, {"title_id": "tt0000001"})
    for table, row in ((silver.TITLE_LINKS, links), (silver.TITLES, titles)):
        publish(lake.settings.root, table, filled(table, row))
    nights = [date(2026, 3, day) for day in (1, 2, 3, 2)]  # the second is delivered again, otherwise, after the third
    delivered = [
        [
            *(event(f"a{n}", "2026-01-05") for n in range(30)),
            event("b", "2026-02-05"),
            event("c", "2026-03-01"),
            event("d", "2026-02-06"),
        ],
        [event("e", "2026-03-02"), event("c", "2026-03-01")],
        [*(event(f"f{n}", "2026-02-07") for n in range(20)), event("a0", "2026-01-05", value="0.5")],
        [event("g", "2026-03-02"), event("c", "2026-03-01")],
    ]

    replaced, held = [], dict[date, list[Mapping[str, Any]]]()
    for night, events in zip(nights, delivered, strict=True):
        held[night] = events
        deliver(lake, held)
        last = max(held)
        job.run(Lake(lake.spark, lake.settings, run="test"), last)
        entry = ledger.latest(lake.settings.lake, silver.INTERACTIONS)
        assert entry is not None
        replaced.append(entry.replaced)
        spine = {term: rows for term, rows in entry.spine.items() if rows}

    assert replaced == [None, ["2026-03-01"], ["2026-01-01", "2026-02-01"], ["2026-03-01"]]
    assert spine == {
        "rows": 56,
        "published": 54,
        "set_aside": 1,
        "duplicates": 1,
    }
    events_by_month = [(str(row["month"]), row["event_id"]) for row in lake.read(silver.INTERACTIONS, last).collect()]
    assert sorted(events_by_month) == [
        *sorted(("2026-01-01", f"a{n}") for n in range(30)),
        *(("2026-02-01", "b"), ("2026-02-01", "d")),
        *sorted(("2026-02-01", f"f{n}") for n in range(20)),
        *(("2026-03-01", "c"), ("2026-03-01", "g")),
    ]


def test_an_event_at_an_impossible_time_does_not_stop_the_nights_after_it(lake: Lake) -> None:
    for table, row in (
        (silver.TITLE_LINKS, {"source_title_id": "tt0000001", "title_id": "tt0000001"}),
        (silver.TITLES, {"title_id": "tt0000001"}),
    ):
        publish(lake.settings.root, table, filled(table, row))
    held: dict[date, list[Mapping[str, Any]]] = {
        date(2026, 3, 1): [*(event(f"a{n}", "2026-01-05") for n in range(30)), event("never", "2026-02-30")],
    }
    for day, events in ((1, held[date(2026, 3, 1)]), (2, [event("b", "2026-03-01")])):
        held[date(2026, 3, day)] = list(events)
        deliver(lake, held)
        job.run(Lake(lake.spark, lake.settings, run="test"), date(2026, 3, day))

    entry = ledger.latest(lake.settings.lake, silver.INTERACTIONS)
    assert entry is not None
    assert entry.replaced == ["2026-03-01"]
    assert (entry.published, sum(part.broken for part in entry.parts.values())) == (31, 1)


def test_where_another_delivery_is_the_oldest_events_of_any_age_are_judged_again(lake: Lake) -> None:
    for table, row in (
        (silver.TITLE_LINKS, {"source_title_id": "tt0000001", "title_id": "tt0000001"}),
        (silver.TITLES, {"title_id": "tt0000001"}),
    ):
        publish(lake.settings.root, table, filled(table, row))
    march = date(2026, 3, 1)
    held: dict[date, list[Mapping[str, Any]]] = {
        march: [*(event(f"a{n}", "2026-03-01") for n in range(30)), event("old", "2001-05-05")],
    }
    told = []
    for day in (march, date(2026, 2, 20)):
        held.setdefault(day, [event("b", "2026-02-20")])
        deliver(lake, held)
        job.run(Lake(lake.spark, lake.settings, run="test"), march)
        entry = ledger.latest(lake.settings.lake, silver.INTERACTIONS)
        assert entry is not None
        told.append((entry.replaced, entry.published, entry.quarantined))

    assert told == [(None, 31, {}), (None, 31, {"occurred_at:too_late": 1})]


def test_a_catalogue_made_again_that_touches_no_month_leaves_events_as_they_are_and_fresh(lake: Lake) -> None:
    links, known = {"source_title_id": "tt0000001", "title_id": "tt0000001"}, {"title_id": "tt0000001"}
    for table, row in ((silver.TITLE_LINKS, links), (silver.TITLES, known)):
        publish(lake.settings.root, table, filled(table, row))
    night = date(2026, 3, 1)
    waiting = event("b", "2026-03-01", title_id="tt0000009")
    deliver(lake, {night: [waiting, *(event(f"a{n}", "2026-03-01") for n in range(30))]})
    job.run(Lake(lake.spark, lake.settings, run="test"), night)
    publish(lake.settings.root, silver.TITLES, *(filled(silver.TITLES, {"title_id": f"tt000000{n}"}) for n in (1, 2)))

    again = Lake(lake.spark, lake.settings, run="test")
    job.run(again, night)

    entry = ledger.latest(lake.settings.lake, silver.INTERACTIONS)
    assert entry is not None
    assert [outcome.state for outcome in again.outcomes] == ["published"]
    assert (entry.replaced, entry.published, entry.spine["published"]) == ([], 30, 30)
    assert entry.inputs[silver.TITLES.name] == ledger.version(lake.settings.lake, silver.TITLES)
    assert lake.read(silver.INTERACTIONS, night).count() == 30
    assert [one.reason for one in quarantined.quarantined(Views(lake.settings.lake, quarantined.READS)).found] == [
        "parked:title_id"
    ]
