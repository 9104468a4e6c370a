"""Publications in trouble and in company: what is refused, what is raced for, what a restore or a kill leaves."""

from datetime import date, datetime, timedelta
from pathlib import Path

import great_expectations.expectations as gxe
import pytest
from deltalake import CommitProperties, DeltaTable, write_deltalake
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.suite import Reference, suite
from jobs.errors import JobError
from jobs.lakehouse import ledger, quarantine
from jobs.lakehouse.audit.mark import DELIVERED, DUPLICATES, FAULTS, OF_SPINE, RECORD, SUPERSEDED
from jobs.lakehouse.lake import Lake
from jobs.settings import Settings
from jobs.tables import Column, Table
from jobs.tables.ops import QUARANTINE
from tests.rows import rows_of

NIGHT, LATER = date(2026, 3, 1), date(2026, 3, 2)
DAYS = [NIGHT + timedelta(days=n) for n in range(4)]
JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)

LOGS = Table(
    name="bronze.visit_logs",
    grain="One row per visit of a delivered log.",
    owner="viewing",
    key=(),
    kind="log",
    partitioned_by="night",
    columns=(
        Column("visitor", "string", "Who came."),
        Column("extra", "map<string,string>", "What else was said."),
        Column("file", "string", "Where.", nullable=False),
        Column("night", "date", "Day of the delivery.", nullable=False),
    ),
    files=("*.log",),
)
VISITS = Table(
    name="silver.visits",
    grain="One row per visit.",
    owner="viewing",
    key=("visit_id",),
    inputs=(LOGS,),
    partitioned_by="month",
    clustered_by=("visit_id",),
    columns=(
        Column("visit_id", "string", "The visit.", nullable=False),
        Column("minutes", "double", "How long."),
        Column("visited_at", "timestamp", "When."),
        Column("month", "date", "First day of its month.", nullable=False),
    ),
)
LOG_SUITE = suite(LOGS, rows=(gxe.ExpectColumnValuesToMatchRegex(column="visitor", regex=r"^v\d$"),), tolerates=0.4)
SUITE = suite(
    VISITS, rows=(gxe.ExpectColumnValuesToBeBetween(column="minutes", min_value=0, max_value=100),), tolerates=0.4
)


def visits(lake: Lake, *rows: tuple[str, float | None, date]) -> DataFrame:
    return rows_of(
        lake.spark,
        VISITS,
        [
            {"visit_id": name, "minutes": minutes, "month": month, "visited_at": datetime(2026, 1, 1, 12, 0, 0, 123456)}
            for name, minutes, month in rows
        ],
    )


def logs(lake: Lake, *rows: tuple[str, date]) -> DataFrame:
    return rows_of(lake.spark, LOGS, [{"visitor": visitor, "night": night} for visitor, night in rows])


def deliver(lake: Lake, *rows: tuple[str, date], days: list[date]) -> None:
    lake.publish(logs(lake, *rows), LOG_SUITE, max(days), deliveries={day: f"hash of {day}" for day in days})


def entry_of(lake: Lake, table: Table) -> ledger.Entry:
    entry = ledger.latest(lake.settings.lake, table)
    assert entry is not None
    return entry


def ids(lake: Lake) -> set[str]:
    table = DeltaTable(f"{lake.settings.lake}/{VISITS.path}").to_pyarrow_table(columns=["visit_id"])
    return set(table["visit_id"].to_pylist())


def aside(lake: Lake) -> list[tuple[str, str, str, list[str]]]:
    held = ledger.open_table(lake.settings.lake, QUARANTINE)
    rows = [] if held is None else held.to_pyarrow_table().to_pylist()
    return sorted((row["table_name"], row["state"], row["part"], row["reasons"]) for row in rows)


def verdict_of(lake: Lake, night: date) -> str:
    """What the page of silver.visits says of a night."""
    page = Path(f"{lake.docs}/{VISITS.name}/{night}.html").read_text(encoding="utf-8")
    return page.partition('<p class="verdict good">')[2].partition("</p>")[0]


def test_catching_up_refuses_the_broken_delivery_and_publishes_the_rest(lake: Lake) -> None:
    rows = [("v1", day) for day in DAYS for _ in range(9)] + [("?", DAYS[2])] * 8

    with pytest.raises(
        JobError, match=r"delivery 2026-03-03: 8 of 17 rows break visitor:match_regex .*the other deliveries"
    ):
        deliver(lake, *rows, days=DAYS)

    entry = entry_of(lake, LOGS)
    assert sorted(entry.deliveries) == [str(day) for day in DAYS if day != DAYS[2]]
    assert {part: counts.published for part, counts in entry.parts.items()} == dict.fromkeys(entry.deliveries, 9)
    assert lake.read(LOGS, DAYS[3]).count() == 27
    assert aside(lake) == [("bronze.visit_logs", "refused", "2026-03-03", ["visitor:match_regex"])] * 8


