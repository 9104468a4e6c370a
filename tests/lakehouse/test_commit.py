"""What a commit says of its files: readers may skip some, and never a row."""

from datetime import UTC, datetime

import polars as pl
from deltalake import DeltaTable
from pyspark.sql import functions as F

from jobs.lakehouse.lake import Lake
from tests.lakehouse.test_publications import JANUARY, NIGHT, SUITE, VISITS, aside, ids, visits


def test_statistics_let_readers_skip_files_and_never_a_row(lake: Lake) -> None:
    long = "é" * 40
    lake.publish(visits(lake, ("a" + long, 1.0, JANUARY), ("b" + long, None, JANUARY)), SUITE, NIGHT)
    address = f"{lake.settings.lake}/{VISITS.path}"

    (low, high) = DeltaTable(address).get_add_actions(flatten=True).to_struct_array().to_pylist()[0], None
    assert high is None
    assert low["num_records"] == 2
    assert low["null_count.minutes"] == 1
    assert low["min.visit_id"] <= "a" + long <= "b" + long <= low["max.visit_id"]
    moment = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
    found = lake.spark.read.format("delta").load(address).where(F.col("visited_at") >= F.lit(moment))
    assert found.count() == 2
    assert pl.scan_delta(address).filter(pl.col("visit_id") == "b" + long).collect().height == 1


def test_values_so_long_that_a_file_says_nothing_of_them_are_counted_and_found(lake: Lake) -> None:
    long = "x" * 10_000
    kept = [(long, 1.0, JANUARY), (long + "y", 1.0, JANUARY)]
    lake.publish(visits(lake, *kept, ("short", -1.0, JANUARY)), SUITE, NIGHT)

    (file,) = (
        DeltaTable(f"{lake.settings.lake}/{VISITS.path}").get_add_actions(flatten=True).to_struct_array().to_pylist()
    )
    assert "null_count.visit_id" not in file or file["null_count.visit_id"] is None
    assert (ids(lake), len(aside(lake))) == ({long, long + "y"}, 1)
    assert (
        lake.spark.read.format("delta").load(f"{lake.settings.lake}/{VISITS.path}").where("visit_id is null").count()
        == 0
    )


def test_no_bound_lies_below_a_value(lake: Lake) -> None:
    highest = "a" * 32 + "\U0010ffff" * 2
    lake.publish(visits(lake, (highest, 1.0, JANUARY)), SUITE, NIGHT)

    found = pl.scan_delta(f"{lake.settings.lake}/{VISITS.path}").filter(pl.col("visit_id") == highest).collect()
    assert found.height == 1
