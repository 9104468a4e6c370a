"""Every row of a silver table's spine is accounted for."""

from collections.abc import Mapping
from datetime import date
from importlib import import_module
from typing import Any

from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.tables import TABLES, Table, bronze, silver
from tests.cli.small_lake import publish
from tests.rows import filled

NIGHT = date(2026, 3, 1)
Row = Mapping[str, Any]


def deliver(lake: Lake, table: Table, *rows: Row) -> None:
    publish(lake.settings.root, table, *(filled(table, row) for row in rows), night=NIGHT)


def spine(lake: Lake, table: Table) -> dict[str, int]:
    """Run the table's job and tell what became of its spine, what is 0 left out."""
    import_module(f"jobs.{table.name}").run(lake, NIGHT)
    entry = ledger.latest(lake.settings.lake, table)
    assert entry is not None
    return {term: rows for term, rows in entry.spine.items() if rows}


def test_rows_of_the_spine_are_published_set_aside_parked_repeated_superseded_or_left_out(lake: Lake) -> None:
    title = {"titleType": "movie", "originalTitle": "A", "isAdult": "0"}
    unknown = dict.fromkeys(("startYear", "endYear", "runtimeMinutes"), "\\N")
    basics = [title | unknown | {"tconst": f"tt000000{n}", "primaryTitle": "A"} for n in (1, 2, 2, 3)]
    deliver(lake, bronze.IMDB_TITLE_BASICS, *basics)
    deliver(lake, bronze.MOVIETWEETINGS_MOVIES, {"movie_id": "0000009", "title": "B (1999)"})
    deliver(lake, bronze.MOVIELENS_MOVIES, {"movieId": "1", "title": "A (1999)", "genres": "Drama"})
    deliver(lake, bronze.MOVIELENS_LINKS, {"movieId": "1", "imdbId": "0000001", "tmdbId": None})
    years = {"birthYear": "\\N", "deathYear": "\\N", "primaryProfession": "\\N"}
    people = [("1", "Ann"), ("1", "Ann"), ("2", "Bob"), ("2", "Rob"), ("3", "Kim")]
    named = [years | {"nconst": f"nm000000{n}", "primaryName": name} for n, name in people]
    deliver(lake, bronze.IMDB_NAME_BASICS, *named)
    deliver(
        lake,
        bronze.IMDB_TITLE_PRINCIPALS,
        *(
            {"tconst": f"tt000000{t}", "ordering": str(n), "nconst": f"nm000000{p}", "category": "actor"}
            for n, (t, p) in enumerate([(1, 1), (1, 1), (2, 2), (2, 3), (8, 1)], start=1)
        ),
    )
    deliver(lake, bronze.IMDB_TITLE_CREW, {"tconst": "tt0000003", "directors": "nm0000003", "writers": "\\N"})
    event = {"user_id": "u", "event_type": "rating", "value": "5", "title_id": "tt0000001"}
    at = "2026-03-01T10:00:00Z"
    delivered = [
        *[event | {"event_id": f"e{n}", "occurred_at": f"2026-02-01T10:00:{n:02}Z"} for n in range(60)],
        *({"event_id": f"v{n}", "event_type": "view", "occurred_at": at} for n in range(40)),
        *({"event_id": "d", "occurred_at": at}, {"event_id": "d", "occurred_at": at}),
        *({"event_id": "c", "occurred_at": at}, {"event_id": "c", "occurred_at": at, "value": "1"}),
        {"event_id": "f", "occurred_at": "2026-03-09T10:00:00Z"},
        {"event_id": "p", "occurred_at": at, "title_id": "tt0000007"},
    ]
    deliver(lake, bronze.BLOCKED_TITLES, *({"title_id": title} for title in ("tt0000001", "movielens:1", "tt0000007")))
    deliver(lake, bronze.INTERACTIONS, *(event | row for row in delivered))

    links = spine(lake, silver.TITLE_LINKS)
    titles = spine(lake, silver.TITLES)

    assert links == {"rows": 4, "published": 3, "duplicates": 1}
    assert titles == {"rows": 5, "published": 4, "superseded": 1}
    assert spine(lake, silver.PEOPLE) == {"rows": 5, "published": 3, "duplicates": 1, "superseded": 1}
    assert spine(lake, silver.CREDITS) == {"rows": 5, "published": 3, "superseded": 1, "parked": 1}
    assert spine(lake, silver.TITLE_PROFILES) == {"rows": 4, "published": 4}
    assert spine(lake, silver.TITLE_RULES) == {"rows": 3, "published": 1, "set_aside": 1, "parked": 1}
    assert spine(lake, silver.INTERACTIONS) == {
        "rows": 106,
        "published": 102,
        "set_aside": 2,
        "parked": 1,
        "duplicates": 1,
    }
    assert spine(lake, silver.RATINGS) == {"rows": 102, "published": 1, "superseded": 61, "other_event_types": 40}
    assert spine(lake, silver.PREFERENCES) == {"rows": 102, "published": 1, "superseded": 101}
    assert {outcome.name for outcome in lake.outcomes} >= {table.name for table in TABLES if table.layer == "silver"}
