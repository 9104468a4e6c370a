"""Ingesting deliveries: every format in its true shape, catching up, and bad files that cost nothing."""

import gzip
import json
import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import DataFrame

from expectations.bronze import imdb as imdb_suites
from expectations.bronze import interactions as interaction_suites
from expectations.bronze import movielens as movielens_suites
from expectations.bronze import movietweetings as movietweetings_suites
from expectations.bronze import tmdb as tmdb_suites
from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.landing.ingest import ingest
from jobs.tables import Source, Table, bronze

NIGHT = date(2026, 3, 1)
RATINGS = Source("imdb", (bronze.IMDB_TITLE_RATINGS,), is_complete=True)
HEADER = "tconst\taverageRating\tnumVotes"


def deliver(lake: Lake, source: str, name: str, content: str | bytes, night: date = NIGHT) -> Path:
    path = lake.settings.landing / source / night.isoformat() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(raw, mtime=0) if name.endswith(".gz") else raw)
    return path


def ingest_ratings(lake: Lake, night: date = NIGHT) -> list[str]:
    before = len(lake.outcomes)
    ingest(lake, RATINGS, imdb_suites.SUITES, night)
    return [outcome.state for outcome in lake.outcomes[before:]]


def rows(lake: Lake, table: Table, night: date = NIGHT) -> list[dict[str, object]]:
    return [row.asDict() for row in lake.read(table, night).collect()]


def only(frame: DataFrame) -> dict[str, object]:
    (row,) = frame.collect()
    return row.asDict()


def test_reads_imdb_lines_without_quoting_and_keeps_nulls_as_delivered(lake: Lake) -> None:
    source = Source("imdb", (bronze.IMDB_TITLE_BASICS,), is_complete=True)
    header = "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres"
    lines = [
        header,
        'tt0000001\tmovie\t"Unbalanced\tA "quote" within\t0\t1999\t\\N\t90\tDrama',
        'tt0000002\tshort\tSecond"\tSecond\t0\t\\N\t\\N\t\\N\t\\N',
    ]
    deliver(lake, "imdb", "title.basics.tsv.gz", "\n".join(lines) + "\n")

    ingest(lake, source, imdb_suites.SUITES, NIGHT)

    first, second = sorted(rows(lake, bronze.IMDB_TITLE_BASICS), key=lambda row: str(row["tconst"]))
    assert (first["primaryTitle"], first["originalTitle"]) == ('"Unbalanced', 'A "quote" within')
    assert (second["primaryTitle"], second["startYear"]) == ('Second"', "\\N")
    assert (first["file"], first["night"], first["extra"]) == ("title.basics.tsv.gz", NIGHT, None)


def test_keeps_unknown_columns_in_extra_wherever_they_stand(lake: Lake) -> None:
    deliver(lake, "imdb", "title.ratings.tsv.gz", "tconst\tmood\taverageRating\tnumVotes\ntt0000001\tgood\t7.1\t12\n")

    ingest_ratings(lake)

    (row,) = rows(lake, bronze.IMDB_TITLE_RATINGS)
    assert (row["averageRating"], row["extra"]) == ("7.1", {"mood": "good"})


def test_sets_malformed_lines_aside_as_delivered(lake: Lake) -> None:
    good = "\n".join(f"tt{n:07d}\t7.0\t10" for n in range(300))
    deliver(lake, "imdb", "title.ratings.tsv.gz", f"{HEADER}\n{good}\ntt9999999\t7.0\ntt9999998\tseven\t10\n")

    ingest_ratings(lake)

    aside = lake.spark.read.format("delta").load(f"{lake.settings.lake}/ops/quarantine")
    found = {row["record"]: row["reasons"] for row in aside.collect()}
    assert found == {
        "tt9999999\t7.0": ["line:field_count"],
        "tt9999998\tseven\t10": ["averageRating:match_regex"],
    }
    entry = ledger.latest(lake.settings.lake, bronze.IMDB_TITLE_RATINGS)
    assert entry is not None
    assert (entry.offered, entry.published) == (302, 300)


