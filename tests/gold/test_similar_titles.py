"""gold.similar_titles: the nearest titles of each, by the champion and by content, with what they share."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyspark.sql import Row, SparkSession

from jobs.gold import similar_titles
from jobs.gold.similar_titles import best_known, likings, run
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.recommenders.als import Model, Parameters
from jobs.scoring.rules import Allowed, is_listable
from jobs.tables import gold, silver
from tests.cli.small_lake import publish
from tests.rows import filled, rows_of
from tests.tracking.registered import register

NIGHT = date(2026, 3, 1)
AT = datetime(2026, 2, 1, tzinfo=UTC)
TASTES = Model(
    pa.array(["heat", "ronin", "grease"]), np.array([[1, 0], [3, 1], [0, 1]], np.float32), Parameters(rank=2)
)
ONE_NUMBER = Model(pa.array(["heat", "ronin", "grease"]), np.ones((3, 1), np.float32), Parameters(rank=1))
"""A champion that knows of a title only how popular it is."""


def similar(lake: Lake, folder: Path, model: Model) -> dict[tuple[str, str], list[Row]]:
    """Rows of gold.similar_titles by title and kind, nearest first."""
    crime = {"genres": ["Crime"], "leading_cast": ["Robert De Niro"]}
    told = {"heat": crime, "ronin": crime, "grease": {"genres": ["Musical"]}, "unseen": crime, "adult": crime}
    publish(
        lake.settings.root,
        silver.TITLES,
        *(filled(silver.TITLES, {"title_id": t, "title": t.title(), "is_adult": t == "adult"}) for t in told),
    )
    publish(
        lake.settings.root,
        silver.TITLE_PROFILES,
        *(filled(silver.TITLE_PROFILES, {"title_id": title, **said}) for title, said in told.items()),
    )
    likes = [("u", "heat"), ("u", "ronin"), ("v", "heat"), ("v", "ronin"), ("v", "grease")]
    seen = [{"user_id": user, "title_id": title, "weight": 1.0, "last_at": AT} for user, title in likes]
    publish(lake.settings.root, silver.PREFERENCES, *(filled(silver.PREFERENCES, one) for one in seen))
    register(lake.settings, folder, NIGHT, model)

    run(lake, NIGHT)

    found: dict[tuple[str, str], list[Row]] = {}
    for row in lake.read(gold.SIMILAR_TITLES, NIGHT).orderBy("title_id", "kind", "rank").collect():
        found.setdefault((row["title_id"], row["kind"]), []).append(row)
    return found


def test_publishes_the_nearest_by_the_champion_and_by_content_in_words(lake: Lake, tmp_path: Path) -> None:
    found = similar(lake, tmp_path / "model", TASTES)

    assert [row["similar_title_id"] for row in found["ronin", "taste"]] == ["heat", "grease"]
    assert [row["similar_title_id"] for row in found["heat", "taste"]] == ["ronin"], "no cosine of 0"
    nearest = found["heat", "taste"][0]
    assert (nearest["title"], nearest["similar_title"], nearest["shared"]) == ("Heat", "Ronin", "Crime, Robert De Niro")
    assert (nearest["method"], nearest["model_version"], round(nearest["similarity"], 4)) == ("als", 1, 0.9487)
    assert [row["similar_title_id"] for row in found["unseen", "content"]] == ["heat", "ronin"], "adult titles are not"
    assert {row["method"] for rows in found.values() for row in rows if row["kind"] == "content"} == {"tf-idf"}
    assert ("adult", "content") in found
    assert ("grease", "content") not in found
    entry = ledger.latest(lake.settings.lake, gold.SIMILAR_TITLES)
    assert entry is not None
    assert set(entry.inputs) == {node.name for node in gold.SIMILAR_TITLES.inputs}


def test_a_champion_that_knows_no_tastes_leaves_them_to_what_is_liked_together(lake: Lake, tmp_path: Path) -> None:
    found = similar(lake, tmp_path / "model", ONE_NUMBER)

    assert [row["similar_title_id"] for row in found["heat", "taste"]] == ["ronin", "grease"]
    assert {(row["method"], row["model_version"]) for row in found["heat", "taste"]} == {("co-watching", None)}


def test_titles_with_most_viewers_are_told_of_then_those_with_most_votes(spark: SparkSession, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(similar_titles, "MOST_TITLES", 3)
    votes = {"a": 5, "b": 9, "c": None, "d": 1}
    titles = rows_of(spark, silver.TITLES, [{"title_id": t, "vote_count": count} for t, count in votes.items()])
    profiles = rows_of(spark, silver.TITLE_PROFILES, [{"title_id": title} for title in votes])
    seen = rows_of(spark, silver.PREFERENCES, [{"user_id": "u", "title_id": "c"}])

    found = best_known(titles, profiles, seen, is_listable(NIGHT, Allowed())).toArrow()

    assert found["title_id"].to_pylist() == ["c", "b", "a"]


def test_of_many_likings_those_of_some_viewers_are_taken_whole(spark: SparkSession, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(similar_titles, "MOST_LIKINGS", 100)
    rows = [{"user_id": f"u{n}", "title_id": title, "weight": 1.0} for n in range(200) for title in "ab"]
    preferences = rows_of(spark, silver.PREFERENCES, [*rows, {"user_id": "u0", "title_id": "c", "weight": 0.0}])

    taken = [tuple(row) for row in likings(preferences).collect()]

    assert 20 < len(taken) < 180
    viewers = {viewer for viewer, _ in taken}
    assert sorted(taken) == sorted((viewer, title) for viewer in viewers for title in "ab")
