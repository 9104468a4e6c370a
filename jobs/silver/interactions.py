"""Type, conform and deduplicate the delivered events: silver.interactions."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import NamedTuple

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from expectations.silver.interactions import CLOCK_TOLERANCE, EARLIEST, SUITE, TOO_MANY
from jobs.events.months import month_of, name_titles, of_months, time_of, touched_months
from jobs.lakehouse.audit.mark import DELIVERED, DUPLICATES, FAULTS
from jobs.lakehouse.lake import Lake
from jobs.lakehouse.ledger import Entry
from jobs.lakehouse.past import Past, changed
from jobs.tables import bronze, silver
from jobs.version import code_hash

_CONFLICT = "event_id:conflict"
_PAST_IS_KEPT = timedelta(days=30)
"""For this long what a table was made from can be read again: its files are kept for 35 days."""
_FIELDS = ("user_id", "title_id", "event_type", "value", "occurred_at", "source")

Crowd = tuple[str, date]
"""A viewer and a day that has more events of theirs than a person's."""


class Counting(NamedTuple):
    """Which events count."""

    lateness_days: int
    """How long before the day of its delivery an event may have occurred."""
    history_sources: Collection[str]
    """Sources whose events may be of any age."""
    viewer_events_per_day: int
    """The most events of a viewer on a day."""
    first: date | None = None
    """The oldest delivery there is: its events may be of any age."""

    @property
    def of_settings(self) -> dict[str, object]:
        """What of it the ledger keeps with a publication."""
        days, sources, events, _ = self
        return {"lateness_days": days, "history_sources": list(sources), "viewer_events_per_day": events}


def run(lake: Lake, night: date) -> None:
    """Publish silver.interactions from every event log delivered up to ``night``: the months that may have changed."""
    events = lake.read(bronze.INTERACTIONS, night)
    links = lake.read(silver.TITLE_LINKS, night)
    titles = lake.read(silver.TITLES, night)

    counts = Counting(
        lake.settings.lateness_days,
        lake.settings.history_sources,
        lake.settings.viewer_events_per_day,
        min(_deliveries(lake, night), default=None),
    )
    months = find_months(lake, events, name_titles(links, titles), night, counts)
    offered = events if months is None else of_months(events, months)
    most = counts.viewer_events_per_day
    held = Past(lake.spark, lake.settings.lake, lake.reads).count(bronze.INTERACTIONS)
    crowds = find_crowds(offered, most) if held > most else []
    lake.publish(refine_events(offered, links, counts, crowds), SUITE, night, partitions=months)


def find_months(
    lake: Lake, events: DataFrame, named: DataFrame, night: date, counts: Counting
) -> set[date | None] | None:
    """Find the months whose events may differ from those published.

    Args:
        lake: The tables.
        events: bronze.interactions, up to ``night``.
        named: What :func:`name_titles` says now.
        night: The night that publishes.
        counts: Which events count.

    Returns:
        First days of months, None for that of times that cannot be read; None for all, where less is not certain or not
        less work: at first, by other code, after a month, where most of what is there was delivered since, and where a
        great many titles are known by another name.
    """
    last = lake.carried(silver.INTERACTIONS)
    if last is None or not _is_comparable(last, lake, night, counts):
        return None
    past, now = Past(lake.spark, lake.settings.lake, last.inputs), lake.reads
    holds, held = _deliveries(lake, night), past.deliveries(bronze.INTERACTIONS, last.night)
    nights = changed(held, holds) | past.made_again(bronze.INTERACTIONS, night)
    if 2 * len(nights) > len(holds) or min(held, default=None) != counts.first:
        return None  # the oldest delivery may be of any age: where another one is the oldest, both may count otherwise
    gone = None
    if replaced := nights & held.keys():
        gone = past.rows(bronze.INTERACTIONS).where(F.col("night").isin(*replaced))
    named_then = None
    if any(last.inputs[table.name] != now[table.name] for table in (silver.TITLE_LINKS, silver.TITLES)):
        named_then = name_titles(past.rows(silver.TITLE_LINKS), past.rows(silver.TITLES))
    has_conflicts = any(part.by_reason.get(_CONFLICT) for part in last.parts.values())
    return touched_months(events, nights, gone, named_then, named, has_conflicts=has_conflicts)


def _is_comparable(last: Entry, lake: Lake, night: date, counts: Counting) -> bool:
    """Whether the last publication differs from the next by nothing but its inputs, and these are still there."""
    made_from = (bronze.INTERACTIONS, silver.TITLE_LINKS, silver.TITLES)
    return (
        last.code == code_hash()
        and not last.forgotten  # what it was made from had rows that it has no more
        and silver.INTERACTIONS.name not in lake.again
        and last.settings == counts.of_settings
        and timedelta(0) <= night - last.night <= _PAST_IS_KEPT
        and all(last.inputs.get(table.name) is not None for table in made_from)
        and all(lake.reads.get(table.name) is not None for table in made_from)
    )


def _deliveries(lake: Lake, night: date) -> dict[date, str]:
    """The deliveries of event logs up to a night, as they were read."""
    past, version = Past(lake.spark, lake.settings.lake, lake.reads), lake.reads[bronze.INTERACTIONS.name]
    return {} if version is None else past.deliveries(bronze.INTERACTIONS, night, version=version)


