"""Records: the gate counts as many as Spark's readers make rows."""

import random
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from jobs.landing.gate import Delivered, check
from jobs.landing.readers import read_files
from jobs.landing.records import CsvRecords, Lines
from jobs.settings import Gate
from jobs.tables import Table, bronze

LINKS = "movieId,imdbId,tmdbId"
RATINGS = "tconst\taverageRating\tnumVotes"
FILES = 120
FORMATS: dict[str, tuple[Table, str, str, list[str]]] = {
    "csv": (bronze.MOVIELENS_LINKS, "csv", LINKS, ['"', '"', '""', ",", "\n", '"\n', "\r\n", "\r", " ", "x", "x,"]),
    "tsv": (
        bronze.IMDB_TITLE_RATINGS,
        "tsv",
        RATINGS,
        ["\t", "\n", "\n", "\r\n", " ", "x", '"', "\x0b", f"{RATINGS}\n"],
    ),
    "jsonl": (bronze.INTERACTIONS, "jsonl", "", ["{", "}", '{"value": 1}', "\n", "\r\n", " ", "\r", "\t", '"', "\x00"]),
    "double colon": (bronze.MOVIETWEETINGS_MOVIES, "dat", "", ["::", "1::a::b", "\n", "\r\n", " ", "x"]),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_the_gate_counts_what_spark_reads_whatever_the_file_holds(
    spark: SparkSession, tmp_path: Path, kind: str
) -> None:
    table, ending, header, parts = FORMATS[kind]
    chance, counted, files = random.Random(7), {}, []
    for number in range(FILES):
        first_break = chance.choice(["\n", "\r\n"]) if header else ""
        path = tmp_path / "2026-03-01" / f"{number}.{ending}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(f"{header}{first_break}{''.join(chance.choices(parts, k=chance.randint(1, 25)))}".encode())
        delivered, problems = check(table, path)
        assert delivered is not None, problems
        files.append(delivered)
        counted[path.name] = delivered.records

    read = Counter(row["file"] for row in read_files(spark, table, files).collect())

    assert {name: read[name] for name in counted} == counted
    assert sum(counted.values()) > FILES


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_records_are_the_same_wherever_the_chunks_of_reading_end(size: int) -> None:
    csv = b'a,b\r\n1,"x\r\n""y"""\r\n\r\n6" disk,"z"\n"",""\n"not closed,\n2'
    lines = b"a\tb\n1\t2\n\n \r\na\tb\r\n\t\n3\t4"

    counters = [(CsvRecords(Gate()), csv, 4, 14), (Lines(b"\t", Gate(), has_header=True), lines, 3, 4)]
    for counter, content, records, longest in counters:
        for start in range(0, len(content), size):
            counter.feed(content[start : start + size])
        counter.finish()
        assert (counter.records, counter.longest) == (records, longest)


def test_the_records_of_parquet_are_its_rows(tmp_path: Path) -> None:
    names = ["event_id", "user_id", "title_id", "event_type", "value", "occurred_at", "source"]
    pq.write_table(pa.table({name: ["x"] * 5 for name in names}), tmp_path / "log.parquet", row_group_size=2)

    delivered, _ = check(bronze.INTERACTIONS, tmp_path / "log.parquet")

    assert isinstance(delivered, Delivered)
    assert delivered.records == 5


def test_line_ends_of_two_kinds_in_one_csv_make_no_row_of_many_lines(spark: SparkSession, tmp_path: Path) -> None:
    path = tmp_path / "2026-03-01" / "links.csv"
    path.parent.mkdir()
    path.write_bytes(b'movieId,imdbId,tmdbId\r\n1,2,\r\n4,5,6\n7,8,"9"\r\n\r\n')
    delivered, _ = check(bronze.MOVIELENS_LINKS, path)
    assert delivered is not None

    rows = read_files(spark, bronze.MOVIELENS_LINKS, [delivered]).collect()

    assert [(row["movieId"], row["imdbId"], row["tmdbId"]) for row in rows] == [
        ("1", "2", None),
        ("4", "5", "6"),
        ("7", "8", "9"),
    ]
