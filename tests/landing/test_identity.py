"""Every record of a delivered file becomes one row: published, or set aside with its reasons."""

import gzip
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from expectations.bronze import imdb, interactions
from expectations.suite import Suite
from jobs.lakehouse import ledger
from jobs.lakehouse.columns import Content
from jobs.lakehouse.lake import Lake
from jobs.landing import gate
from jobs.landing.ingest import ingest
from jobs.landing.readers import read_files
from jobs.tables import Source, Table, bronze
from tests.landing.test_ingest import RATINGS, deliver

NIGHT = date(2026, 3, 1)
EVENTS = bronze.EVENTS
EVENT = {"event_id": "e", "user_id": "u", "title_id": "tmdb:603", "event_type": "view", "value": "0.5"} | {
    "occurred_at": "2026-03-01T10:00:00Z",
    "source": "app",
}
HEADER = ",".join(EVENT)
GOOD = ",".join(EVENT.values())


def lenient(suites: Mapping[str, Suite], table: Table) -> dict[str, Suite]:
    """The suite of a table, with tolerance for any share of broken rows."""
    suite = suites[table.name]
    rows = {reason: promise.copy(update={"mostly": 0.0}) for reason, promise in suite.rows.items()}
    return {table.name: Suite(table, rows, suite.table, suite.references, tolerates=1.0)}


def accounts(lake: Lake, source: Source, suites: Mapping[str, Suite], night: date = NIGHT) -> dict[str, int]:
    """Ingest and tell what became of the records."""
    ingest(lake, source, suites, night)
    entry = ledger.latest(lake.settings.lake, source.tables[0])
    assert entry is not None
    return entry.spine


def aside(lake: Lake) -> list[tuple[str | None, int | None, str, tuple[str, ...]]]:
    """Quarantine as file, line, record and reasons."""
    rows = lake.spark.read.format("delta").load(f"{lake.settings.lake}/ops/quarantine").collect()
    return sorted((row["file"], row["line"], row["record"], tuple(row["reasons"])) for row in rows)


def test_event_logs_of_every_format_are_accounted_for_in_the_commit(lake: Lake, tmp_path: Path) -> None:
    good, bad = json.dumps(EVENT), json.dumps(EVENT | {"occurred_at": "yesterday"})
    deliver(lake, "interactions", "a.jsonl.gz", "\n".join([good, "", "{cut", "  ", bad, "{cut", good]))
    quoted = GOOD.replace(",app", ',"x\ny"')
    lines = [HEADER, GOOD, "", '"two\r\nlines",short', quoted, ""]
    deliver(lake, "interactions", "b.csv", "\r\n".join(lines))
    frame = pd.DataFrame([EVENT, EVENT | {"occurred_at": "never"}, EVENT])
    frame.to_parquet(tmp_path / "c.parquet")
    deliver(lake, "interactions", "c.parquet", (tmp_path / "c.parquet").read_bytes())

    spine = accounts(lake, EVENTS, lenient(interactions.SUITES, bronze.INTERACTIONS))

    assert spine == {"records": 11, "published": 5, "set_aside": 6, "parked": 0}
    found = [(file, line, reasons) for file, line, _, reasons in aside(lake)]
    malformed = ("occurred_at:match_regex",)
    assert found == [
        ("a.jsonl.gz", 3, ("line:not_json",)),
        ("a.jsonl.gz", 5, malformed),
        ("a.jsonl.gz", 6, ("line:not_json",)),
        ("b.csv", 4, ("line:field_count",)),
        ("b.csv", 6, ("source:match_regex",)),
        ("c.parquet", 2, malformed),
    ]


def test_lines_of_a_dump_with_the_header_in_it_again_are_accounted_for(lake: Lake) -> None:
    header = "tconst\taverageRating\tnumVotes"
    lines = [header, "tt0000001\t5.0\t9", "", header, "tt0000002\t5.0", "tt0000003\t\t\t9", " \r", "tt0000004\t11\t9"]
    deliver(lake, "imdb", "title.ratings.tsv.gz", "\r\n".join(lines))

    spine = accounts(lake, RATINGS, lenient(imdb.SUITES, bronze.IMDB_TITLE_RATINGS))

    assert spine == {"records": 4, "published": 1, "set_aside": 3, "parked": 0}
    assert [line for _, line, _, _ in aside(lake)] == [5, 6, 8]


