"""Whatever is delivered, every row of a spine is accounted for: what the ledger says is what plain Python counts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import great_expectations.expectations as gxe
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from expectations.suite import Suite
from expectations.usual import Usual
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.settings import Settings
from jobs.silver import credits as credited
from jobs.silver import interactions, people, preferences, ratings, title_links, title_profiles, title_rules, titles
from jobs.tables import Table, bronze, gold, silver
from tests.cli.small_lake import publish
from tests.rows import filled
from tests.runs.any_order import FEW

ONE, TWO = date(2026, 3, 1), date(2026, 3, 2)
PER_DAY = 6
"""Events of a viewer on a day; more wait."""
KNOWN, LINKED, UNKNOWN = "tt0000001", "tmdb:7", "tt0000009"
Event = Mapping[str, Any]
Terms = dict[str, int]
TYPED = ("user_id", "title_id", "event_type", "value", "occurred_at", "source")


def lenient(suite: Suite) -> Suite:
    """A suite that refuses nothing, however much is set aside."""
    return replace(
        suite,
        rows={reason: promise.copy(update={"mostly": 0.0}) for reason, promise in suite.rows.items()},
        table=tuple(one for one in suite.table if not isinstance(one, gxe.ExpectTableRowCountToBeBetween)),
        tolerates=1.0,
        parked_at_most=1.0,
        usual=Usual(stops_at=None),
    )


@pytest.fixture(autouse=True)
def nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    of_titles = (title_links, titles, title_profiles, title_rules)
    for job in (*of_titles, people, credited, interactions, ratings, preferences):
        monkeypatch.setattr(job, "SUITE", lenient(job.SUITE))


class Told(NamedTuple):
    """What became of a spine."""

    terms: Terms
    reasons: Terms
    """Rows set aside or parked by reason code."""


def told(rows: int, reasons: Sequence[set[str]], **terms: int) -> Told:
    """What must be told of rows offered, of which each has some reasons or none, and of what stands behind them."""
    parked = sum(1 for one in reasons if one and all(map(is_waiting, one)))
    aside = sum(1 for one in reasons if one) - parked
    published = len(reasons) - parked - aside
    counted = {"rows": rows, "published": published, "set_aside": aside, "parked": parked, **terms}
    by_reason = Counter(reason for one in reasons for reason in one)
    return Told({term: number for term, number in counted.items() if number}, dict(by_reason))


def is_waiting(reason: str) -> bool:
    return reason.startswith("parked:")


def account(lake: Lake, job: Any, table: Table) -> Told:
    """What the ledger tells of a job's publication."""
    job.run(lake, TWO)
    entry = ledger.latest(lake.settings.lake, table)
    assert entry is not None
    by_reason = sum((Counter(part.by_reason) for part in entry.parts.values()), Counter[str]())
    return Told({term: rows for term, rows in entry.spine.items() if rows}, dict(by_reason))


def deliver(lake: Lake, table: Table, rows: Iterable[Event]) -> None:
    publish(lake.settings.root, table, *(filled(table, row) for row in rows), night=TWO)


def lake_in(folder: str, spark: SparkSession) -> Lake:
    return Lake(spark, Settings(home=Path(folder), viewer_events_per_day=PER_DAY), run="test")


EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "event_id": st.sampled_from([*(f"e{n}" for n in range(9)), None, " "]),
            "user_id": st.sampled_from(["u", "u", "v", gold.EVERYBODY_ELSE, None]),
            "title_id": st.sampled_from([KNOWN, KNOWN, LINKED, UNKNOWN]),
            "event_type": st.sampled_from(["view", "rating", "rating", "stare"]),
            "value": st.sampled_from(["5", "5.0", "2", None, "11", "much"]),
            "occurred_at": st.sampled_from(
                [*(f"2026-03-01T1{n}:00:00Z" for n in range(3)), "2026-02-20T10:00:00Z"] * 2
                + ["2026-03-02T09:00:00Z", "2025-12-01T10:00:00Z", "1980-01-01T00:00:00Z", "yesterday"]
            ),
            "source": st.sampled_from(["app", "app", "movielens", None]),
            "night": st.sampled_from([ONE, TWO]),
            "file": st.sampled_from(["a.jsonl", "b.jsonl"]),
        }
    ),
    min_size=25,
    max_size=60,
)


