"""The door: what gets through, what is set aside, and what never becomes visible."""

import json
import random
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import great_expectations.expectations as gxe
import polars as pl
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.testing import assertDataFrameEqual

from expectations.suite import Reference, Suite, suite
from jobs.errors import JobError
from jobs.lakehouse import ledger, refusals, staging
from jobs.lakehouse.lake import Lake
from jobs.settings import Settings
from jobs.tables import Column, Table, bronze
from jobs.tables.ops import QUARANTINE
from tests.rows import filled, rows_of

NIGHT, LATER, EARLIER = date(2026, 3, 1), date(2026, 3, 2), date(2026, 2, 28)
SHELVES = Table(
    name="silver.shelves",
    grain="One row per shelf.",
    owner="catalogue",
    key=("shelf_id",),
    inputs=(bronze.IMDB_TITLE_BASICS,),
    columns=(Column("shelf_id", "string", "The shelf.", nullable=False), Column("films", "int", "Films on it.")),
)
SCORED = (
    Column("title_ids", "array<string>", "Titles on it.", nullable=False),
    Column("score", "double", "How good it is.", nullable=False),
    Column("scores", "array<double>", "How good they are.", nullable=False),
)
VISITS = Table(
    name="gold.visits",
    grain="One row per night and shelf.",
    owner="viewing",
    key=("night", "shelf_id"),
    inputs=(SHELVES,),
    kind="log",
    partitioned_by="night",
    keeps=2,
    columns=(
        Column("shelf_id", "string", "The shelf.", nullable=False),
        Column("night", "date", "The night.", nullable=False),
    ),
)
POSITIVE = gxe.ExpectColumnValuesToBeBetween(column="films", min_value=0, max_value=100)


def strict(tolerates: float = 0.0) -> Suite:
    return suite(SHELVES, rows=(POSITIVE,), tolerates=tolerates)


def shelves(lake: Lake, *films: int | None) -> DataFrame:
    return rows_of(lake.spark, SHELVES, [{"shelf_id": f"s{n}", "films": count} for n, count in enumerate(films)])


def published(lake: Lake, table: Table = SHELVES) -> list[tuple[object, ...]]:
    return sorted(tuple(row) for row in lake.read(table, LATER).collect())


def test_publishes_in_one_commit_that_carries_the_account_and_the_comments(lake: Lake, settings: Settings) -> None:
    lake.publish(shelves(lake, 1, 2), strict(), NIGHT)

    delta = DeltaTable(f"{settings.lake}/silver/shelves")
    (entry,) = ledger.history(settings.lake, SHELVES)
    assert delta.version() == 1
    assert (entry.night, entry.offered, entry.published, entry.run) == (NIGHT, 2, 2, "test")
    assert entry.code_version
    assert [field.metadata["comment"] for field in delta.schema().fields] == ["The shelf.", "Films on it."]


