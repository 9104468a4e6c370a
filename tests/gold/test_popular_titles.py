"""gold.popular_titles: how many viewers each title had lately, by windows that end with the night."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from jobs.gold.popular_titles import LISTED, LISTED_OF_KIND, rank_titles, run
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.tables import gold, silver
from tests.cli.small_lake import publish
from tests.rows import filled, rows_of

NIGHT = date(2026, 3, 1)
END = datetime(2026, 3, 2)
Seen = tuple[str, str, timedelta]
"""Viewer, title, and how long before the end of the night."""
Kind = tuple[str, str, int]
Ranked = tuple[int, str, int]


def days(count: float) -> timedelta:
    return timedelta(days=count)


def interactions_of(spark: SparkSession, *seen: Seen) -> DataFrame:
    rows = [
        {"event_id": str(n), "user_id": user, "title_id": title, "occurred_at": END - ago}
        for n, (user, title, ago) in enumerate(seen)
    ]
    return rows_of(spark, silver.INTERACTIONS, rows)


def by_kind(spark: SparkSession, seen: Sequence[Seen], titles: Sequence[dict[str, Any]]) -> dict[Kind, list[Ranked]]:
    """Category, value and window → rank, title and viewers."""
    found: dict[Kind, list[Ranked]] = {}
    rows = rank_titles(interactions_of(spark, *seen), rows_of(spark, silver.TITLES, titles), NIGHT)
    for row in rows.orderBy("rank").collect():
        kind = (row["category"], row["value"], row["window_days"])
        found.setdefault(kind, []).append((row["rank"], row["title_id"], row["viewer_count"]))
    return found


def ranked(spark: SparkSession, seen: Sequence[Seen], titles: Sequence[str]) -> dict[int, list[Ranked]]:
    """Window → rank, title and viewers of all titles, of which neither genre nor year is known."""
    found = by_kind(spark, seen, [{"title_id": title} for title in titles])
    assert {(category, value) for category, value, _ in found} == {("overall", "all")}
    return {days: rows for (_, _, days), rows in found.items()}


def test_ranks_titles_by_viewers_within_each_window_and_equals_by_id(spark: SparkSession) -> None:
    seen = [
        *[(viewer, "old", days(40)) for viewer in "uvw"],
        *[("u", "new", days(1)), ("u", "new", days(2))],
        *[("v", "late", days(7)), ("v", "month", days(30))],
    ]

    assert ranked(spark, seen, ["old", "new", "late", "month"]) == {
        0: [(1, "old", 3), (2, "late", 1), (3, "month", 1), (4, "new", 1)],
        7: [(1, "late", 1), (2, "new", 1)],
        30: [(1, "late", 1), (2, "month", 1), (3, "new", 1)],
    }


def test_a_window_begins_to_the_second(spark: SparkSession) -> None:
    second = timedelta(seconds=1)

    found = ranked(spark, [("u", "within", days(7)), ("u", "before", days(7) + second)], ["within", "before"])

    assert [title for _, title, _ in found[7]] == ["within"]
    assert [title for _, title, _ in found[30]] == ["before", "within"]


def test_a_window_ends_with_the_night(spark: SparkSession) -> None:
    found = ranked(
        spark,
        [("u", "last", timedelta(seconds=1)), ("u", "next", days(0)), ("u", "clock", -days(0.01))],
        ["last", "next", "clock"],
    )

    assert [[title for _, title, _ in rows] for rows in found.values()] == [["last"]] * 3


def test_a_viewer_who_came_back_counts_once_and_by_the_last_time(spark: SparkSession) -> None:
    found = ranked(spark, [("u", "a", days(200)), ("u", "a", days(1)), ("u", "a", days(0.5))], ["a"])

    assert found == {window: [(1, "a", 1)] for window in (0, 7, 30)}


def test_a_title_that_is_known_no_more_leaves_no_gap(spark: SparkSession) -> None:
    found = ranked(spark, [("u", "gone", days(1)), ("v", "gone", days(1)), ("u", "here", days(1))], ["here"])

    assert found == {window: [(1, "here", 1)] for window in (0, 7, 30)}


def test_ranks_titles_among_those_of_their_genres_and_decade(spark: SparkSession) -> None:
    titles = [
        {"title_id": "a", "genres": ["Crime", "Drama"], "release_year": 1999},
        {"title_id": "b", "genres": ["Drama"], "release_year": 1990},
        {"title_id": "c", "genres": ["Drama"], "release_year": 2000},
    ]
    seen = [*[(viewer, "b", days(1)) for viewer in "uv"], ("u", "a", days(1)), ("u", "c", days(20))]

    found = by_kind(spark, seen, titles)

    assert {kind: rows for kind, rows in found.items() if kind[2] == 7} == {
        ("overall", "all", 7): [(1, "b", 2), (2, "a", 1)],
        ("genre", "Crime", 7): [(1, "a", 1)],
        ("genre", "Drama", 7): [(1, "b", 2), (2, "a", 1)],
        ("decade", "1990s", 7): [(1, "b", 2), (2, "a", 1)],
    }
    assert found["decade", "2000s", 30] == [(1, "c", 1)]


def test_publishes_the_first_hundred_of_each_window_and_fifty_of_a_kind(lake: Lake) -> None:
    titles = [f"tt{n:07d}" for n in range(LISTED + 5)]
    viewers = [("u", title) for title in titles] + [("v", titles[-1])]
    events = [
        filled(silver.INTERACTIONS, {"event_id": f"{user}-{title}", "user_id": user, "title_id": title})
        for user, title in viewers
    ]
    publish(lake.settings.root, silver.INTERACTIONS, *events)
    publish(
        lake.settings.root,
        silver.TITLES,
        *(filled(silver.TITLES, {"title_id": title, "genres": ["Drama"]}) for title in titles),
    )

    run(lake, NIGHT)

    entry = ledger.latest(lake.settings.lake, gold.POPULAR_TITLES)
    assert entry is not None
    assert (entry.published, entry.inputs) == (
        3 * (LISTED + LISTED_OF_KIND),
        {"silver.interactions": 1, "silver.titles": 1},
    )
    rows = (
        lake.read(gold.POPULAR_TITLES, NIGHT)
        .where("window_days = 7 AND category = 'overall'")
        .orderBy("rank")
        .collect()
    )
    assert [row["title_id"] for row in rows] == [titles[-1], *titles[: LISTED - 1]]
