"""gold.recommendations: lists that viewers can be given, by the champion."""

from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from jobs import recommenders
from jobs.errors import JobError
from jobs.gold.recommendations import run
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.recommenders.als import Model, Parameters
from jobs.scoring.histories import collect_histories
from jobs.scoring.lists import recommend
from jobs.tables import gold, silver
from tests.cli.small_lake import publish
from tests.rows import filled
from tests.tracking.registered import register

NIGHT = date(2026, 3, 1)
MODEL = Model(
    pa.array(["hit", "drama", "comedy", "adult"]),
    np.array([[1, 0], [0, 2], [2, 0], [3, 3]], np.float32),
    Parameters(rank=2),
)
SERVED = Model(
    pa.array(["hit", "drama", "comedy", "adult", "tomorrow", "withdrawn"]),
    np.array([[1, 0], [0, 2], [2, 0], [3, 3], [3, 3], [3, 3]], np.float32),
    Parameters(rank=2),
)
"""With three titles that may not be listed."""


NOW = datetime(2026, 3, 2)


def lists(spark: SparkSession, *known: tuple[str, str, float], length: int = 50) -> dict[str, list[str]]:
    schema = "user_id string, title_id string, weight double, rating double, last_at timestamp"
    preferences = spark.createDataFrame([(*one, None, NOW) for one in known], schema)
    excluded = np.array([3], dtype=np.int32)
    with TemporaryDirectory() as folder:
        recommenders.save("als", MODEL, Path(folder))
        listed = recommend(collect_histories(preferences, NOW.replace(tzinfo=UTC)), Path(folder), excluded, length)
        rows = listed.orderBy("user_id", "rank").collect()
    assert [row["rank"] for row in rows if row["user_id"] == rows[0]["user_id"]] == list(
        range(1, 1 + sum(r["user_id"] == rows[0]["user_id"] for r in rows))
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["user_id"], []).append(row["title_id"])
    return found


def prepare(lake: Lake, folder: Path, *known: tuple[str, str, float]) -> None:
    """A champion, its titles, and what viewers know."""
    titles: list[dict[str, object]] = [
        {"title_id": "hit"},
        {"title_id": "drama", "release_year": NIGHT.year},
        {"title_id": "comedy", "release_date": NIGHT},
        {"title_id": "adult", "is_adult": True},
        {"title_id": "tomorrow", "release_date": date(2026, 3, 2)},
    ]
    preferences = [{"user_id": user, "title_id": title, "weight": weight} for user, title, weight in known]
    publish(lake.settings.root, silver.TITLES, *(filled(silver.TITLES, title) for title in titles))
    publish(lake.settings.root, silver.PREFERENCES, *(filled(silver.PREFERENCES, row) for row in preferences))
    register(lake.settings, folder, NIGHT, SERVED)


def test_lists_what_resembles_the_viewers_liking_without_what_is_known_or_not_allowed(spark: SparkSession) -> None:
    assert lists(spark, ("u", "hit", 5.0), ("v", "drama", 5.0)) == {"u": ["comedy", "drama"], "v": ["hit", "comedy"]}


def test_a_viewer_without_a_liking_gets_popular_titles(spark: SparkSession) -> None:
    assert lists(spark, ("u", "drama", 0.0), ("u", "never trained on", 1.0)) == {"u": ["hit", "comedy"]}


def test_lists_are_cut_at_their_length(spark: SparkSession) -> None:
    assert lists(spark, ("u", "hit", 5.0), length=1) == {"u": ["comedy"]}


def test_without_a_champion_there_are_no_lists(lake: Lake) -> None:
    with pytest.raises(JobError, match="no lists were made"):
        run(lake, NIGHT)


def test_publishes_the_champions_lists_of_what_is_released_known_and_for_all(lake: Lake, tmp_path: Path) -> None:
    prepare(lake, tmp_path / "model", ("u", "hit", 5.0), ("v", "drama", 5.0), ("v", "adult", 1.0), ("w", "drama", 0.0))

    run(lake, NIGHT)

    rows = lake.read(gold.RECOMMENDATIONS, NIGHT).orderBy("user_id", "rank").collect()
    assert [(row["user_id"], row["rank"], row["title_id"]) for row in rows] == [
        ("u", 1, "comedy"), ("u", 2, "drama"),
        ("v", 1, "hit"), ("v", 2, "comedy"),
        ("w", 1, "hit"), ("w", 2, "comedy"),
    ]  # fmt: skip
    assert {(row["model_name"], row["model_version"], row["night"]) for row in rows} == {("reelhouse", 1, NIGHT)}
    entry = ledger.latest(lake.settings.lake, gold.RECOMMENDATIONS)
    assert entry is not None
    (outcome,) = lake.outcomes
    assert outcome.note == "3 of 3 lists hold fewer than 50 titles: no others were unseen that may be listed"
    assert entry.inputs == {"model.champion": 1, "silver.preferences": 1, "silver.titles": 1}


def test_too_many_viewers_without_a_list_stop_the_table(lake: Lake, tmp_path: Path) -> None:
    everything = [("w", title, 1.0) for title in ("hit", "drama", "comedy")]
    prepare(lake, tmp_path / "model", ("u", "hit", 5.0), ("v", "drama", 5.0), *everything)

    with pytest.raises(JobError, match=r"nine viewers of ten have a list: does not hold, 1 rows break it .*\"w\""):
        run(lake, NIGHT)

    assert ledger.latest(lake.settings.lake, gold.RECOMMENDATIONS) is None