def test_sorted_rows_are_written_in_groups_that_a_reader_can_pass_over(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(staging, "_GROUP_ROWS", 100)
    table = replace(SHELVES, clustered_by=("shelf_id",))
    numbers = random.Random(3).sample(range(250), 250)
    rows = [{"shelf_id": f"s{number:03}", "films": 1} for number in numbers]

    lake.publish(rows_of(lake.spark, table, rows), suite(table), NIGHT)

    (file,) = DeltaTable(f"{settings.lake}/silver/shelves").file_uris()
    footer = pq.ParquetFile(file.removeprefix("file://")).metadata
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    assert [group.num_rows for group in groups] == [100, 100, 50]
    bounds = [(one.min, one.max) for one in (group.column(0).statistics for group in groups)]
    assert bounds == [("s000", "s099"), ("s100", "s199"), ("s200", "s249")]


def test_columns_that_hardly_repeat_have_no_dictionary_and_every_reader_reads_them(
    lake: Lake, settings: Settings
) -> None:
    table = replace(SHELVES, columns=(*SHELVES.columns, *SCORED), unrepeated=("score", "scores"))
    rows = [{"shelf_id": f"s{n}", "title_ids": ["a", "b"], "score": 0.5, "scores": [0.25, 0.5]} for n in range(3)]

    lake.publish(rows_of(lake.spark, table, rows), suite(table), NIGHT)

    address = f"{settings.lake}/silver/shelves"
    (path,) = (file.removeprefix("file://") for file in DeltaTable(address).file_uris())
    group = pq.ParquetFile(path).metadata.row_group(0)
    chunks = {one.path_in_schema: one for one in map(group.column, range(group.num_columns))}
    assert {one.compression for one in chunks.values()} == {"ZSTD"}
    with_dictionary = [name for name, one in chunks.items() if "PLAIN_DICTIONARY" in one.encodings]
    assert with_dictionary == ["title_ids.list.element"]  # of unrepeated columns though all their values are equal
    assert [name for name, one in chunks.items() if one.statistics is None] == [
        "title_ids.list.element",
        "scores.list.element",
    ]
    wanted = [tuple(filled(table, row).values()) for row in rows]
    asked = f"SELECT {', '.join(table.column_names)} FROM '{path}'"
    assert sorted(duckdb.connect().execute(asked).fetchall()) == wanted
    assert sorted(pl.read_delta(address).rows()) == wanted
    assert sorted(tuple(row.values()) for row in DeltaTable(address).to_pyarrow_table().to_pylist()) == wanted
    assert sorted(map(tuple, lake.spark.read.format("delta").load(address).collect())) == wanted


def test_sets_broken_rows_aside_with_every_reason_and_publishes_the_rest(lake: Lake, settings: Settings) -> None:
    rows = rows_of(
        lake.spark,
        SHELVES,
        [{"shelf_id": "good", "films": 1}, {"shelf_id": None, "films": 101}, {"shelf_id": "bad", "films": -1}],
    )

    outcome = lake.publish(rows, strict(tolerates=0.7), NIGHT)

    entry = ledger.latest(settings.lake, SHELVES)
    assert entry is not None
    aside = lake.spark.read.format("delta").load(f"{settings.lake}/ops/quarantine")
    whole = {
        "table_name": "silver.shelves",
        "night": NIGHT,
        "state": "set_aside",
        "part": "",
        "publication": entry.publication,
    }
    expected = rows_of(
        lake.spark,
        QUARANTINE,
        [
            {
                **whole,
                "reasons": ["shelf_id:not_be_null", "films:be_between"],
                "record": '{"films":101}',
            },
            {
                **whole,
                "reasons": ["films:be_between"],
                "record": '{"shelf_id":"bad","films":-1}',
            },
        ],
    )
    assertDataFrameEqual(aside, expected)
    assert published(lake) == [("good", 1)]
    assert (outcome.rows, outcome.set_aside) == (1, 2)
    assert entry.quarantined == {"films:be_between": 2, "shelf_id:not_be_null": 1}
    assert entry.offered == entry.published + outcome.set_aside


def test_quarantine_forgets_rows_that_were_mended(lake: Lake, settings: Settings) -> None:
    lake.publish(shelves(lake, 1, -1), strict(tolerates=0.5), NIGHT)
    lake.publish(shelves(lake, 1, 1), strict(tolerates=0.5), LATER)

    assert lake.spark.read.format("delta").load(f"{settings.lake}/ops/quarantine").count() == 0


def test_over_the_tolerance_nothing_is_published_and_one_line_says_why(lake: Lake, settings: Settings) -> None:
    lake.publish(shelves(lake, 1, 2), strict(), NIGHT)

    with pytest.raises(JobError) as failure:
        lake.publish(shelves(lake, 1, 200, 300), strict(tolerates=0.5), LATER)

    line = str(failure.value)
    assert "silver.shelves was not published" in line
    assert "2 of 3 rows break films:be_between" in line
    assert "'200'" in line
    assert "\n" not in line
    assert published(lake) == [("s0", 1), ("s1", 2)]
    assert ledger.version(settings.lake, SHELVES) == 1
    page = Path(line.rpartition("see ")[2])
    assert "films" in page.read_text(encoding="utf-8")


def test_a_repeated_key_stops_the_table(lake: Lake) -> None:
    rows = rows_of(lake.spark, SHELVES, [{"shelf_id": "a"}, {"shelf_id": "a"}])

    with pytest.raises(JobError, match="shelf_id is unique"):
        lake.publish(rows, strict(), NIGHT)


def test_reports_every_difference_of_columns_at_once(lake: Lake) -> None:
    rows = lake.spark.createDataFrame([("a", "1", 2)], "shelf_id string, films string, owner int")

    with pytest.raises(JobError, match="owner is not in the definition; films is string, not int"):
        lake.publish(rows, strict(), NIGHT)

    (refusal,) = refusals.newest(lake.settings.lake).values()
    assert (refusal.table_name, refusal.night, refusal.run, refusal.page) == ("silver.shelves", NIGHT, "test", "")
    assert refusal.problems == ["owner is not in the definition", "films is string, not int"]
    assert refusal.limits == [], "nobody can overrule it"


def test_wrong_columns_refuse_each_delivery_and_one_publication_of_several_partitions(lake: Lake) -> None:
    months = replace(
        SHELVES,
        partitioned_by="month",
        columns=(*SHELVES.columns, Column("month", "date", "The month.", nullable=False)),
    )
    wrong = lake.spark.createDataFrame([("a",)], "shelf string")

    for of, parts in ((VISITS, {"deliveries": {NIGHT: "x", LATER: "y"}}), (months, {"partitions": [NIGHT, LATER]})):
        with pytest.raises(JobError, match="shelf_id is missing"):
            lake.publish(wrong, suite(of), LATER, **parts)

    told = [(table, str(night)) for table, night in refusals.newest(lake.settings.lake)]
    assert sorted(told) == [
        ("gold.visits", "2026-03-01"),
        ("gold.visits", "2026-03-02"),
        ("silver.shelves", "2026-03-02"),
    ]


def test_a_current_table_is_not_replaced_by_an_earlier_night(lake: Lake) -> None:
    lake.publish(shelves(lake, 2), strict(), LATER)

    outcome = lake.publish(shelves(lake, 1), strict(), NIGHT)

    assert outcome.state == "superseded"
    assert published(lake) == [("s0", 2)]


def test_a_dated_table_replaces_its_partition_and_keeps_the_newest(lake: Lake, settings: Settings) -> None:
    promised = suite(VISITS)

    def visit(night: date, *shelf_ids: str) -> None:
        lake.publish(rows_of(lake.spark, VISITS, [{"shelf_id": s, "night": night} for s in shelf_ids]), promised, night)

    visit(EARLIER, "old")
    visit(LATER, "new")
    visit(NIGHT, "first")
    visit(NIGHT, "second")

    assert published(lake, VISITS) == [("new", LATER), ("second", NIGHT)]
    entry = ledger.latest(settings.lake, VISITS)
    assert entry is not None
    assert entry.night == LATER


def test_parks_rows_that_wait_for_another_table_outside_the_tolerance(lake: Lake, settings: Settings) -> None:
    lake.publish(shelves(lake, 1), strict(), NIGHT)
    waiting = suite(VISITS, references=(Reference(("shelf_id",), SHELVES, parks=True),))
    rows = rows_of(lake.spark, VISITS, [{"shelf_id": "s0", "night": NIGHT}, {"shelf_id": "s9", "night": NIGHT}])

    outcome = lake.publish(rows, waiting, NIGHT)

    entry = ledger.latest(settings.lake, VISITS)
    assert entry is not None
    assert (outcome.rows, entry.parked, entry.quarantined) == (1, 1, {})
    assert entry.inputs == {"silver.shelves": 1}


def test_rows_that_must_not_be_in_another_table_are_broken(lake: Lake) -> None:
    lake.publish(shelves(lake, 1), strict(), NIGHT)
    forbidden = suite(VISITS, references=(Reference(("shelf_id",), SHELVES, exists=False),))

    with pytest.raises(JobError, match="shelf_id:in_silver.shelves"):
        lake.publish(rows_of(lake.spark, VISITS, [{"shelf_id": "s0", "night": NIGHT}]), forbidden, NIGHT)


def test_a_table_that_was_never_published_says_how_to_make_it(lake: Lake) -> None:
    with pytest.raises(
        JobError, match=r"silver\.shelves cannot be read: it was never published; run `reelhouse run silver\.shelves"
    ):
        lake.read(SHELVES, NIGHT)
    with pytest.raises(JobError, match=r"silver\.shelves cannot be read: it was never published"):
        lake.views(SHELVES, night=NIGHT)


def test_a_delivery_that_never_came_costs_no_work(lake: Lake) -> None:
    known = rows_of(lake.spark, bronze.IMDB_TITLE_RATINGS, [{"tconst": "tt1"}])
    never = lake.read(bronze.TMDB_MOVIES_METADATA, NIGHT)
    summed = never.groupBy("id").count().select(F.col("id").alias("tconst"))

    both = known.select("tconst").union(summed)

    assert [row["tconst"] for row in both.collect()] == ["tt1"]
    plan = both._jdf.queryExecution().executedPlan().toString()
    assert "Exchange" not in plan, plan
    assert "Union" not in plan, plan


def test_what_is_asked_without_spark_is_named_as_an_input_at_the_version_that_was_asked(
    lake: Lake, settings: Settings
) -> None:
    lake.publish(shelves(lake, 1, 2), strict(), NIGHT)
    views = lake.views(SHELVES, night=NIGHT)
    Lake(lake.spark, settings).publish(shelves(lake, 1, 2, 3), strict(), NIGHT)

    assert views.rows("SELECT count(*) FROM silver.shelves") == [(2,)]
    assert views.versions == {SHELVES: 1}
    assert lake.reads == {"silver.shelves": 1}


def test_a_lake_of_a_newer_version_is_refused_untouched(lake: Lake, settings: Settings) -> None:
    account = json.loads(ledger.encode(ledger.Account(night=NIGHT, offered=1, published=1, code_version="9.0")))
    newer = json.dumps(account | {"format": ledger.FORMAT + 1})
    path = f"{settings.lake}/silver/shelves"
    shelves(lake, 7).write.format("delta").option("userMetadata", newer).save(path)

    reads = (lambda: lake.read(SHELVES, NIGHT), lambda: lake.views(SHELVES, night=NIGHT))
    for attempt in (*reads, lambda: lake.publish(shelves(lake, 1), strict(), NIGHT)):
        with pytest.raises(JobError, match=r"newer version of Reelhouse \(9\.0\)"):
            attempt()
    assert DeltaTable(path).version() == 0


def test_maintenance_between_publications_does_not_hide_the_account(lake: Lake, settings: Settings) -> None:
    lake.publish(shelves(lake, 1, 2), strict(), NIGHT)
    lake.spark.sql(f"DELETE FROM delta.`{settings.lake}/silver/shelves` WHERE shelf_id = 's1'")

    entry = ledger.latest(settings.lake, SHELVES)

    assert entry is not None
    assert entry.night == NIGHT
    assert entry.at > datetime(2020, 1, 1, tzinfo=entry.at.tzinfo)