def test_a_reader_that_loses_a_record_publishes_nothing(lake: Lake) -> None:
    rows = read_files(
        lake.spark, bronze.IMDB_TITLE_RATINGS, [checked(lake, "tconst\taverageRating\tnumVotes\nx\t1\t2")]
    )
    suite = imdb.SUITES[bronze.IMDB_TITLE_RATINGS.name]

    with pytest.raises(
        RuntimeError, match=r"imdb_title_ratings was not published: the files of 2026-03-01 hold 2 records, and 1"
    ):
        lake.stage(rows, suite, NIGHT, deliveries={NIGHT: "content"}, contents={NIGHT: Content(2)})

    assert ledger.latest(lake.settings.lake, bronze.IMDB_TITLE_RATINGS) is None


def checked(lake: Lake, content: str) -> gate.Delivered:
    """What the gate says of a dump of ratings."""
    found, problems = gate.check(bronze.IMDB_TITLE_RATINGS, deliver(lake, "imdb", "title.ratings.tsv", content))
    assert found, problems
    return found


# What a line may be made of, whole or broken.
_PIECES = st.sampled_from(
    ["a", "tt0000001", "\t", "::", ",", '"', '""', "{", "}", "é", " ", "\r", "\\", "\\N", "null", "\n"]
)
_TEXT = st.lists(_PIECES, max_size=12).map("".join)
_CSV_CELL = st.one_of(
    st.text("ab ,\r\n", max_size=6).map(lambda text: f'"{text}"'),  # quoted, with line breaks
    st.text('ab"', max_size=4).map(lambda text: f'"{text.replace(chr(34), chr(34) * 2)}"'),
    st.text("ab ", max_size=4),
)
_CSV = st.lists(st.lists(_CSV_CELL, max_size=4).map(",".join), max_size=8)
_FILES = {
    "title.ratings.tsv": (bronze.IMDB_TITLE_RATINGS, _TEXT.map("tconst\taverageRating\tnumVotes\n{}".format)),
    "movies.dat": (bronze.MOVIETWEETINGS_MOVIES, _TEXT.filter(len)),
    "log.jsonl": (bronze.INTERACTIONS, _TEXT.filter(len)),
    "log.csv": (
        bronze.INTERACTIONS,
        st.tuples(st.sampled_from(["\n", "\r\n"]), _CSV).map(lambda made: made[0].join([HEADER, *made[1]])),
    ),
}


@examples(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(contents=st.fixed_dictionaries({n: st.lists(made, min_size=60, max_size=60) for n, (_, made) in _FILES.items()}))
def test_spark_makes_as_many_rows_of_any_file_as_the_gate_counts_records(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, contents: Mapping[str, Sequence[str]]
) -> None:
    folder = tmp_path_factory.mktemp("landing")
    for name, texts in contents.items():
        table, files = _FILES[name][0], []
        for number, text in enumerate(texts):
            path = folder / name / f"{NIGHT + timedelta(days=number)}" / (f"{name}.gz" if number % 2 else name)
            path.parent.mkdir(parents=True)
            path.write_bytes(gzip.compress(text.encode()) if number % 2 else text.encode())
            delivered, problems = gate.check(table, path)
            assert delivered, problems
            files.append(delivered)

        offered = Counter(row["night"] for row in read_files(spark, table, files).select("night", "_record").collect())

        counted = {NIGHT + timedelta(days=number): file.records for number, file in enumerate(files) if file.records}
        wrong = {
            (texts[(day - NIGHT).days]): (counted.get(day), offered.get(day))
            for day in {*counted, *offered}
            if counted.get(day) != offered.get(day)
        }
        assert wrong == {}
