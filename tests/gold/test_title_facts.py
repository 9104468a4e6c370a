"""gold.title_facts: what the catalogue says of a title, how viewers took it, and where it is listed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from pyspark.sql import Row, SparkSession

from jobs.gold.title_facts import gather_facts, run
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.tables import gold, silver
from tests.cli.small_lake import publish, without
from tests.rows import filled, rows_of

NIGHT = date(2026, 3, 1)
END = datetime(2026, 3, 2)
TITLE = {"title": "Heat", "title_type": "movie", "is_adult": False, "genres": []}


def facts_of(spark: SparkSession, **tables: list[dict[str, Any]]) -> dict[str, Row]:
    """Rows of gold.title_facts by title."""
    inputs = {
        "titles": silver.TITLES,
        "profiles": silver.TITLE_PROFILES,
        "preferences": silver.PREFERENCES,
        "lists": gold.RECOMMENDATIONS,
    }
    rows = {name: rows_of(spark, table, tables.get(name, [])) for name, table in inputs.items()}
    return {row["title_id"]: row for row in gather_facts(**rows, night=NIGHT).collect()}


def test_joins_what_the_catalogue_says(spark: SparkSession) -> None:
    told = {"title": "Heat", "release_year": 1995, "genres": ["Crime"], "average_rating": 8.3, "vote_count": 9}
    told |= {"poster_path": "/rhIRbceoE9lR4veEXuwCC2wARtG.jpg"}
    people = {"directors": ["Michael Mann"], "leading_cast": ["Al Pacino"], "keywords": ["heist"], "decade": 1990}

    found = facts_of(
        spark,
        titles=[{"title_id": "a", **told}, {"title_id": "b"}],
        profiles=[{"title_id": "a", "genres": ["Crime"], **people}],
    )

    assert found["a"].asDict() | told | people == found["a"].asDict()
    assert (found["b"]["directors"], found["b"]["keywords"], found["b"]["decade"]) == ([], [], None)
    assert found["b"]["poster_path"] is None
    assert tuple(found["a"].asDict()) == gold.TITLE_FACTS.column_names


def test_counts_viewers_lately_likes_and_ratings(spark: SparkSession) -> None:
    seen = [
        {"user_id": user, "title_id": "a", "weight": weight, "rating": rating, "last_at": END - timedelta(days=ago)}
        for user, weight, rating, ago in (("u", 1.0, 7.5, 7), ("v", 0.0, 2.0, 30), ("w", 0.5, None, 31))
    ]

    found = facts_of(spark, titles=[{"title_id": "a"}, {"title_id": "b"}], preferences=seen)

    counted = (
        "viewer_count",
        "monthly_viewer_count",
        "weekly_viewer_count",
        "like_count",
        "rating_count",
        "mean_rating",
    )
    assert [found["a"][name] for name in counted] == [3, 2, 1, 2, 2, 4.75]
    assert [found["b"][name] for name in counted] == [0, 0, 0, 0, 0, None]


def test_says_on_how_many_lists_a_title_stands_and_where(spark: SparkSession) -> None:
    lists = [
        {"user_id": user, "rank": rank, "title_id": "a"} for user, rank in (("u", 4), ("v", 1), ("*", 1), ("w", 9))
    ]

    found = facts_of(spark, titles=[{"title_id": "a"}, {"title_id": "b"}], lists=lists)

    ranks = [(row["list_count"], row["best_rank"], row["median_rank"]) for row in (found["a"], found["b"])]
    assert ranks == [(3, 1, 4.0), (0, None, None)]


def test_says_whether_a_title_was_released_by_the_night(spark: SparkSession) -> None:
    later = NIGHT + timedelta(days=1)

    found = facts_of(
        spark, titles=[{"title_id": "out", "release_date": NIGHT}, {"title_id": "soon", "release_date": later}]
    )

    assert {title: row["is_released"] for title, row in found.items()} == {"out": True, "soon": False}


def test_publishes_a_row_for_every_title(lake: Lake) -> None:
    home, at = lake.settings.root, datetime(2026, 2, 1, tzinfo=UTC)
    publish(home, silver.TITLES, *(filled(silver.TITLES, {"title_id": title}) for title in ("tt0000001", "tt0000002")))
    publish(home, silver.TITLE_PROFILES, filled(silver.TITLE_PROFILES, {"title_id": "tt0000001"}))
    publish(home, silver.PREFERENCES, filled(silver.PREFERENCES, {"title_id": "tt0000001", "last_at": at}))
    publish(home, gold.RECOMMENDATIONS, filled(gold.RECOMMENDATIONS, {"title_id": "tt0000002"}))

    run(lake, NIGHT)

    entry = ledger.latest(lake.settings.lake, gold.TITLE_FACTS)
    assert entry is not None
    assert (entry.published, set(entry.inputs)) == (2, {table.name for table in gold.TITLE_FACTS.inputs})


def test_titles_of_a_lake_that_had_no_posters_yet_have_none(lake: Lake) -> None:
    home, at = lake.settings.root, datetime(2026, 2, 1, tzinfo=UTC)
    publish(home, without(silver.TITLES, "poster_path"), {**TITLE, "title_id": "tt0000001"})
    publish(home, silver.TITLE_PROFILES, filled(silver.TITLE_PROFILES, {"title_id": "tt0000001"}))
    publish(home, silver.PREFERENCES, filled(silver.PREFERENCES, {"title_id": "tt0000001", "last_at": at}))
    publish(home, gold.RECOMMENDATIONS, filled(gold.RECOMMENDATIONS, {"title_id": "tt0000001"}))
    were = without(gold.TITLE_FACTS, "poster_path")
    publish(home, were, filled(were, {**TITLE, "title_id": "tt0000001"}), night=NIGHT - timedelta(days=1))

    run(lake, NIGHT)

    (row,) = lake.read(gold.TITLE_FACTS, NIGHT).collect()
    assert (row["title"], row["poster_path"]) == ("Heat", None)