def test_reads_tmdb_exports_objects_and_the_5000_dump(lake: Lake) -> None:
    movie = {
        "id": 603, "imdb_id": "tt0133093", "title": "The Matrix", "genres": [{"id": 28, "name": "Action"}],
        "runtime": 136, "popularity": 80.5, "overview": 'Says "no".', "homepage": "x", "release_date": "1999-03-30",
    }  # fmt: skip
    deliver(
        lake,
        "tmdb",
        "movie_ids_03_01_2026.json.gz",
        '{"adult":false,"id":603,"original_title":"The Matrix","popularity":80.5,"video":false}\n',
    )
    deliver(lake, "tmdb", "movie_details.jsonl", json.dumps(movie) + "\n")
    names = [name for name in bronze.TMDB_5000_MOVIES.column_names if name not in {"extra", "file", "night"}]
    known = {"id": "603", "title": "The Matrix", "genres": '"[{""id"": 28, ""name"": ""Action""}]"', "keywords": "[]",
             "overview": '"Two lines,\rone of them ""quoted"""', "popularity": "80.5", "runtime": "136.0"}  # fmt: skip
    deliver(
        lake,
        "tmdb",
        "tmdb_5000_movies.csv",
        ",".join(names) + "\r\n" + ",".join(known.get(n, "") for n in names) + "\r\n",
    )
    deliver(lake, "tmdb", "tmdb_5000_credits.csv", 'movie_id,title,cast,crew\n603,The Matrix,"[{""id"": 6384}]",[]\n')

    ingest(lake, bronze.TMDB, tmdb_suites.SUITES, NIGHT)

    details = only(lake.read(bronze.TMDB_MOVIE_DETAILS, NIGHT))
    dumped = only(lake.read(bronze.TMDB_5000_MOVIES, NIGHT))
    credited = only(lake.read(bronze.TMDB_5000_CREDITS, NIGHT))
    exported = only(lake.read(bronze.TMDB_MOVIE_IDS, NIGHT))
    assert (exported["id"], exported["adult"], exported["popularity"]) == ("603", "false", "80.5")
    assert (details["genres"], details["overview"]) == ('[{"id":28,"name":"Action"}]', 'Says "no".')
    assert details["extra"] == {"homepage": "x"}
    assert dumped["genres"] == '[{"id": 28, "name": "Action"}]'
    assert str(dumped["overview"]).endswith('one of them "quoted"')
    assert credited["cast"] == '[{"id": 6384}]'


def test_reads_event_logs_of_every_format_together(lake: Lake) -> None:
    event = {"event_id": "e1", "user_id": "u1", "title_id": "tt0000001", "event_type": "rating", "value": 8.5,
             "occurred_at": "2026-03-01T10:00:00Z", "source": "app"}  # fmt: skip
    deliver(lake, "interactions", "a.jsonl", json.dumps(event) + "\n\n")
    deliver(lake, "interactions", "b.jsonl.gz", json.dumps(event | {"event_id": "e2", "device": "tv"}) + "\n")
    deliver(
        lake,
        "interactions",
        "c.csv",
        ",".join(event) + "\n" + ",".join(map(str, (event | {"event_id": "e3"}).values())) + "\n",
    )
    frame = pd.DataFrame([event | {"event_id": "e4", "occurred_at": datetime(2026, 3, 1, 10)}])
    frame.to_parquet(deliver(lake, "interactions", "d.parquet", b"").with_name("d.parquet"))

    ingest(lake, bronze.EVENTS, interaction_suites.SUITES, NIGHT)

    events = sorted(rows(lake, bronze.INTERACTIONS), key=lambda row: str(row["event_id"]))
    assert [row["event_id"] for row in events] == ["e1", "e2", "e3", "e4"]
    assert {row["value"] for row in events} == {"8.5"}
    assert {str(row["occurred_at"])[:19] for row in events} == {"2026-03-01T10:00:00"}
    assert events[1]["extra"] == {"device": "tv"}