def refine_events(events: DataFrame, links: DataFrame, counts: Counting, crowds: Collection[Crowd] = ()) -> DataFrame:
    """Type the events, name titles by their conformed identifier, and keep one row per event.

    An event delivered more than once counts as delivered first; what says something else under its identifier is at
    fault. An event of a title that no catalogue knows keeps the identifier it came with, and is parked at the door, as
    are all events of a viewer's day that has more of them than a person's.

    Args:
        events: bronze.interactions, one row per delivered event; of each month that there is, all of them.
        links: silver.title_links, one row per title of a catalogue.
        counts: Which events count.
        crowds: What :func:`find_crowds` found of them.

    Returns:
        silver.interactions, one row per event, with ``_faults``, ``_duplicates`` and ``_delivered``; one row more per
        contradiction.
    """
    occurred_at = F.col("occurred_at")
    crowded = [F.struct(F.lit(viewer), F.lit(day)) for viewer, day in crowds]
    is_history = F.col("source").isin(*counts.history_sources) | (F.col("night") == F.lit(counts.first))
    horizon = F.date_sub("night", counts.lateness_days).cast("timestamp")
    conformed = links.select(F.col("source_title_id").alias("title_id"), F.col("title_id").alias("linked_title_id"))
    faults = {
        _CONFLICT: ~F.col("is_first"),
        "occurred_at:after_delivery": occurred_at > (F.date_add("night", 1).cast("timestamp") + F.lit(CLOCK_TOLERANCE)),
        "occurred_at:too_late": (occurred_at >= F.lit(EARLIEST))
        & (occurred_at < horizon)
        & ~F.coalesce(is_history, F.lit(False)),  # noqa: FBT003
        "value:missing": (F.col("event_type") == "rating") & F.col("value").isNull(),
        TOO_MANY: F.struct("user_id", F.to_date(occurred_at)).isin(*crowded) if crowds else F.lit(False),  # noqa: FBT003
    }
    return (
        keep_first(type_events(events))
        .join(conformed, on="title_id", how="left")
        .select(
            "event_id",
            "user_id",
            F.coalesce("linked_title_id", "title_id").alias("title_id"),
            "event_type",
            "value",
            "occurred_at",
            "source",
            month_of(occurred_at).alias("month"),
            F.array_remove(
                F.array(*(F.when(broken, fault).otherwise("") for fault, broken in faults.items())), ""
            ).alias(FAULTS),
            F.col("duplicates").alias(DUPLICATES),
            F.col("night").alias(DELIVERED),
        )
    )


def find_crowds(events: DataFrame, most: int) -> list[Crowd]:
    """Find the viewers' days that have more than ``most`` events of bronze.interactions.

    Hardly ever there is one: only viewers who have so many events altogether are looked at day by day.
    """
    busy = events.groupBy("user_id").count().where(F.col("count") > most).select("user_id")
    days = (
        type_events(events.join(F.broadcast(busy), on="user_id", how="left_semi"))
        .groupBy("user_id", F.to_date("occurred_at").alias("day"))
        .agg(F.count_distinct("event_id").alias("count"))
        .where((F.col("count") > most) & F.col("day").isNotNull())
    )
    return [(row["user_id"], row["day"]) for row in days.collect()]


def type_events(events: DataFrame) -> DataFrame:
    """Type bronze.interactions, and give an event without an identifier the hash of its fields.

    Returns:
        ``event_id``, the fields, ``night`` and ``file``; one row per row.
    """
    given_id = F.nullif(F.trim("event_id"), F.lit(""))
    # Unit separators keep ("ab", "c") and ("a", "bc") apart; nulls are written out, as concat_ws would skip them.
    fields = F.concat_ws("\x1f", *(F.coalesce(name, F.lit("\x00")) for name in _FIELDS))
    return events.select(
        F.coalesce(given_id, F.sha2(fields, 256)).alias("event_id"),
        "user_id",
        "title_id",
        "event_type",
        F.col("value").try_cast("double").alias("value"),
        time_of().alias("occurred_at"),
        "source",
        "night",
        "file",
    )


def keep_first(typed: DataFrame) -> DataFrame:
    """Keep each event as delivered first, and what contradicts it.

    Few events come more than once: only those are compared with one another, the others pass without being moved.

    Args:
        typed: What :func:`type_events` returned.

    Returns:
        The columns of ``typed``, ``is_first`` (of its event) and ``duplicates`` (rows that say the same); one row per
        event and content.
    """
    # A hash that two events share by chance only has both looked at.
    key = F.xxhash64("event_id")
    repeated = typed.groupBy(key.alias("key")).count().where(F.col("count") > 1).select("key")
    is_repeated = key == F.col("key")
    once = typed.join(F.broadcast(repeated), is_repeated, how="left_anti").select(
        "*",
        F.lit(True).alias("is_first"),  # noqa: FBT003
        F.lit(0).cast("bigint").alias("duplicates"),
    )
    content = F.struct("night", "file", *_FIELDS)
    often = (
        typed.join(F.broadcast(repeated), is_repeated, how="left_semi")
        .groupBy("event_id", *_FIELDS)
        .agg(F.min(F.struct("night", "file")).alias("delivery"), (F.count("*") - 1).alias("duplicates"))
        .select("event_id", *_FIELDS, "delivery.*", "duplicates")
        .withColumn("is_first", content == F.min(content).over(Window.partitionBy("event_id")))
    )
    return once.unionByName(often)
