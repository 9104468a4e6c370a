"""Type, conform and deduplicate the delivered events: silver.interactions."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from functools import reduce
from typing import NamedTuple

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from expectations.silver.interactions import CLOCK_TOLERANCE, EARLIEST, SUITE, TOO_MANY
from jobs.lakehouse.audit.mark import DELIVERED, DUPLICATES, FAULTS
from jobs.lakehouse.lake import Lake
from jobs.lakehouse.ledger import Entry
from jobs.lakehouse.past import Past, changed
from jobs.tables import bronze, silver
from jobs.version import code_hash

_CONFLICT = "event_id:conflict"
_PAST_IS_KEPT = timedelta(days=30)
"""For this long what a table was made from can be read again: its files are kept for 35 days."""
_MOST_RENAMED = 200_000
"""Of so many titles the events are looked for; where more became known at once, all events are refined again."""
_ZONES = timedelta(days=1)
"""More than the time zones of the world lie apart from UTC."""

_FIELDS = ("user_id", "title_id", "event_type", "value", "occurred_at", "source")


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
        min(_held(lake, night), default=None),
    )
    months = find_months(lake, events, name_titles(links, titles), night, counts)
    offered = events if months is None else of_months(events, months)
    lake.publish(refine_events(offered, links, counts), SUITE, night, partitions=months)


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
    holds, held = _held(lake, night), past.deliveries(bronze.INTERACTIONS, last.night)
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


def touched_months(
    events: DataFrame,
    nights: set[date],
    gone: DataFrame | None,
    named_then: DataFrame | None,
    named: DataFrame,
    *,
    has_conflicts: bool,
) -> set[date | None] | None:
    """Find the months whose events may differ from those published.

    Args:
        events: bronze.interactions, as it is now.
        nights: Deliveries of it that came or changed.
        gone: Rows of those that changed, as they were.
        named_then: What :func:`name_titles` said of the last publication's inputs; None if they are the same.
        named: What it says now.
        has_conflicts: Whether the last publication found contradictions.

    Returns:
        As :func:`find_months`.
    """
    delivered = events.where(F.col("night").isin(*nights))
    if gone is not None:
        # What a delivery no longer says has gone from its months.
        delivered, events = delivered.unionByName(gone), events.unionByName(gone)
    touched = distinct_months(delivered) if nights else set()
    if named_then is not None:
        renamed = find_renamed(named_then, named)
        if renamed is None:
            return None
        if len(renamed):
            touched |= distinct_months(of_titles(events, renamed))
    return close_over(touched, find_spans(events, None if has_conflicts else delivered))


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


def _held(lake: Lake, night: date) -> dict[date, str]:
    """The deliveries of event logs up to a night, as they were read."""
    past, version = Past(lake.spark, lake.settings.lake, lake.reads), lake.reads[bronze.INTERACTIONS.name]
    return {} if version is None else past.deliveries(bronze.INTERACTIONS, night, version=version)


def name_titles(links: DataFrame, titles: DataFrame) -> DataFrame:
    """Say what becomes of an event by the title it was delivered with.

    Returns:
        ``delivered``, ``title_id`` and ``is_known``, one row per name of a title, or two.
    """
    own = titles.select(F.col("title_id").alias("delivered"), "title_id")
    known = titles.select("title_id", F.lit(True).alias("is_known"))  # noqa: FBT003
    return (
        links.select(F.col("source_title_id").alias("delivered"), "title_id")
        .unionByName(own)
        .join(known, on="title_id", how="left")
    )


def find_renamed(then: DataFrame, now: DataFrame) -> pa.Array | None:
    """Find the titles of which something else is said than before: known, unknown, or another identifier.

    Args:
        then: What :func:`name_titles` said of the last publication's inputs.
        now: What it says of tonight's.

    Returns:
        Identifiers as delivered; None if they are more than every task is to hold.
    """
    renamed = (
        then.withColumn("side", F.lit(-1))
        .unionByName(now.withColumn("side", F.lit(1)))
        .groupBy("delivered", "title_id", "is_known")
        .agg(F.sum("side").alias("difference"))
        .where(F.col("difference") != 0)
        .select("delivered")
        .limit(_MOST_RENAMED + 1)
        .toArrow()["delivered"]
        .unique()
    )
    return None if len(renamed) > _MOST_RENAMED else renamed


def of_titles(events: DataFrame, delivered: pa.Array) -> DataFrame:
    """The events of some titles, as they were delivered."""
    titles = events.sparkSession.createDataFrame(pa.table({"title_id": delivered}))
    return events.join(F.broadcast(titles), on="title_id", how="left_semi")


def find_spans(events: DataFrame, delivered: DataFrame | None) -> set[tuple[date | None, date | None]]:
    """Find how far apart the rows of one event lie that do not say the same: they can only be judged together.

    Args:
        events: bronze.interactions.
        delivered: The rows that may contradict another; any, if None.

    Returns:
        First and last month of such events, None for times that cannot be read; each pair once.
    """
    key, month = F.xxhash64(F.trim("event_id")).alias("key"), month_of(_time()).alias("month")
    # Events without an identifier contradict nothing: where they have the same they say the same.
    identified = events.where(F.trim("event_id") != "").select(key, month)
    if delivered is not None:
        identified = identified.join(F.broadcast(delivered.select(key).distinct()), on="key", how="left_semi")
    first, last = F.min("month").alias("first"), F.max("month").alias("last")
    has_none = F.bool_or(F.col("month").isNull()).alias("has_none")
    apart = (
        identified.groupBy("key")
        .agg(first, last, has_none)
        .where((F.col("first") != F.col("last")) | (F.col("has_none") & F.col("last").isNotNull()))
        .select(F.when(~F.col("has_none"), F.col("first")).alias("first"), "last")
    )
    return {(row["first"], row["last"]) for row in apart.distinct().collect()}


def close_over(touched: set[date | None], spans: set[tuple[date | None, date | None]]) -> set[date | None] | None:
    """Add to the months touched those that must be judged together with one of them; None if that is all."""
    closed, before = set(touched), set[date | None]()
    while closed != before:
        before = set(closed)
        for first, last in spans:
            if first is None or last is None:
                return None
            if any(month is not None and first <= month <= last for month in before):
                closed |= set(_months_between(first, last))
    return closed


def of_months(events: DataFrame, months: set[date | None]) -> DataFrame:
    """The events of some months, None for that of times that cannot be read."""
    month, days = month_of(_time()), [day for day in months if day is not None]
    is_wanted = month.isin(*days)
    if None in months:
        return events.where(is_wanted | month.isNull())
    # As text a time may be a day off, by its zone; bounds of text let whole files be passed over.
    bounds = [F.col("occurred_at").between(str(day - _ZONES), str(_next_month(day) + _ZONES)) for day in days]
    return events.where(reduce(Column.__or__, bounds, F.lit(False)) & is_wanted)  # noqa: FBT003


def distinct_months(events: DataFrame) -> set[date | None]:
    """First days of the months of bronze.interactions, None for that of times that cannot be read."""
    return {row["month"] for row in events.select(month_of(_time()).alias("month")).distinct().collect()}


def refine_events(events: DataFrame, links: DataFrame, counts: Counting) -> DataFrame:
    """Type the events, name titles by their conformed identifier, and keep one row per event.

    An event delivered more than once counts as delivered first; what says something else under its identifier is at
    fault. An event of a title that no catalogue knows keeps the identifier it came with, and is parked at the door, as
    are all events of a viewer's day that has more of them than a person's.

    Args:
        events: bronze.interactions, one row per delivered event; of each month that there is, all of them.
        links: silver.title_links, one row per title of a catalogue.
        counts: Which events count.

    Returns:
        silver.interactions, one row per event, with ``_faults``, ``_duplicates`` and ``_delivered``; one row more per
        contradiction.
    """
    occurred_at, crowds = F.col("occurred_at"), find_crowds(events, counts.viewer_events_per_day)
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
        TOO_MANY: F.struct("user_id", F.to_date(occurred_at)).isin(*crowds) if crowds else F.lit(False),  # noqa: FBT003
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


def find_crowds(events: DataFrame, most: int) -> list[Column]:
    """Find the viewers' days, as ``user_id`` and day, that have more than ``most`` events of bronze.interactions.

    Hardly ever there is one: only viewers who have so many events altogether are looked at day by day.
    """
    busy = events.groupBy("user_id").count().where(F.col("count") > most).select("user_id")
    days = (
        type_events(events.join(F.broadcast(busy), on="user_id", how="left_semi"))
        .groupBy("user_id", F.to_date("occurred_at").alias("day"))
        .agg(F.count_distinct("event_id").alias("count"))
        .where((F.col("count") > most) & F.col("day").isNotNull())
    )
    return [F.struct(F.lit(row["user_id"]), F.lit(row["day"])) for row in days.collect()]


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
        _time().alias("occurred_at"),
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


def month_of(occurred_at: Column) -> Column:
    """First day of the month of a time."""
    return F.trunc(occurred_at, "month")


def _time() -> Column:
    """The time of an event of bronze.interactions."""
    said = F.col("occurred_at")
    # Spark reads minutes without seconds, and not with a zone behind them.
    with_seconds = F.regexp_replace(said, r"^(.{16})(Z|[+-].*)$", "$1:00$2")
    return F.coalesce(said.try_cast("timestamp"), with_seconds.try_cast("timestamp"))


def _next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _months_between(first: date, last: date) -> Iterator[date]:
    """First days of the months from one to another, both included."""
    while first <= last:
        yield first
        first = _next_month(first)
