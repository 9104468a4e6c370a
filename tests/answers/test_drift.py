"""What changed from one delivery to the next: in each format, in the lake and before it is let in."""

import json
from collections.abc import Mapping
from datetime import date
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from expectations.bronze import imdb, interactions
from jobs.answers.drift import Drift, drift
from jobs.errors import JobError
from jobs.lakehouse.lake import Lake
from jobs.landing.ingest import ingest
from jobs.tables import bronze
from tests.landing.test_identity import lenient
from tests.landing.test_ingest import HEADER, RATINGS, deliver

ONE, TWO, THREE = (date(2026, 3, day) for day in (1, 2, 3))
EVENT = {
    "event_id": "e", "user_id": "u", "title_id": "tmdb:603", "event_type": "view", "value": "0.5",
    "occurred_at": "2026-03-01T10:00:00Z", "source": "app",
}  # fmt: skip


def of(lake: Lake, table: str = "bronze.interactions") -> Drift:
    return next(one for one in drift(lake.settings) if one.table == table)


def said(found: Drift) -> list[tuple[str, str]]:
    return [(change.kind, change.said) for change in found.changes]


def objects(*events: Mapping[str, object]) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


def parquet(columns: dict[str, pa.Array]) -> bytes:
    file = BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def take(lake: Lake, night: date) -> str:
    """Ingest event logs; what is told of it."""
    ingest(lake, bronze.EVENTS, lenient(interactions.SUITES, bronze.INTERACTIONS), night)
    return lake.outcomes[-1].note


def test_logs_of_objects_tell_by_their_rows_and_those_that_name_columns_by_their_names(lake: Lake) -> None:
    assert of(lake) == Drift("bronze.interactions", None, None, is_held=False)
    deliver(lake, "interactions", "log.jsonl", objects(EVENT, EVENT | {"device": "tv", "value": None}), ONE)
    assert take(lake, ONE) == "new in log.jsonl, kept in extra: device"
    assert of(lake) == Drift("bronze.interactions", ONE, None, is_held=True), "nothing before"

    more = {name: value for name, value in EVENT.items() if name != "source"} | {"device": "tv", "my app": "x"}
    deliver(lake, "interactions", "log.jsonl", objects(more, EVENT | {"source": None, "occurred_at": "yesterday"}), TWO)
    assert take(lake, TWO) == "new in log.jsonl, kept in extra: my app; not in log.jsonl any more: source"
    found = of(lake)
    assert (found.delivery, found.before, found.is_held) == (TWO, ONE, True)
    assert said(found)[:2] == [
        ("new", "my app is new, and kept in extra"),
        ("gone", "source is not there any more"),
    ]
    assert found.changes[0].edit == 'jobs/tables/bronze.py, INTERACTIONS, after source: **{"my app": "…"},'
    broken = "occurred_at:match_regex: 50.0% of the records are set aside, and 0.0% were"
    assert said(found)[2:] == [("broken", broken)]

    named = {"value": pa.array([1.5]), **{name: pa.array([text]) for name, text in EVENT.items() if name != "value"}}
    deliver(lake, "interactions", "log.parquet", parquet(named), THREE)
    assert "not in log.parquet any more: device, my app" in take(lake, THREE)
    assert [kind for kind, _ in said(of(lake))] == ["new", "gone", "gone", "files"]
    assert said(of(lake))[-1] == ("files", "files are log.parquet now, and were log.jsonl")
    assert drift(lake.settings, [bronze.INTERACTIONS], TWO) == [found], "an earlier delivery, as it was"

    four = date(2026, 3, 4)
    deliver(
        lake, "interactions", "log.parquet", parquet(dict(reversed(named.items())) | {"value": pa.array([2])}), four
    )
    take(lake, four)
    kinds = said(of(lake))
    assert kinds == [
        ("type", "value is int64 now, and was double"),
        ("order", "columns come in another order; they are read by name"),
    ]