def test_a_refused_publication_leaves_its_broken_rows_beside_those_set_aside(lake: Lake) -> None:
    lake.publish(visits(lake, ("a", 1.0, JANUARY), ("b", 2.0, JANUARY), ("c", -1.0, JANUARY)), SUITE, NIGHT)
    with pytest.raises(JobError, match="2 of 3 rows break minutes:be_between"):
        lake.publish(visits(lake, ("a", 1.0, JANUARY), ("d", -1.0, JANUARY), ("e", 101.0, JANUARY)), SUITE, LATER)

    broken = ("silver.visits", ["minutes:be_between"])
    assert [(name, reasons) for name, _, _, reasons in aside(lake)] == [broken] * 3
    assert [state for _, state, _, _ in aside(lake)] == ["refused", "refused", "set_aside"]

    lake.publish(visits(lake, ("a", 1.0, JANUARY)), SUITE, LATER)

    assert aside(lake) == []
    assert list(Path(f"{lake.settings.lake}/{VISITS.path}").glob("_staging/*")) == []


def test_only_the_partitions_given_are_replaced_and_the_account_adds_them_up(lake: Lake) -> None:
    first = visits(lake, ("a", 1.0, JANUARY), ("b", -1.0, JANUARY), ("c", 1.0, FEBRUARY), ("d", 3.0, FEBRUARY))
    lake.publish(first, SUITE, NIGHT)
    before = DeltaTable(f"{lake.settings.lake}/{VISITS.path}").file_uris([("month", "=", str(JANUARY))])

    lake.publish(
        visits(lake, ("e", 1.0, FEBRUARY), ("f", 200.0, FEBRUARY)),
        suite(
            VISITS,
            rows=[gxe.ExpectColumnValuesToBeBetween(column="minutes", min_value=0, max_value=100)],
            tolerates=0.5,
        ),
        LATER,
        partitions=[FEBRUARY],
    )

    entry = entry_of(lake, VISITS)
    assert ids(lake) == {"a", "e"}
    assert DeltaTable(f"{lake.settings.lake}/{VISITS.path}").file_uris([("month", "=", str(JANUARY))]) == before
    assert (entry.offered, entry.published, entry.quarantined) == (4, 2, {"minutes:be_between": 2})
    assert [part for _, _, part, _ in aside(lake)] == [str(JANUARY), str(FEBRUARY)]


def test_a_key_that_another_partition_holds_already_stops_the_publication(lake: Lake) -> None:
    lake.publish(visits(lake, ("a", 1.0, JANUARY), ("c", 1.0, FEBRUARY)), SUITE, NIGHT)

    with pytest.raises(JobError, match=r"visit_id is unique: does not hold, 1 row breaks it .*\"a\""):
        lake.publish(visits(lake, ("a", 1.0, FEBRUARY)), SUITE, LATER, partitions=[FEBRUARY])

    assert ids(lake) == {"a", "c"}


def test_every_row_of_the_spine_is_accounted_for(lake: Lake) -> None:
    deliver(lake, *[("v1", NIGHT)] * 9, days=[NIGHT])
    spine = lake.leave_out(lake.read(LOGS, NIGHT), not_a_visit=F.col("visitor") != "v1", never=F.lit(False))  # noqa: FBT003
    rows = visits(lake, ("a", 1.0, JANUARY), ("b", -1.0, JANUARY), ("other", 1.0, JANUARY)).join(
        spine.groupBy().agg(F.count("*").alias("n")), how="cross"
    )
    offered = rows.select(
        *VISITS.column_names,
        F.when(F.col("visit_id") == "a", 4).otherwise(0).cast("bigint").alias(DUPLICATES),
        F.when(F.col("visit_id") == "b", F.col("n") - 6).otherwise(0).cast("bigint").alias(SUPERSEDED),
        (F.col("visit_id") != "other").alias(OF_SPINE),
    )

    lake.publish(offered, SUITE, NIGHT)

    assert entry_of(lake, VISITS).spine == {
        "rows": 9,
        "published": 1,
        "set_aside": 1,
        "parked": 0,
        "duplicates": 4,
        "superseded": 3,
        "not_a_visit": 0,
        "never": 0,
    }


