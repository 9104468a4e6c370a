"""gold.lake_profile: a tiny world whose inequality and gaps are known."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pyspark.sql import Row

from jobs.gold.lake_profile import run
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.tables import gold, silver
from tests.cli.small_lake import publish
from tests.rows import filled

NIGHT = date(2026, 3, 1)
SUNDAY = datetime(2026, 3, 1, 21, 30, tzinfo=UTC)
WATCHED = {"u1": ["tt1"], "u2": ["tt1", "tt2"], "u3": ["tt1", "tt2", "tt3"]}
"""Titles with 3, 2 and 1 viewers; viewers with 1, 2 and 3 titles: a Gini of 2/9 each."""


def published(lake: Lake) -> list[Row]:
    """The profile of the tiny world."""
    home = lake.settings.root
    seen = [{"user_id": user, "title_id": title} for user, titles in WATCHED.items() for title in titles]
    publish(home, silver.PREFERENCES, *(filled(silver.PREFERENCES, {**one, "last_at": SUNDAY}) for one in seen))
    events: list[dict[str, Any]] = [
        {
            **one,
            "event_id": str(n),
            "event_type": "view" if n else "like",
            "value": 0.5 if n > 1 else None,
            "source": "tv",
        }
        for n, one in enumerate(seen)
    ]
    timed = {"occurred_at": SUNDAY, "month": NIGHT}
    publish(home, silver.INTERACTIONS, *(filled(silver.INTERACTIONS, {**one, **timed}) for one in events))
    rated: list[dict[str, Any]] = [
        {"user_id": f"u{n}", "rating": rating, "rated_at": datetime(2026, month, 5, tzinfo=UTC)}
        for n, (rating, month) in enumerate(((8.0, 1), (8.24, 2), (3.0, 2)))
    ]
    publish(home, silver.RATINGS, *(filled(silver.RATINGS, one) for one in rated))
    known = {
        "tt1": (1995, 170, "en", ["Crime", "Drama"]),
        "tt2": (1999, 90, "en", ["Drama"]),
        "tt3": (2001, 100, None, []),
    }
    titles: list[dict[str, Any]] = [
        {"title_id": title_id, "release_year": year, "runtime_minutes": minutes, "language": language, "genres": genres}
        for title_id, (year, minutes, language, genres) in known.items()
    ]
    publish(home, silver.TITLES, *(filled(silver.TITLES, one) for one in [*titles, {"title_id": "tt4"}]))
    people: list[dict[str, Any]] = [
        {"person_id": f"nm{n}", "name": f"P{n}", "birth_year": 1950 if n else None} for n in range(4)
    ]
    publish(home, silver.PEOPLE, *(filled(silver.PEOPLE, one) for one in people))
    credited = [{"title_id": f"tt{t}", "person_id": f"nm{n}"} for n in range(3) for t in range(n)]
    publish(home, silver.CREDITS, *(filled(silver.CREDITS, one) for one in credited))

    run(lake, NIGHT)

    return lake.read(gold.LAKE_PROFILE, NIGHT).collect()


def test_tells_what_is_known_of_a_tiny_world(lake: Lake) -> None:
    rows = published(lake)

    def numbers(picture: str, series: str) -> dict[str, float]:
        found = sorted((row for row in rows if (row.picture, row.series) == (picture, series)), key=lambda row: row.x)
        return {row.x: row.y for row in found}

    tail = numbers("long_tail", "figure")
    assert tail["gini of titles"] == tail["gini of viewers"] == pytest.approx(2 / 9)
    assert numbers("sparsity", "figure") == {"known pairs": 6, "known share": 0.5, "titles": 4, "viewers": 3}
    assert numbers("sparsity", "titles") == {"1": 0.75, "2": 0.5}
    assert numbers("activity", "viewers") == {"1": 1, "2 to 3": 2}
    missing = numbers("missing", "missing")
    assert missing["silver.titles.language"] == 0.5
    assert missing["silver.titles.genres"] == 0.5
    assert missing["silver.people.birth_year"] == 0.25
    # Of five views one does not say how much was watched; a like has nothing to say there.
    assert missing["silver.interactions.value"] == 0.2
    assert missing["silver.interactions.source"] == 0
    assert "silver.titles.end_year" not in missing
    assert numbers("ratings", "ratings") == {"3.0": 1, "8.0": 2}
    assert numbers("ratings", "figure")["mean"] == pytest.approx(6.4)
    assert numbers("ratings_over_time", "mean") == {"2026-01": 8.0, "2026-02": pytest.approx(5.6)}
    assert (numbers("events", "view"), numbers("events", "like")) == ({"2026-03": 5}, {"2026-03": 1})
    assert numbers("week", "Sunday") == {"21": 6}
    assert numbers("titles", "titles") == {"1995": 1, "1999": 1, "2001": 1}
    assert (numbers("genres", "Drama"), numbers("genres", "Crime")) == ({"1990s": 2}, {"1990s": 1})
    assert numbers("runtime", "half") == {"1990s": 90, "2000s": 100}
    assert numbers("languages", "titles") == {"en": 2, "unknown": 2}
    assert numbers("people", "credits") == {"P1": 1, "P2": 2}
    entry = ledger.latest(lake.settings.lake, gold.LAKE_PROFILE)
    assert entry is not None
    assert set(entry.inputs) == {table.name for table in gold.LAKE_PROFILE.inputs}
