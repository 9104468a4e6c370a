"""gold.viewer_profiles: what a viewer watches, counted over the whole history."""

from datetime import UTC, date, datetime
from typing import Any

from pyspark.sql import Row, SparkSession

from jobs.gold.viewer_profiles import gather_viewers, run
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.tables import gold, silver
from tests.cli.small_lake import publish
from tests.rows import filled, rows_of

NIGHT = date(2026, 3, 1)


def profiles_of(lake: Lake, histories: dict[str, list[str]], titles: dict[str, dict[str, Any]]) -> dict[str, Row]:
    """Rows of gold.viewer_profiles by viewer, published from histories and what is known of titles."""
    home, at = lake.settings.root, datetime(2026, 2, 1, tzinfo=UTC)
    known = [{"user_id": user, "title_id": title} for user, watched in histories.items() for title in watched]
    seen = [filled(silver.PREFERENCES, {**one, "last_at": at}) for one in known]
    events = [
        filled(silver.INTERACTIONS, {**one, "event_id": str(n), "occurred_at": at}) for n, one in enumerate(known)
    ]
    publish(home, silver.PREFERENCES, *seen)
    publish(home, silver.INTERACTIONS, *events)
    told = [filled(silver.TITLE_PROFILES, {"title_id": title, **said}) for title, said in titles.items()]
    publish(home, silver.TITLE_PROFILES, *told)
    lists = [{"user_id": "u", "rank": rank, "source": source} for rank, source in ((2, "popular"), (1, "personal"))]
    publish(home, gold.RECOMMENDATIONS, *(filled(gold.RECOMMENDATIONS, one) for one in lists))

    run(lake, NIGHT)

    return {row["user_id"]: row for row in lake.read(gold.VIEWER_PROFILES, NIGHT).collect()}


def test_counts_what_a_viewer_did(spark: SparkSession) -> None:
    seen = [
        {"user_id": "u", "title_id": title, "weight": weight, "rating": rating, "event_count": 2, "last_at": at}
        for title, weight, rating, at in (
            ("a", 1.0, 9.0, datetime(2026, 2, 1)),
            ("b", 0.0, 3.0, datetime(2026, 2, 3)),
            ("c", 0.5, None, datetime(2026, 2, 2)),
        )
    ]
    events = [{"event_id": str(day), "user_id": "u", "occurred_at": datetime(2026, 1, day)} for day in (9, 5, 7)]

    (row,) = gather_viewers(
        rows_of(spark, silver.PREFERENCES, seen),
        rows_of(spark, silver.INTERACTIONS, events),
        rows_of(spark, gold.RECOMMENDATIONS, [{"user_id": "v"}]),
    ).collect()

    counted = ("title_count", "like_count", "rating_count", "mean_rating", "event_count", "list_length")
    assert [row[name] for name in counted] == [3, 2, 2, 6.0, 6, None]
    assert (row["first_at"], row["last_at"]) == (datetime(2026, 1, 5), datetime(2026, 2, 3))


def test_tells_what_is_watched_most_with_shares_of_the_whole_history(lake: Lake) -> None:
    crime, drama = {"genres": ["Crime", "Drama"], "decade": 1990}, {"genres": ["Drama"], "decade": 1970}
    found = profiles_of(
        lake,
        {"u": ["a", "b", "c", "gone"], "v": ["c"], "w": ["gone"]},
        {
            "a": {**crime, "directors": ["Mann"], "leading_cast": ["Pacino", "De Niro"]},
            "b": {**crime, "directors": ["Mann", "Mann"], "leading_cast": ["Pacino", "De Niro"]},
            "c": {**drama, "directors": ["Coppola"], "leading_cast": ["Pacino"]},
        },
    )

    viewer = found["u"]
    assert (viewer["genres"], viewer["genre_shares"]) == (["Drama", "Crime"], [0.75, 0.5])
    assert (viewer["decades"], viewer["decade_shares"]) == ([1990, 1970], [0.5, 0.25])
    assert (viewer["directors"], viewer["director_title_counts"]) == (["Mann"], [2])
    assert (viewer["leading_cast"], viewer["cast_title_counts"]) == (["Pacino", "De Niro"], [3, 2])
    assert (found["v"]["genres"], found["v"]["directors"]) == (["Drama"], [])
    assert (found["w"]["title_count"], found["w"]["genres"], found["w"]["decades"]) == (1, [], [])
    served = {user: (row["list_source"], row["list_length"]) for user, row in found.items()}
    assert served == {"u": ("personal", 2), "v": (None, 0), "w": (None, 0)}
    entry = ledger.latest(lake.settings.lake, gold.VIEWER_PROFILES)
    assert entry is not None
    assert set(entry.inputs) == {table.name for table in gold.VIEWER_PROFILES.inputs}


def test_of_many_the_first_five_by_count_then_by_name(lake: Lake) -> None:
    genres = ["Action", "Comedy", "Crime", "Drama", "Family", "War"]

    found = profiles_of(lake, {"u": ["a", "b"]}, {"a": {"genres": genres}, "b": {"genres": ["War"]}})

    assert found["u"]["genres"] == ["War", "Action", "Comedy", "Crime", "Drama"]