def test_good_rows_of_earlier_deliveries_do_not_make_up_for_a_broken_one(lake: Lake) -> None:
    deliver(lake, *[("v1", NIGHT)] * 80, *[("v1", LATER)] * 20, days=[NIGHT, LATER])

    def offer(*broken: int) -> None:
        lake.read(LOGS, LATER)
        offered = visits(lake, *((f"{n:02}", -1.0 if n in broken else 1.0, JANUARY) for n in range(100)))
        night = F.when(F.col("visit_id") < "80", F.lit(NIGHT)).otherwise(F.lit(LATER))
        lake.publish(offered.withColumn(DELIVERED, night), SUITE, LATER)

    offer(*range(10), *range(80, 90))
    with pytest.raises(
        JobError,
        match=r"11 of the 20 rows delivered for 2026-03-02 are broken \(11 minutes:be_between\): deliver that day again",
    ):
        offer(*range(20), *range(80, 91))

    assert len(ids(lake)) == 80


def test_a_few_parts_are_judged_with_those_that_stay(lake: Lake) -> None:
    lake.publish(visits(lake, *((f"v{n}", 1.0, JANUARY) for n in range(9))), SUITE, NIGHT)

    lake.publish(visits(lake, ("f", -1.0, FEBRUARY)), SUITE, LATER, partitions=[FEBRUARY])

    assert len(ids(lake)) == 9


def test_a_row_of_the_spine_that_was_lost_stops_the_publication(lake: Lake) -> None:
    deliver(lake, *[("v1", NIGHT)] * 3, days=[NIGHT])
    lake.read(LOGS, NIGHT)
    offered = visits(lake, ("a", 1.0, JANUARY), ("b", 1.0, JANUARY))  # a silver table accounts, asked or not

    with pytest.raises(RuntimeError, match="of 3 rows of its spine 2 are accounted for"):
        lake.publish(offered, SUITE, NIGHT)

    assert ledger.latest(lake.settings.lake, VISITS) is None


def test_an_input_that_was_never_delivered_is_an_input(lake: Lake) -> None:
    lake.read(LOGS, NIGHT)
    lake.publish(visits(lake, ("a", 1.0, JANUARY)).withColumn(OF_SPINE, F.lit(False)), SUITE, NIGHT)  # noqa: FBT003

    assert entry_of(lake, VISITS).inputs == {"bronze.visit_logs": None}


def test_too_many_rows_that_wait_for_another_table_stop_it(lake: Lake) -> None:
    lake.publish(visits(lake, ("a", 1.0, JANUARY)), SUITE, NIGHT)
    waiting = suite(LOGS, references=(Reference(("night",), LOGS, parks=True),), parked_at_most=0.5)

    with pytest.raises(JobError, match=r"2 of 2 rows wait for another table \(parked:night\), more than 50%"):
        lake.publish(logs(lake, ("v1", NIGHT), ("v2", NIGHT)), waiting, NIGHT, deliveries={NIGHT: "x"})


def test_faults_of_a_job_are_reasons_beside_broken_promises(lake: Lake) -> None:
    offered = visits(lake, ("a", -1.0, JANUARY), ("b", 1.0, JANUARY), ("c", 1.0, JANUARY)).withColumns(
        {FAULTS: F.when(F.col("visit_id") == "a", F.array(F.lit("visit_id:conflict"))), RECORD: F.lit("as it came")}
    )

    lake.publish(offered, SUITE, NIGHT)

    assert [reasons for *_, reasons in aside(lake)] == [["visit_id:conflict", "minutes:be_between"]]


def test_after_a_restore_the_account_is_that_of_the_version_restored(lake: Lake) -> None:
    lake.publish(visits(lake, ("a", 1.0, JANUARY)), SUITE, NIGHT)
    lake.publish(visits(lake, ("b", 1.0, JANUARY)), SUITE, LATER)
    address = f"{lake.settings.lake}/{VISITS.path}"

    lake.spark.sql(f"RESTORE TABLE delta.`{address}` TO VERSION AS OF 1")

    assert (entry_of(lake, VISITS).night, entry_of(lake, VISITS).version) == (NIGHT, 1)
    DeltaTable(address).restore(2)
    assert entry_of(lake, VISITS).night == LATER
    DeltaTable(address).restore(3)  # itself a restore
    assert entry_of(lake, VISITS).night == NIGHT