def typed(event: Event) -> dict[str, Any]:
    value = {"5": 5.0, "5.0": 5.0, "2": 2.0, "11": 11.0}.get(event["value"])
    said = event["occurred_at"]
    at = None if said == "yesterday" else datetime.strptime(said, "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007 - all are UTC
    row = {**event, "value": value, "occurred_at": at}
    given_id = (event["event_id"] or "").strip()
    return row | {"event_id": given_id or repr([row[name] for name in TYPED])}


def in_order(values: Iterable[Any]) -> list[tuple[bool, Any]]:
    """A row as Spark compares rows: nothing is less than anything."""
    return [(value is not None, value) for value in values]


def reasons_of(event: Event, *, is_first: bool, is_crowded: bool) -> set[str]:
    """Every reason for which an event is not published."""
    at, night = event["occurred_at"], datetime(*event["night"].timetuple()[:3])
    is_early = at is not None and at < datetime(1995, 1, 1)
    is_late = at is not None and not is_early and at < night - timedelta(days=30) and event["source"] != "movielens"
    found = {
        "event_id:conflict": not is_first,
        "occurred_at:after_delivery": at is not None and at > night + timedelta(days=1, hours=1),
        "occurred_at:too_late": is_late,
        "value:missing": event["event_type"] == "rating" and event["value"] is None,
        "parked:user_id:too_many": is_crowded,
        "user_id:not_be_null": event["user_id"] is None,
        "user_id:not_be_in_set": event["user_id"] == gold.EVERYBODY_ELSE,
        "event_type:be_in_set": event["event_type"] == "stare",
        "value:be_between": event["value"] == 11.0,
        "occurred_at:not_be_null": at is None,
        "month:not_be_null": at is None,
        "occurred_at:be_between": is_early,
        "parked:title_id": event["title_id"] == UNKNOWN,
    }
    return {reason for reason, is_so in found.items() if is_so}


def count_events(delivered: Sequence[Event]) -> tuple[Told, list[Event]]:
    """What must be told of delivered events, and those that are published."""
    alike: dict[tuple[Any, ...], list[Event]] = defaultdict(list)
    days: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for event in map(typed, delivered):
        alike[event["event_id"], *(event[name] for name in TYPED)].append(event)
        if event["user_id"] is not None and event["occurred_at"] is not None:
            days[event["user_id"], event["occurred_at"].date()].add(event["event_id"])
    crowds = {day for day, ids in days.items() if len(ids) > PER_DAY}
    kept: dict[str, list[Event]] = defaultdict(list)
    for same in alike.values():
        first = min(same, key=lambda event: (event["night"], event["file"]))
        kept[first["event_id"]].append(first)
    reasons, published = list[set[str]](), list[Event]()
    for said in kept.values():
        said.sort(key=lambda event: in_order(event[name] for name in ("night", "file", *TYPED)))
        for place, one in enumerate(said):
            at = one["occurred_at"]
            is_crowded = at is not None and (one["user_id"], at.date()) in crowds
            reasons.append(reasons_of(one, is_first=place == 0, is_crowded=is_crowded))
            published += [] if reasons[-1] else [one]
    return told(len(delivered), reasons, duplicates=len(delivered) - len(reasons)), published


def count_ratings(events: Sequence[Event]) -> Told:
    """What must be told of published events, of which ratings are made."""
    rated = [(event["user_id"], KNOWN) for event in events if event["event_type"] == "rating"]
    other, pairs = len(events) - len(rated), set(rated)
    return told(len(events), [set() for _ in pairs], superseded=len(rated) - len(pairs), other_event_types=other)


def count_preferences(events: Sequence[Event]) -> Told:
    """What must be told of published events, of which preferences are made."""
    pairs = {(event["user_id"], KNOWN) for event in events}
    return told(len(events), [set() for _ in pairs], superseded=len(events) - len(pairs))


@settings(FEW, max_examples=3)
@given(EVENTS)
def test_every_event_is_accounted_for_in_ratings_and_preferences_too(
    spark: SparkSession, delivered: list[Event]
) -> None:
    with TemporaryDirectory(prefix="reelhouse-accounts-") as folder:
        lake = lake_in(folder, spark)
        linked = [{"source_title_id": name, "title_id": KNOWN} for name in (KNOWN, LINKED)]
        deliver(lake, silver.TITLE_LINKS, linked)
        deliver(lake, silver.TITLES, [{"title_id": KNOWN}])
        deliver(lake, bronze.INTERACTIONS, delivered)

        of_events, published = count_events(delivered)

        assert account(lake, interactions, silver.INTERACTIONS) == of_events
        assert account(lake, ratings, silver.RATINGS) == count_ratings(published)
        assert account(lake, preferences, silver.PREFERENCES) == count_preferences(published)


NAMES = st.lists(
    st.fixed_dictionaries(
        {
            "nconst": st.sampled_from([*(f"nm000000{n}" for n in range(1, 6)), "nm1"]),
            "primaryName": st.sampled_from(["Ann", "Ann", "Bob"]),
            "birthYear": st.sampled_from(["1960", "1960", "2050"]),
        }
    ),
    max_size=20,
)
PRINCIPALS = st.lists(
    st.fixed_dictionaries(
        {
            "tconst": st.sampled_from([KNOWN, "tt0000002", UNKNOWN, "1"]),
            "nconst": st.sampled_from([f"nm000000{n}" for n in range(1, 8)]),
            "category": st.sampled_from(["actor", "actor", "director", "stunts"]),
            "ordering": st.sampled_from(["1", "2"]),
        }
    ),
    max_size=25,
)


def count_people(names: Sequence[Event]) -> tuple[Told, set[str]]:
    """What must be told of IMDb's people, and who is published."""
    said: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for one in names:
        said[one["nconst"]].append((one["primaryName"], one["birthYear"]))
    reasons = {
        person: {
            reason
            for reason, is_so in (
                ("person_id:match_regex", person == "nm1"),
                ("birth_year:be_between", max(rows)[1] == "2050"),
            )
            if is_so
        }
        for person, rows in said.items()
    }
    behind = {True: 0, False: 0}
    for rows in said.values():
        behind[len(set(rows)) == 1] += len(rows) - 1
    counted = told(len(names), list(reasons.values()), duplicates=behind[True], superseded=behind[False])
    return counted, {person for person, found in reasons.items() if not found}


def count_credits(principals: Sequence[Event], known: set[str]) -> Told:
    """What must be told of IMDb's principals, where some people are known."""
    groups = {(one["tconst"], one["nconst"], one["category"]) for one in principals}
    found = [
        {
            "title_id:match_regex": title == "1",
            "category:be_in_set": category == "stunts",
            "parked:title_id": title not in (KNOWN, "tt0000002"),
            "parked:person_id": person not in known,
        }
        for title, person, category in groups
    ]
    reasons = [{reason for reason, is_so in one.items() if is_so} for one in found]
    return told(len(principals), reasons, superseded=len(principals) - len(groups))


@settings(FEW, max_examples=3)
@given(NAMES, PRINCIPALS)
def test_everybody_and_every_credit_is_accounted_for(
    spark: SparkSession, names: list[Event], principals: list[Event]
) -> None:
    with TemporaryDirectory(prefix="reelhouse-accounts-") as folder:
        lake = lake_in(folder, spark)
        deliver(lake, silver.TITLES, [{"title_id": title} for title in (KNOWN, "tt0000002")])
        deliver(lake, silver.TITLE_LINKS, [])
        deliver(
            lake, bronze.IMDB_NAME_BASICS, [{**one, "deathYear": "\\N", "primaryProfession": "\\N"} for one in names]
        )
        deliver(lake, bronze.IMDB_TITLE_PRINCIPALS, principals)

        of_people, known = count_people(names)

        assert account(lake, people, silver.PEOPLE) == of_people
        assert account(lake, credited, silver.CREDITS) == count_credits(principals, known)


BASICS = st.lists(
    st.fixed_dictionaries(
        {
            "tconst": st.sampled_from([*(f"tt000000{n}" for n in range(1, 6)), "1"]),
            "startYear": st.sampled_from(["1999", "1999", "1999", "1500"]),
        }
    ),
    min_size=6,
    max_size=12,
)
MOVIES = st.dictionaries(st.integers(1, 4), st.sampled_from([None, "0000001", "0000002", "0000008"]), min_size=1)
"""MovieLens's titles, and those of IMDb that it links them to."""
TWEETED = st.sets(st.sampled_from(["0000001", "0000007", "0000009"]))
BLOCKED = st.lists(
    st.fixed_dictionaries(
        {
            "title_id": st.sampled_from(["tt0000001", "tt0000002", "movielens:1", "movielens:2", "tt0000006", "1"]),
            "from": st.sampled_from([None, "2026-01-01"]),
            "until": st.sampled_from([None, "2026-05-01", "2026-06-01"]),
        }
    ),
    unique_by=lambda rule: (rule["title_id"], rule["from"]),
    min_size=4,
    max_size=8,
)


def count_links(
    basics: Sequence[Event], movies: Mapping[int, str | None], tweeted: Iterable[str]
) -> tuple[Told, dict[str, str]]:
    """What must be told of IMDb's titles, and what every catalogue's name of a title stands for."""
    delivered = {one["tconst"] for one in basics}
    aside = {"source_title_id:match_regex", "title_id:match_regex"}
    counted = told(
        len(basics),
        [aside if tconst == "1" else set() for tconst in delivered],
        duplicates=len(basics) - len(delivered),
    )
    own = {tconst: tconst for tconst in (delivered - {"1"}) | {f"tt{movie}" for movie in tweeted}}
    return counted, own | {f"movielens:{n}": f"tt{imdb}" if imdb else f"movielens:{n}" for n, imdb in movies.items()}


def count_titles(links: Mapping[str, str], basics: Sequence[Event]) -> tuple[Told, set[str]]:
    """What must be told of the names of titles, and the titles that are published."""
    early = {one["tconst"] for one in basics if one["startYear"] == "1500"}
    reasons = {title: {"release_year:be_between"} if title in early else set[str]() for title in set(links.values())}
    counted = told(len(links), list(reasons.values()), superseded=len(links) - len(reasons))
    return counted, {title for title, found in reasons.items() if not found}


def count_rules(blocked: Sequence[Event], links: Mapping[str, str], known: set[str]) -> Told:
    """What must be told of blocked titles, where some titles are known."""
    alike = Counter((links.get(one["title_id"], one["title_id"]), one["from"]) for one in blocked)
    reasons = [
        {
            reason
            for reason, is_so in (
                ("title_id:twice", place > 0),
                ("title_id:match_regex", title == "1"),
                ("parked:title_id", title not in known),
            )
            if is_so
        }
        for (title, _), rules in alike.items()
        for place in range(rules)
    ]
    return told(len(blocked), reasons)


@settings(FEW, max_examples=3)
@given(BASICS, MOVIES, TWEETED, BLOCKED)
def test_every_title_its_names_and_its_rules_are_accounted_for(
    spark: SparkSession,
    basics: list[Event],
    movies: dict[int, str | None],
    tweeted: set[str],
    blocked: list[Event],
) -> None:
    with TemporaryDirectory(prefix="reelhouse-accounts-") as folder:
        lake = lake_in(folder, spark)
        unknown = dict.fromkeys(("endYear", "runtimeMinutes"), "\\N")
        film = {"titleType": "movie", "primaryTitle": "Film", "originalTitle": "Film", "isAdult": "0", **unknown}
        deliver(lake, bronze.IMDB_TITLE_BASICS, [film | dict(one) for one in basics])
        named = [{"movieId": str(n), "title": f"Movie {n} (2001)", "genres": "Drama"} for n in movies]
        deliver(lake, bronze.MOVIELENS_MOVIES, named)
        linked = [{"movieId": str(n), "imdbId": imdb, "tmdbId": None} for n, imdb in movies.items()]
        deliver(lake, bronze.MOVIELENS_LINKS, linked)
        told_of = [{"movie_id": movie, "title": f"Tweeted {movie} (2003)"} for movie in sorted(tweeted)]
        deliver(lake, bronze.MOVIETWEETINGS_MOVIES, told_of)
        deliver(lake, bronze.BLOCKED_TITLES, blocked)
        deliver(lake, silver.PEOPLE, [])
        deliver(lake, silver.CREDITS, [])

        of_links, links = count_links(basics, movies, tweeted)
        of_titles, known = count_titles(links, basics)

        assert account(lake, title_links, silver.TITLE_LINKS) == of_links
        assert account(lake, titles, silver.TITLES) == of_titles
        assert account(lake, title_profiles, silver.TITLE_PROFILES) == told(len(known), [set() for _ in known])
        assert account(lake, title_rules, silver.TITLE_RULES) == count_rules(blocked, links, known)