def test_objects_that_name_a_column_otherwise_are_held_up_and_those_without_one_are_not(lake: Lake) -> None:
    deliver(lake, "interactions", "log.jsonl", objects(EVENT), ONE)
    take(lake, ONE)
    renamed = {"titleId" if name == "title_id" else name: value for name, value in EVENT.items()}
    deliver(lake, "interactions", "log.jsonl", objects(renamed), TWO)

    with pytest.raises(JobError) as refused:
        take(lake, TWO)

    assert "no record of log.jsonl has title_id any more (they have titleId)" in str(refused.value)
    assert lake.read(bronze.INTERACTIONS, TWO).count() == 1
    found = of(lake)
    assert (found.delivery, found.before, found.is_held) == (TWO, ONE, False)
    assert said(found) == [("renamed", "title_id is titleId now")]
    assert found.changes[0].edit.startswith('jobs/tables/bronze.py, INTERACTIONS, in the place of title_id: titleId="')
    assert found.changes[0].edit.endswith("but deliveries before have none: ask the source")
    # Nobody rated anything on that day, and something else came: nothing was exchanged.
    deliver(lake, "interactions", "log.jsonl", objects({**EVENT, "value": None, "device": "tv"}), TWO)
    take(lake, TWO)
    assert lake.read(bronze.INTERACTIONS, TWO).count() == 2


def test_a_dump_that_names_a_column_otherwise_is_looked_at_where_it_lies(lake: Lake) -> None:
    line = "tt0000001\t7.1\t100"
    deliver(lake, "imdb", "title.ratings.tsv.gz", f"{HEADER}\n{line}\n", ONE)
    ingest(lake, RATINGS, imdb.SUITES, ONE)
    deliver(lake, "imdb", "title.ratings.tsv.gz", f"{HEADER}\tpercentile\n{line}\t3\n", TWO)
    ingest(lake, RATINGS, imdb.SUITES, TWO)
    name = "bronze.imdb_title_ratings"
    assert lake.outcomes[-1].note == "new in title.ratings.tsv.gz, kept in extra: percentile"
    assert said(of(lake, name)) == [("new", "percentile is new, and kept in extra")]
    assert of(lake, name).changes[0].edit == (
        'jobs/tables/bronze.py, IMDB_TITLE_RATINGS, after numVotes: percentile="…",'
    )

    header = HEADER.replace("numVotes", "num_votes")
    deliver(lake, "imdb", "title.ratings.tsv.gz", f"{header}\tpercentile\n{line}\t3\n", THREE)
    with pytest.raises(JobError, match=r"has no column numVotes \(it has num_votes\)"):
        ingest(lake, RATINGS, imdb.SUITES, THREE)
    found = of(lake, name)
    assert (found.delivery, found.before, found.is_held) == (THREE, TWO, False)
    assert said(found) == [("renamed", "numVotes is num_votes now")]

    header = HEADER.replace("averageRating", "score").replace("numVotes", "ballots")
    deliver(lake, "imdb", "title.ratings.tsv.gz", f"{header}\tpercentile\n{line}\t3\n", THREE)
    assert said(of(lake, name)) == [
        ("renamed", "averageRating is score now, by its place"),
        ("renamed", "numVotes is ballots now, by its place"),
    ]
    edit = of(lake, name).changes[0].edit
    assert edit.startswith("jobs/tables/bronze.py, IMDB_TITLE_RATINGS, in the place of averageRating: score=")
    assert edit.endswith(
        '"Weighted average of the users\' ratings, 1 to 10.", and whatever reads it; or ask the source'
    )
    # With a column less nothing stands in the place of another.
    deliver(lake, "imdb", "title.ratings.tsv.gz", f"{header}\n{line}\n", THREE)
    assert [kind for kind, _ in said(of(lake, name))] == ["new", "new", "gone", "gone", "gone"]

    # The same dump again is no delivery of its own, and as the one before.
    deliver(lake, "imdb", "title.ratings.tsv.gz", f"{HEADER}\tpercentile\n{line}\t3\n", THREE)
    ingest(lake, RATINGS, imdb.SUITES, THREE)
    assert said(of(lake, name)) == []