@pytest.mark.parametrize("metadata", ["not JSON", "[1]", '{"format": "x"}', '{"by": "somebody else"}'])
def test_metadata_of_others_is_no_account(lake: Lake, metadata: str) -> None:
    lake.publish(visits(lake, ("a", 1.0, JANUARY)), SUITE, NIGHT)
    address = f"{lake.settings.lake}/{VISITS.path}"
    rows = DeltaTable(address).to_pyarrow_table()
    write_deltalake(address, rows, mode="append", commit_properties=CommitProperties({"userMetadata": metadata}))

    assert entry_of(lake, VISITS).version == 1


def test_the_loser_of_a_race_gives_way_to_a_later_night(lake: Lake, settings: Settings) -> None:
    other = Lake(lake.spark, settings, run="other")
    slow = lake.stage(visits(lake, ("slow", 1.0, JANUARY)), SUITE, NIGHT)
    other.publish(visits(lake, ("fast", 1.0, JANUARY)), SUITE, LATER)

    outcome = lake.commit(slow)

    assert (outcome.state, outcome.note) == ("superseded", "carries 2026-03-02")
    assert ids(lake) == {"fast"}
    assert verdict_of(lake, NIGHT) == "superseded: carries 2026-03-02"
    assert verdict_of(lake, LATER) == "published: as version 1"


def test_of_two_first_publications_one_night_ends_whole(lake: Lake, settings: Settings) -> None:
    other = Lake(lake.spark, settings, run="other")
    first = lake.stage(visits(lake, ("a", 1.0, JANUARY), ("b", 1.0, FEBRUARY)), SUITE, NIGHT)
    second = other.stage(visits(lake, ("a", 1.0, JANUARY), ("b", 1.0, FEBRUARY)), SUITE, NIGHT)

    lake.commit(first)
    other.commit(second)

    assert DeltaTable(f"{settings.lake}/{VISITS.path}").to_pyarrow_table().num_rows == 2
    assert entry_of(lake, VISITS).run == "other"


def test_a_race_for_partitions_is_lost_in_one_line(lake: Lake, settings: Settings) -> None:
    lake.publish(visits(lake, ("a", 1.0, JANUARY), ("b", 1.0, FEBRUARY)), SUITE, NIGHT)
    slow = lake.stage(visits(lake, ("c", 1.0, FEBRUARY)), SUITE, LATER, partitions=[FEBRUARY])
    Lake(lake.spark, settings).publish(visits(lake, ("d", 1.0, FEBRUARY)), SUITE, LATER, partitions=[FEBRUARY])

    with pytest.raises(JobError, match="another run published it meanwhile"):
        lake.commit(slow)

    assert ids(lake) == {"a", "d"}


def test_two_runs_deliver_different_days_at_once_and_both_stay(lake: Lake, settings: Settings) -> None:
    other = Lake(lake.spark, settings)
    one = lake.stage(logs(lake, ("v1", NIGHT)), LOG_SUITE, NIGHT, deliveries={NIGHT: "one"})
    two = other.stage(logs(lake, ("v2", LATER)), LOG_SUITE, LATER, deliveries={LATER: "two"})

    other.commit(two)
    lake.commit(one)

    assert lake.read(LOGS, LATER).count() == 2
    assert (entry_of(lake, LOGS).deliveries, entry_of(lake, LOGS).night) == (
        {str(NIGHT): "one", str(LATER): "two"},
        LATER,
    )


def test_quarantine_is_settled_by_whoever_comes_next(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(quarantine, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            lake.publish(visits(lake, ("a", 1.0, JANUARY), ("b", 1.0, JANUARY), ("c", -1.0, JANUARY)), SUITE, NIGHT)
    assert (ids(lake), aside(lake)) == ({"a", "b"}, [])

    quarantine.settle(lake.settings.lake, [VISITS])

    assert aside(lake) == [("silver.visits", "set_aside", str(JANUARY), ["minutes:be_between"])]
    assert list(Path(f"{lake.settings.lake}/{VISITS.path}").glob("_staging/*")) == []


def test_a_hostile_value_is_text_on_the_page_and_the_page_needs_no_network(lake: Lake) -> None:
    hostile = "<script>alert(1)</script>"
    with pytest.raises(JobError) as failure:
        deliver(lake, (hostile, NIGHT), days=[NIGHT])

    page = Path(str(failure.value).rpartition("see ")[2]).read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert "http" not in page.partition("</style>")[0].replace("http-equiv", "")
    assert "refused: nothing was published" in page
    assert "Great Expectations" in page