def test_reads_the_catalogues_of_public_sets(lake: Lake) -> None:
    deliver(
        lake, "movielens", "movies.csv", 'movieId,title,genres\r\n1,"American President, The (1995)",Comedy|Drama\r\n'
    )
    deliver(lake, "movielens", "links.csv", "movieId,imdbId,tmdbId\r\n1,0112346,\r\n")
    deliver(lake, "movietweetings", "movies.dat", "0004936::The Bank (1915)::Comedy|Short\n")

    ingest(lake, bronze.MOVIELENS, movielens_suites.SUITES, NIGHT)
    ingest(lake, bronze.MOVIETWEETINGS, movietweetings_suites.SUITES, NIGHT)

    assert only(lake.read(bronze.MOVIELENS_MOVIES, NIGHT))["title"] == "American President, The (1995)"
    assert only(lake.read(bronze.MOVIELENS_LINKS, NIGHT))["tmdbId"] is None
    assert only(lake.read(bronze.MOVIETWEETINGS_MOVIES, NIGHT))["genres"] == "Comedy|Short"
    assert min(outcome.seconds for outcome in lake.outcomes) > 0.1, "each table's own, staging and commit"


def test_an_unchanged_delivery_makes_no_partition_and_a_missing_one_is_stale(lake: Lake) -> None:
    deliver(lake, "imdb", "title.ratings.tsv.gz", f"{HEADER}\ntt0000001\t7.0\t10\n")
    deliver(lake, "imdb", "title.ratings.tsv.gz", f"{HEADER}\ntt0000001\t7.0\t10\n", date(2026, 3, 2))

    states = [ingest_ratings(lake, date(2026, 3, day)) for day in (1, 1, 2, 3)]

    assert states == [["published"], ["unchanged"], ["unchanged"], ["stale"]]
    assert ledger.version(lake.settings.lake, bronze.IMDB_TITLE_RATINGS) == 1
    assert len(rows(lake, bronze.IMDB_TITLE_RATINGS, date(2026, 3, 3))) == 1


def test_a_changed_delivery_replaces_its_partition_and_three_are_kept(lake: Lake) -> None:
    for day in (1, 2, 3, 4):
        deliver(lake, "imdb", "title.ratings.tsv.gz", f"{HEADER}\ntt000000{day}\t7.0\t10\n", date(2026, 3, day))
        ingest_ratings(lake, date(2026, 3, day))
    deliver(lake, "imdb", "title.ratings.tsv.gz", f"{HEADER}\ntt0000009\t7.0\t10\n", date(2026, 3, 4))
    ingest_ratings(lake, date(2026, 3, 4))

    everything = lake.spark.read.format("delta").load(f"{lake.settings.lake}/bronze/imdb_title_ratings")
    assert {row["tconst"] for row in everything.collect()} == {"tt0000002", "tt0000003", "tt0000009"}


def test_event_logs_that_were_missed_are_caught_up_with(lake: Lake) -> None:
    line = '{"event_id":"%s","user_id":"u","title_id":"tt0000001","event_type":"view","occurred_at":"2026-02-27T10:00:00Z"}\n'
    for day in (1, 2, 3):
        deliver(lake, "interactions", "log.jsonl", line % day, date(2026, 3, day))

    ingest(lake, bronze.EVENTS, interaction_suites.SUITES, date(2026, 3, 2))

    assert {row["night"] for row in rows(lake, bronze.INTERACTIONS, date(2026, 3, 9))} == {
        date(2026, 3, 1),
        date(2026, 3, 2),
    }


def test_a_delivery_read_again_says_what_its_folder_says_now_and_a_folder_taken_away_stays_read(lake: Lake) -> None:
    line = '{"event_id":"%s","user_id":"u","title_id":"tt0000001","event_type":"view","occurred_at":"2026-03-01T10:00:00Z"}\n'
    path = deliver(lake, "interactions", "a.jsonl", line % "a")
    other = deliver(lake, "interactions", "b.jsonl", line % "b")

    def found() -> tuple[str, set[object]]:
        ingest(lake, bronze.EVENTS, interaction_suites.SUITES, NIGHT)
        return lake.outcomes[-1].state, {row["event_id"] for row in rows(lake, bronze.INTERACTIONS)}

    assert found() == ("published", {"a", "b"})
    path.write_text(line % "a" + line % "c")
    assert found() == ("published", {"a", "b", "c"})
    other.unlink()
    assert found() == ("published", {"a", "c"})
    path.rename(path.with_name("renamed.jsonl"))
    assert found() == ("unchanged", {"a", "c"})
    shutil.rmtree(path.parent)
    assert found() == ("stale", {"a", "c"})


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


