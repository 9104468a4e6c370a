"""Rows of every defect are set aside for their reasons, and cost nothing else."""

from collections import Counter
from datetime import date, timedelta

from pyspark.sql import SparkSession

from expectations.bronze import imdb, interactions, movielens, movietweetings, tmdb
from jobs.lakehouse.lake import Lake
from jobs.landing.ingest import ingest
from jobs.settings import Settings
from jobs.silver import interactions as events_job
from jobs.tables import bronze, silver
from tests.cli.small_lake import publish
from tests.landing.test_ingest import deliver
from tests.sample_world.defects import MOST_A_DAY, cases, event, plant

FIRST = date(2026, 3, 1)
NIGHT = FIRST + timedelta(days=1)
TITLE = "tt8000000"
SUITES = {
    "imdb": imdb,
    "tmdb": tmdb,
    "movielens": movielens,
    "movietweetings": movietweetings,
    "interactions": interactions,
}


def test_each_defect_sets_its_rows_aside_and_every_other_row_is_published(
    spark: SparkSession, settings: Settings
) -> None:
    told = settings.model_copy(update={"viewer_events_per_day": MOST_A_DAY})
    lake = Lake(spark, told, run="test")
    deliver(lake, "interactions", "log.jsonl", event("before", {}, FIRST, TITLE), FIRST)
    planted = plant(lake.settings.landing, NIGHT, TITLE)
    home = lake.settings.root
    publish(
        home,
        silver.TITLES,
        {"title_id": TITLE, "title": "A", "title_type": "movie", "genres": [], "is_adult": False},
        night=NIGHT,
    )
    publish(
        home,
        silver.TITLE_LINKS,
        {"source_title_id": TITLE, "source": "imdb", "title_id": TITLE, "matched_by": "same"},
        night=NIGHT,
    )

    for source in (bronze.IMDB, bronze.TMDB, bronze.MOVIELENS, bronze.MOVIETWEETINGS, bronze.EVENTS):
        ingest(lake, source, SUITES[source.folder].SUITES, NIGHT)
    events_job.run(lake, NIGHT)

    found: dict[str, Counter[str]] = {}
    for row in lake.spark.read.format("delta").load(f"{lake.settings.lake}/ops/quarantine").collect():
        found.setdefault(row["table_name"], Counter()).update(row["reasons"])
    assert found == planted
    kept = lake.spark.read.format("delta").load(f"{lake.settings.lake}/silver/interactions")
    names = {row["event_id"] for row in kept.where("user_id NOT LIKE 'filler%'").collect()}
    good = {case.name for case in cases(NIGHT, TITLE) if not case.reasons and "event_id" not in case.says}
    assert names > good | {"before", "twice", "on two days", "conflict", "blanks around", "5", "in a file of fields"}
    assert len(names - good) == 8, "two events that say the same and have no identifier are one, under a hash"
