"""Type, conform and deduplicate the delivered events: silver.interactions."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.silver.interactions import SUITE
from jobs.lakehouse.lake import Lake
from jobs.tables import bronze, silver

_FIELDS = ("user_id", "title_id", "event_type", "value", "occurred_at", "source")


def run(lake: Lake, night: date) -> None:
    """Publish silver.interactions from every event log delivered up to ``night``."""
    events = lake.read(bronze.INTERACTIONS, night)
    links = lake.read(silver.TITLE_LINKS, night)

    lake.publish(refine_events(events, links), SUITE, night)


def refine_events(events: DataFrame, links: DataFrame) -> DataFrame:
    """Type the events, name titles by their conformed identifier, and keep one row an event.

    An event delivered more than once counts as delivered first. An event of a title that no catalogue knows keeps the
    identifier it came with, and is parked at the door.

    Args:
        events: bronze.interactions, one row per delivered event.
        links: silver.title_links, one row per title of a catalogue.

    Returns:
        silver.interactions, one row per event.
    """
    given_id = F.nullif(F.trim("event_id"), F.lit(""))
    # Unit separators keep ("ab", "c") and ("a", "bc") apart; nulls are written out, as concat_ws would skip them.
    fields = F.concat_ws("\x1f", *(F.coalesce(name, F.lit("\x00")) for name in _FIELDS))
    first = F.min(F.struct("night", "file", *_FIELDS))
    occurred_at = F.col("first.occurred_at").try_cast("timestamp")
    conformed = links.select(
        F.col("source_title_id").alias("delivered_title_id"), F.col("title_id").alias("linked_title_id")
    )

    return (
        events.select(F.coalesce(given_id, F.sha2(fields, 256)).alias("event_id"), "night", "file", *_FIELDS)
        .groupBy("event_id")
        .agg(first.alias("first"))
        .select("event_id", "first", F.col("first.title_id").alias("delivered_title_id"))
        .join(conformed, on="delivered_title_id", how="left")
        .select(
            "event_id",
            F.col("first.user_id").alias("user_id"),
            F.coalesce("linked_title_id", "delivered_title_id").alias("title_id"),
            F.col("first.event_type").alias("event_type"),
            F.col("first.value").try_cast("double").alias("value"),
            occurred_at.alias("occurred_at"),
            F.col("first.source").alias("source"),
            F.trunc(occurred_at, "month").alias("month"),
        )
    )