BAD_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: path.unlink(), "is missing"),
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "truncated": (truncate, "is truncated or damaged"),
    "no gzip": (lambda path: path.write_bytes(b"<html>not found</html>"), "is truncated or damaged"),
    "wrong encoding": (
        lambda path: path.write_bytes(gzip.compress(f"{HEADER}\ntt0000001\tTot\xe9\t1\n".encode("latin-1"))),
        "is not UTF-8",
    ),
    "wrong columns": (
        lambda path: path.write_bytes(gzip.compress(b"tconst\taverage_rating\tnumVotes\ntt0000001\t7\t1\n")),
        r"has no column averageRating \(it has average_rating\)",
    ),
}


@pytest.mark.parametrize(("damage", "says"), BAD_FILES.values(), ids=list(BAD_FILES))
def test_a_bad_file_costs_one_line_and_nothing_else(lake: Lake, damage: Callable[[Path], object], says: str) -> None:
    deliver(lake, "imdb", "title.ratings.tsv.gz", f"{HEADER}\ntt0000001\t7.0\t10\n")
    ingest_ratings(lake)
    later = date(2026, 3, 2)
    bad = deliver(lake, "imdb", "title.ratings.tsv.gz", f"{HEADER}\ntt0000002\t8.0\t10\n", later)
    damage(bad)

    with pytest.raises(JobError, match=says) as failure:
        ingest_ratings(lake, later)

    line = str(failure.value)
    assert str(bad) in line
    assert "\n" not in line
    assert [row["tconst"] for row in rows(lake, bronze.IMDB_TITLE_RATINGS, later)] == ["tt0000001"]
    assert ledger.version(lake.settings.lake, bronze.IMDB_TITLE_RATINGS) == 1


def test_a_bad_file_stops_its_whole_source_before_anything_is_published(lake: Lake) -> None:
    both = Source("imdb", (bronze.IMDB_TITLE_RATINGS, bronze.IMDB_TITLE_CREW), is_complete=True)
    deliver(lake, "imdb", "title.ratings.tsv.gz", f"{HEADER}\ntt0000001\t7.0\t10\n")
    deliver(lake, "imdb", "title.crew.tsv.gz", "")

    with pytest.raises(JobError, match=r"title\.crew\.tsv\.gz is empty"):
        ingest(lake, both, imdb_suites.SUITES, NIGHT)

    assert ledger.version(lake.settings.lake, bronze.IMDB_TITLE_RATINGS) is None


def test_broken_rows_of_one_table_stop_its_whole_source(lake: Lake) -> None:
    both = Source("imdb", (bronze.IMDB_TITLE_RATINGS, bronze.IMDB_TITLE_CREW), is_complete=True)
    deliver(lake, "imdb", "title.ratings.tsv.gz", f"{HEADER}\ntt0000001\t7.0\t10\n")
    deliver(lake, "imdb", "title.crew.tsv.gz", "tconst\tdirectors\twriters\ntt0000001\tnobody\tnm0000001\n")

    with pytest.raises(JobError, match="1 of 1 rows break directors:match_regex"):
        ingest(lake, both, imdb_suites.SUITES, NIGHT)

    assert ledger.version(lake.settings.lake, bronze.IMDB_TITLE_RATINGS) is None


def test_a_damaged_parquet_log_is_refused(lake: Lake) -> None:
    deliver(lake, "interactions", "events.parquet", b"PAR1 cut short")

    with pytest.raises(JobError, match="truncated or no Parquet file"):
        ingest(lake, bronze.EVENTS, interaction_suites.SUITES, NIGHT)
