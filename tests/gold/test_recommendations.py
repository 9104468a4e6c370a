"""gold.recommendations: lists that viewers can be given, by the champion."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from expectations.gold.recommendations import SUITE
from jobs.errors import JobError
from jobs.gold.recommendations import run
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.recommenders.als import Model, Parameters
from jobs.scoring.lists import LIST_SCHEMA
from jobs.scoring.remaking import Past, Recipe
from jobs.tables import gold, silver
from jobs.tracking import registry
from tests.cli.small_lake import listed, publish
from tests.rows import filled, rows_of
from tests.tracking.registered import register

NIGHT = date(2026, 3, 1)
SERVED = Model(
    pa.array(["hit", "drama", "comedy", "adult", "tomorrow", "withdrawn"]),
    np.array([[1, 0], [0, 2], [2, 0], [3, 3], [3, 3], [3, 3]], np.float32),
    Parameters(rank=2),
)
"""With three titles that may not be listed."""


def prepare(lake: Lake, folder: Path, *known: tuple[str, str, float], rules: Sequence[dict[str, object]] = ()) -> None:
    """A champion, its titles, what viewers know and what people have set."""
    titles: list[dict[str, object]] = [
        {"title_id": "hit", "title": "The Hitch-Hiker", "release_year": 1953},
        {"title_id": "drama", "release_year": NIGHT.year},
        {"title_id": "comedy", "release_date": NIGHT},
        {"title_id": "adult", "is_adult": True},
        {"title_id": "episode", "title_type": "tvEpisode"},
        {"title_id": "unwatched"},
        {"title_id": "tomorrow", "release_date": date(2026, 3, 2)},
    ]
    preferences = [{"user_id": user, "title_id": title, "weight": weight} for user, title, weight in known]
    publish(lake.settings.root, silver.TITLES, *(filled(silver.TITLES, title) for title in titles))
    publish(lake.settings.root, silver.PREFERENCES, *(filled(silver.PREFERENCES, row) for row in preferences))
    profiles = [{"title_id": title, "directors": ["Ida Lupino"]} for title in ("hit", "comedy")]
    publish(lake.settings.root, silver.TITLE_PROFILES, *(filled(silver.TITLE_PROFILES, row) for row in profiles))
    publish(lake.settings.root, silver.TITLE_RULES, *(filled(silver.TITLE_RULES, rule) for rule in rules))
    register(lake.settings, folder, NIGHT, SERVED)


def made_again(lake: Lake, user_ids: list[str]) -> list[dict[str, Any]]:
    """The lists that were published, made without Spark of what their publication names."""
    entry = ledger.latest(lake.settings.lake, gold.RECOMMENDATIONS)
    assert entry is not None
    past = Past(lake.settings.lake, partial(registry.kept_folder, lake.settings), user_ids, explains=True)
    rows: list[dict[str, Any]] = past.lists(Recipe.of(lake.settings.lake, entry)).to_pylist()
    return rows


def test_without_a_champion_there_are_no_lists(lake: Lake) -> None:
    with pytest.raises(JobError, match="no lists were made"):
        run(lake, NIGHT)


def test_publishes_the_champions_lists_of_what_is_released_known_and_for_all(lake: Lake, tmp_path: Path) -> None:
    prepare(lake, tmp_path / "model", ("u", "hit", 5.0), ("v", "drama", 5.0), ("v", "adult", 1.0), ("w", "drama", 0.0))

    run(lake, NIGHT)

    rows = lake.read(gold.RECOMMENDATIONS, NIGHT).orderBy("user_id", "rank").collect()
    assert [(row["user_id"], row["rank"], row["title_id"], row["source"]) for row in rows] == [
        ("*", 1, "drama", "popular"), ("*", 2, "hit", "popular"), ("*", 3, "comedy", "popular"), ("*", 4, "unwatched", "popular"),
        ("u", 1, "comedy", "personal"), ("u", 2, "drama", "personal"), ("u", 3, "unwatched", "popular"),
        ("v", 1, "hit", "personal"), ("v", 2, "comedy", "personal"), ("v", 3, "unwatched", "popular"),
        ("w", 1, "hit", "popular"), ("w", 2, "comedy", "popular"), ("w", 3, "unwatched", "popular"),
    ]  # fmt: skip
    assert [(row["reason_title_ids"], row["reasons"]) for row in rows if row["user_id"] in "uw"] == [
        (["hit"], "because you liked The Hitch-Hiker (1953): Ida Lupino"),
        ([], "because of all that you liked together"),
        ([], "next in popularity: no viewers in 30 days"),
        ([], "popular: 1 viewer in 30 days"),
        *[([], "next in popularity: no viewers in 30 days")] * 2,
    ]
    assert made_again(lake, list("*uvw")) == [{name: row[name] for name in LIST_SCHEMA.names} for row in rows]
    for file in DeltaTable(f"{lake.settings.lake}/gold/recommendations").file_uris():
        users = pq.read_table(file.removeprefix("file://"), columns=["user_id"])["user_id"].to_pylist()
        assert users == sorted(users)
    made_by = {(row["model_name"], row["model_version"], row["model_night"], row["night"]) for row in rows}
    assert made_by == {("reelhouse", 1, NIGHT, NIGHT)}
    entry = ledger.latest(lake.settings.lake, gold.RECOMMENDATIONS)
    assert entry is not None
    (outcome,) = lake.outcomes
    counted = "viewers 4, lists 4, short lists 4, personal titles 4, segment titles 0, popular titles 9"
    assert outcome.note == f"{counted}; overlap: no baseline: nothing is served yet"
    assert json.loads(entry.compared_by["recipe"])[0] == "als"
    assert entry.compared_by["rules"] == "[]"
    assert entry.inputs == dict.fromkeys(
        ("model.champion", "silver.preferences", "silver.titles", "silver.title_rules", "silver.title_profiles"), 1
    )


def test_rules_of_the_night_take_titles_off_every_list_and_move_others(lake: Lake, tmp_path: Path) -> None:
    over: dict[str, object] = {"until_date": NIGHT - timedelta(days=1)}
    rules: list[dict[str, object]] = [
        {"rule": "block", "title_id": "comedy", "boost": None},
        over | {"rule": "block", "title_id": "drama", "boost": None},
        {"rule": "boost", "title_id": "drama", "boost": 0.5},
        over | {"rule": "boost", "title_id": "unwatched", "boost": 1.0},
    ]
    known = [("u", "hit", 5.0), ("v", "hit", 1.0), ("v", "comedy", 0.0)]
    prepare(lake, tmp_path / "model", *known, rules=rules)

    run(lake, NIGHT)

    rows = lake.read(gold.RECOMMENDATIONS, NIGHT).orderBy("user_id", "rank").collect()
    assert [(row["user_id"], row["title_id"], row["source"]) for row in rows] == [
        ("*", "hit", "popular"), ("*", "drama", "popular"), ("*", "unwatched", "popular"),
        ("u", "drama", "personal"), ("u", "unwatched", "popular"),
        ("v", "drama", "personal"), ("v", "unwatched", "popular"),
    ]  # fmt: skip
    assert [row["boost"] for row in rows if row["user_id"] == "*"] == [None, 1.0, None], (
        "half of the viewers of the first"
    )
    entry = ledger.latest(lake.settings.lake, gold.RECOMMENDATIONS)
    assert entry is not None
    assert [rule["title_id"] for rule in json.loads(entry.compared_by["rules"])] == ["comedy", "drama"]
    personal = [row for row in rows if row["source"] == "personal"]
    assert [row["boost"] for row in personal] == [pytest.approx(abs(row["model_score"]) / 2) for row in personal]
    assert made_again(lake, list("*uv")) == [{name: row[name] for name in LIST_SCHEMA.names} for row in rows]


def test_who_has_seen_all_that_may_be_listed_has_no_list_and_stops_nothing(lake: Lake, tmp_path: Path) -> None:
    everything = [("w", title, 1.0) for title in ("hit", "drama", "comedy", "unwatched")]
    prepare(lake, tmp_path / "model", ("u", "hit", 5.0), ("v", "drama", 5.0), *everything)

    run(lake, NIGHT)

    lists = lake.read(gold.RECOMMENDATIONS, NIGHT).groupBy("user_id").count().collect()
    assert {row["user_id"]: row["count"] for row in lists} == {"*": 4, "u": 3, "v": 3}
    entry = ledger.latest(lake.settings.lake, gold.RECOMMENDATIONS)
    assert entry is not None
    assert (entry.counts["viewers"], entry.counts["lists"], entry.counts["short_lists"]) == (4, 3, 3)


def test_a_list_that_lacks_a_title_which_is_left_to_its_viewer_stops_the_table(lake: Lake, tmp_path: Path) -> None:
    prepare(lake, tmp_path / "model", ("u", "hit", 5.0), ("v", "drama", 5.0))
    lake.read(silver.PREFERENCES, NIGHT)
    lake.read(silver.TITLES, NIGHT)
    served = [listed("*", 1, "hit"), listed("*", 2, "drama"), listed("u", 1, "drama")]

    with pytest.raises(JobError, match=r"short only where no other title is left.*rows break it.*\"v\""):
        lake.publish(rows_of(lake.spark, gold.RECOMMENDATIONS, served), SUITE, NIGHT)
