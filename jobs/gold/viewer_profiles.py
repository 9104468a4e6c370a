"""Say of each viewer what is watched and which list is served: gold.viewer_profiles."""

import tempfile
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.gold.viewer_profiles import SUITE
from jobs.lakehouse.lake import Lake
from jobs.scoring.tallies import PROFILE_COLUMNS, save, tally
from jobs.scoring.weighing import mean_of
from jobs.tables import gold, silver


def run(lake: Lake, night: date) -> None:
    """Publish gold.viewer_profiles from all histories and the lists that are served."""
    preferences = lake.read(silver.PREFERENCES, night)
    interactions = lake.read(silver.INTERACTIONS, night)
    profiles = lake.read(silver.TITLE_PROFILES, night)
    lists = lake.read(gold.RECOMMENDATIONS, night)

    work = lake.settings.root / "work"
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tallies-", dir=work) as folder:
        watched = profiles.join(preferences.select("title_id").distinct(), on="title_id", how="left_semi")
        save(watched.select(*PROFILE_COLUMNS).toArrow(), Path(folder))
        viewers = gather_viewers(preferences, interactions, lists)
        lake.publish(profile_viewers(viewers, Path(folder), night), SUITE, night)


def gather_viewers(preferences: DataFrame, interactions: DataFrame, lists: DataFrame) -> DataFrame:
    """Count what each viewer did, and what is on the viewer's list.

    Args:
        preferences: silver.preferences, one row per viewer and title.
        interactions: silver.interactions, one row per event.
        lists: gold.recommendations, one row per viewer and rank.

    Returns:
        One row per viewer, with ``title_ids``, the titles of the history.
    """
    known = preferences.groupBy("user_id").agg(
        F.collect_list("title_id").alias("title_ids"),
        F.count("*").cast("int").alias("title_count"),
        F.count_if(F.col("weight") > 0).cast("int").alias("like_count"),
        F.count("rating").cast("int").alias("rating_count"),
        mean_of("rating").alias("mean_rating"),
        F.sum("event_count").cast("int").alias("event_count"),
        F.max("last_at").alias("last_at"),
    )
    # A preference tells when its last event was; of the first only the events themselves do.
    first = interactions.groupBy("user_id").agg(F.min("occurred_at").alias("first_at"))
    served = lists.groupBy("user_id").agg(
        F.min_by("source", "rank").alias("list_source"), F.count("*").cast("int").alias("list_length")
    )
    return known.join(first, on="user_id", how="left").join(served, on="user_id", how="left")


def profile_viewers(viewers: DataFrame, folder: Path, night: date) -> DataFrame:
    """Add what each viewer watches most.

    Args:
        viewers: As :func:`gather_viewers` returns them.
        folder: Profiles of the titles that somebody watched, as :func:`jobs.scoring.tallies.save` wrote them.
        night: The night.

    Returns:
        gold.viewer_profiles, one row per viewer.
    """
    return (
        tally(viewers, folder)
        .withColumns({"list_length": F.coalesce("list_length", F.lit(0)), "night": F.lit(night)})
        .select(*gold.VIEWER_PROFILES.column_names)
    )
