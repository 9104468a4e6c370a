"""Events of views, by the hour."""

from datetime import datetime, timedelta

from pyspark.sql import DataFrame, SparkSession

START = datetime(2026, 1, 1)


def views(spark: SparkSession, *rows: tuple[str, str, float]) -> DataFrame:
    """Views of a title by a viewer, so many hours after the start."""
    stamped = [
        (f"e{n}", user, title, "view", None, START + timedelta(hours=hour))
        for n, (user, title, hour) in enumerate(rows)
    ]
    return spark.createDataFrame(
        stamped,
        "event_id string, user_id string, title_id string, event_type string, value double, occurred_at timestamp",
    )
