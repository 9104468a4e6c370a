"""Honest files with awkward names, columns or values: read as they are, or refused before Spark ends at them."""

import gzip
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ByteSize
from pyspark.sql import SparkSession

from jobs.lakehouse.person import Person
from jobs.landing.forgetting import rewrite
from jobs.landing.gate import Delivered, check
from jobs.landing.readers import read_files
from jobs.settings import Gate
from jobs.tables import bronze

NAMES = ("event_id", "user_id", "title_id", "event_type", "value", "occurred_at", "source")
CSV = ",".join(NAMES)


def delivered(path: Path) -> Delivered:
    """An event log that the gate lets through."""
    found, problems = check(bronze.INTERACTIONS, path)
    assert found is not None, problems
    return found


def refused(path: Path) -> str:
    """The one problem of an event log."""
    _, (problem,) = check(bronze.INTERACTIONS, path)
    return problem.removeprefix(f"{path} ")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "home [1]" / "2026-03-01"
    made.mkdir(parents=True)
    return made


def test_a_file_is_read_once_and_under_its_own_name_whatever_that_is(spark: SparkSession, folder: Path) -> None:
    names = ["log*", "logs", "l[1]", "l1", "l{a,b}", "l?", "back\\slash", "a+b c%20#", "日", "log.csv", "log.tsv"]
    for name in names:
        (folder / f"{name}.jsonl").write_text(f'{{"event_id": {len(name)}}}\n')
    (folder / "[2].csv").write_text(f"{CSV}\n1,2,3,4,5,6,7\n")
    (folder / "log.tsv.csv").write_text(f"{CSV}\n1,2,3,4,5,6,7\n")
    pq.write_table(pa.table({name: ["x"] for name in NAMES}), folder / "[3] 4.parquet")
    files = sorted(folder.iterdir())

    rows = read_files(spark, bronze.INTERACTIONS, [*map(delivered, files)]).collect()

    assert sorted(row["file"] for row in rows) == sorted(file.name for file in files)
    assert {str(row["night"]) for row in rows} == {"2026-03-01"}


def test_a_person_is_found_in_objects_whatever_else_the_name_of_the_file_says(folder: Path) -> None:
    # As a record of CSV, both lines would be one that a quote holds together.
    (folder / "log.csv.jsonl").write_text('{"user_id": "somebody", "source": 7"}\n{"user_id": "other"}\n')

    found = rewrite(folder / "log.csv.jsonl", Person("other"))

    assert found is not None
    assert found.beside is not None
    assert found.beside.read_text() == '{"user_id": "somebody", "source": 7"}\n\n'


def test_columns_may_be_called_what_means_something_to_spark(spark: SparkSession, folder: Path) -> None:
    extra = {"a.b": "1", "*": "2", "c`d": "3", "`": "4", "user_id.x": "5"}
    (folder / "log.csv").write_text(f"{CSV},{','.join(extra)}\n1,2,3,4,5,6,7,{','.join(extra.values())}\r\n")
    pq.write_table(pa.table({name: ["x"] for name in (*NAMES, *extra)}), folder / "log.parquet")

    csv, parquet = sorted(folder.iterdir())
    rows = read_files(spark, bronze.INTERACTIONS, [delivered(csv), delivered(parquet)]).collect()

    assert [(row["user_id"], row["extra"]) for row in rows] == [("2", extra), ("x", dict.fromkeys(extra, "x"))]


def test_a_name_that_spark_has_no_way_to_read_is_refused(folder: Path) -> None:
    for name in ("T10:00.jsonl", "two\nlines.jsonl", "latin-\udce9.jsonl"):
        (folder / name).write_text("{}\n")
        problem = refused(folder / name)
        assert problem.endswith("in its name: Spark cannot read it, rename it")
        assert problem.isprintable()


@pytest.mark.parametrize("begins", ["", "\n", " ", "{}\n"])
def test_a_mark_of_utf_8_is_no_record(spark: SparkSession, folder: Path, begins: str) -> None:
    (folder / "log.jsonl").write_text(f"\ufeff{begins}")
    (folder / "log.jsonl.gz").write_bytes(gzip.compress(f"\ufeff{begins}{{}}\n\ufeff\n".encode()))
    files = [delivered(folder / name) for name in ("log.jsonl", "log.jsonl.gz")]

    for file in files:
        assert file.records == read_files(spark, bronze.INTERACTIONS, [file]).count()


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (pa.array([1], pa.time32("ms")), "has in column 'more' what Spark cannot read (Time("),
        (pa.array([None], pa.list_(pa.float16())), "has in column 'more.list.element' what Spark cannot read (Float16"),
        (pa.array([b"0" * 16], pa.uuid()), "has in column 'more' what Spark cannot read (UUID): write it as text"),
        (
            pa.array([Decimal(1)], pa.decimal256(39)),
            "has in column 'more' what Spark cannot read (Decimal(precision=39",
        ),
        (
            pa.array([2**62], pa.timestamp("ms", "UTC")),
            "has in row 1, column 'more' a time some 290,000 years or more from now",
        ),
    ],
)
def test_parquet_of_values_that_spark_ends_at_is_refused(folder: Path, cells: "pa.Array[object]", says: str) -> None:
    columns = {name: pa.array(["x"]) for name in NAMES}
    pq.write_table(pa.table(columns | {"more": cells}), folder / "log.parquet")

    assert refused(folder / "log.parquet").startswith(says)


def test_rows_of_nothing_count_for_something(folder: Path) -> None:
    pq.write_table(pa.table({name: pa.nulls(5000) for name in NAMES}), folder / "log.parquet")

    _, problems = check(bronze.INTERACTIONS, folder / "log.parquet", Gate(unpacked=ByteSize(4999)))

    assert problems == [f"{folder / 'log.parquet'} unpacks to more than 4999 bytes (REELHOUSE_GATE__UNPACKED)"]
    assert delivered(folder / "log.parquet").records == 5000


def test_parquet_of_values_that_spark_reads_is_read(spark: SparkSession, folder: Path) -> None:
    more = {
        "value": pa.nulls(1),
        "seconds": pa.array([10**11], pa.timestamp("s")),
        "number": pa.array([2**64 - 1], pa.uint64()),
        "decimal": pa.array([Decimal(1)], pa.decimal256(38)),
        "bytes": pa.array([b"abc"], pa.binary(3)),
    }
    pq.write_table(pa.table({name: pa.array(["x"]) for name in NAMES} | more), folder / "log.parquet")

    (row,) = read_files(spark, bronze.INTERACTIONS, [delivered(folder / "log.parquet")]).collect()

    assert row["value"] is None
    assert row["extra"] == {
        "seconds": "5138-11-16T09:46:40.000000Z",
        "number": "18446744073709551615",
        "decimal": "1",
        "bytes": "abc",
    }
