"""Months of events: which may differ from those published, and the events of some of them."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import reduce

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

_MOST_RENAMED = 200_000
"""Of so many titles the events are looked for; where more became known at once, all events are refined again."""
_ZONES = timedelta(days=1)
"""More than the time zones of the world lie apart from UTC."""


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
        First days of months, None for that of times that cannot be read; None for all, where a great many titles are known by
        another name.
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
    key, month = F.xxhash64(F.trim("event_id")).alias("key"), month_of(time_of()).alias("month")
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
    month, days = month_of(time_of()), [day for day in months if day is not None]
    is_wanted = month.isin(*days)
    if None in months:
        return events.where(is_wanted | month.isNull())
    # As text a time may be a day off, by its zone; bounds of text let whole files be passed over.
    bounds = [F.col("occurred_at").between(str(day - _ZONES), str(_next_month(day) + _ZONES)) for day in days]
    return events.where(reduce(Column.__or__, bounds, F.lit(False)) & is_wanted)  # noqa: FBT003


def distinct_months(events: DataFrame) -> set[date | None]:
    """First days of the months of bronze.interactions, None for that of times that cannot be read."""
    return {row["month"] for row in events.select(month_of(time_of()).alias("month")).distinct().collect()}


def month_of(occurred_at: Column) -> Column:
    """First day of the month of a time."""
    return F.trunc(occurred_at, "month")


def time_of() -> Column:
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
