"""What nobody needs any more goes, and nothing else. Without Spark: files and commits are what a lake consists of."""

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import CommitProperties, DeltaTable, write_deltalake

from jobs.errors import GoneError
from jobs.lakehouse import ledger
from jobs.lakehouse.commit import open_or_create
from jobs.runs.decisions import decide
from jobs.runs.maintaining import Maintained, maintain
from jobs.settings import Keeps, Settings
from jobs.tables import Table, bronze, gold, ops, silver
from jobs.version import code_hash
from tests.cli.small_lake import publish
from tests.lakehouse.aging import age

NIGHTS = [date(2026, 3, 1) + timedelta(days=n) for n in range(60)]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def run(home: Path, *, dry_run: bool = False, **keeps: int) -> Maintained:
    return maintain(Settings(home=home, keeps=Keeps(**keeps)), datetime.now(UTC), dry_run=dry_run)


def done(found: Maintained) -> dict[tuple[str, str], int]:
    assert found.problems == ()
    return {(one.name, one.what): one.count for one in found.done}


def titles(home: Path, night: date, *names: str, **account: Any) -> None:
    publish(home, silver.TITLES, *({"title_id": name} for name in names), night=night, **account)


def held(home: Path, table: Table, version: int | None = None) -> set[str]:
    rows = DeltaTable(f"{home}/lake/{table.path}", version=version).to_pyarrow_table()
    return set(map(str, rows.column(0).to_pylist()))


def files(home: Path, table: Table) -> list[Path]:
    return sorted((home / "lake" / table.path).rglob("[!.]*.parquet"))


def contents(home: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file()}


def test_files_go_once_what_replaced_them_is_older_than_they_are_kept(home: Path) -> None:
    titles(home, NIGHTS[0], "a")
    age(home, 20)
    titles(home, NIGHTS[20], "b")
    age(home, 20)
    titles(home, NIGHTS[40], "c")
    assert done(run(home)) == {}, "a was in force until 20 days ago"
    age(home, 20)

    before = contents(home)
    planned = run(home, dry_run=True)
    assert contents(home) == before
    went = run(home)

    assert planned == went
    assert done(went) == {(silver.TITLES.name, "files"): 1}
    assert went.bytes > 0
    assert (held(home, silver.TITLES), held(home, silver.TITLES, version=2)) == ({"c"}, {"b"})
    with pytest.raises(GoneError, match="vacuumed"):
        ledger.open_version(f"{home}/lake", silver.TITLES, 1)
    assert len(ledger.history(f"{home}/lake", silver.TITLES)) == 3
    assert done(run(home)) == {}, "twice is once"


def test_what_the_tables_in_force_were_made_from_stays_however_old(home: Path) -> None:
    titles(home, NIGHTS[0], "a")
    publish(home, silver.PREFERENCES, night=NIGHTS[0], inputs={"silver.titles": 1})
    titles(home, NIGHTS[1], "b")
    age(home, 50)
    titles(home, NIGHTS[51], "c")
    age(home, 50)

    assert done(run(home)) == {(silver.TITLES.name, "files"): 1}
    assert [held(home, silver.TITLES, version) for version in (1, 3)] == [{"a"}, {"c"}]


def test_what_holds_a_forgotten_person_goes_by_age_whatever_was_made_from_it(home: Path) -> None:
    address = f"{home}/lake/silver/interactions"
    publish(home, silver.INTERACTIONS, {"event_id": "a", "user_id": "u"}, night=NIGHTS[0])
    publish(home, silver.PREFERENCES, night=NIGHTS[0], inputs={"silver.interactions": 1})
    told = CommitProperties(custom_metadata={ledger.FORGETS: "yes"})
    DeltaTable(address).delete("event_id = 'a'", commit_properties=told)
    age(home, 34)
    assert done(run(home)) == {}
    age(home, 2)

    assert done(run(home)) == {(silver.INTERACTIONS.name, "files"): 1}
    assert files(home, silver.INTERACTIONS) == []


def test_what_the_lists_of_kept_nights_were_made_of_stays_however_old(home: Path) -> None:
    for night, name in zip(NIGHTS[:3], "abc", strict=True):
        titles(home, night, name)
        version = NIGHTS.index(night) + 1
        publish(home, gold.RECOMMENDATIONS, night=night, inputs={"silver.titles": version})
        lists = {"night": night, "user_id": "u", "rank": 1}
        publish(
            home,
            gold.RECOMMENDATION_HISTORY,
            *([lists] if version != 2 else []),
            night=night,
            replaced=[str(night)],
            inputs={"gold.recommendations": version},
        )
    # Only the last night's lists are kept, as each publication of the small lake replaces the whole.
    age(home, 500)
    titles(home, NIGHTS[40], "d")
    publish(home, gold.RECOMMENDATIONS, night=NIGHTS[40], inputs={"silver.titles": 4})
    age(home, 100)

    run(home)

    assert [held(home, silver.TITLES, version) for version in (3, 4)] == [{"c"}, {"d"}]
    for version in (1, 2):
        with pytest.raises(GoneError):
            ledger.open_version(f"{home}/lake", silver.TITLES, version)
    made = ledger.as_of(f"{home}/lake", gold.RECOMMENDATIONS, 3)
    assert made is not None
    assert made.night == NIGHTS[2]


def test_a_version_that_a_rollback_serves_stays_with_its_account(home: Path) -> None:
    root = f"{home}/lake"
    titles(home, NIGHTS[0], "a")
    titles(home, NIGHTS[1], "b")
    DeltaTable(f"{root}/silver/titles").restore(1)
    age(home, 600)

    run(home)

    assert held(home, silver.TITLES) == {"a"}
    entry = ledger.latest(root, silver.TITLES)
    assert entry is not None
    assert entry.night == NIGHTS[0]


def test_commits_go_behind_a_checkpoint_once_they_are_older_than_publications_are_kept(home: Path) -> None:
    root, log = f"{home}/lake", home / "lake" / "silver" / "titles" / "_delta_log"
    for night in NIGHTS[:35]:
        titles(home, night, str(night))
        age(home, 20)
        run(home)

    versions = sorted(int(path.stem) for path in log.glob("*.json"))
    entries = ledger.history(root, silver.TITLES)
    assert versions == list(range(versions[0], 36)), "no gap"
    assert 20 <= len(entries) <= 31, "400 days, and what lies between two checkpoints"
    assert (held(home, silver.TITLES), held(home, silver.TITLES, version=34)) == ({str(NIGHTS[34])}, {str(NIGHTS[33])})
    assert len(files(home, silver.TITLES)) < 3 + len(list(log.glob("*.parquet")))
    assert done(run(home)) == {}


def test_many_small_files_of_a_night_are_put_together_and_nothing_is_made_again_for_that(home: Path) -> None:
    night, root = NIGHTS[0], f"{home}/lake"
    publish(home, bronze.INTERACTIONS, night=night, deliveries={str(night): "hash"})
    schema = DeltaTable(f"{root}/bronze/interactions").to_pyarrow_table().schema
    event = dict.fromkeys(schema.names) | {"night": night, "extra": [("k", "v")]}
    for number in range(6):
        rows = pa.Table.from_pylist([event | {"event_id": f"e{number}"}], schema)
        write_deltalake(f"{root}/bronze/interactions", rows, mode="append")
    (home / "landing" / "interactions" / str(night)).mkdir(parents=True)
    (home / "landing" / "interactions" / str(night) / "log.jsonl").touch()
    inputs = {"bronze.interactions": 7, "silver.title_links": None, "silver.titles": None}
    settings = Settings(home=home)
    shaped = settings.shaping(silver.INTERACTIONS.settings)
    publish(home, silver.INTERACTIONS, night=night, inputs=inputs, settings=shaped, code=code_hash())
    assert decide(settings, "silver.interactions", night).idle

    found = run(home)

    assert done(found) == {(bronze.INTERACTIONS.name, "small files"): 5}
    table = DeltaTable(f"{root}/bronze/interactions")
    assert (len(table.file_uris()), table.version()) == (1, 8)
    rows = table.to_pyarrow_table().to_pylist()
    assert {row["event_id"] for row in rows} == {f"e{number}" for number in range(6)}
    assert all(row["extra"] == [("k", "v")] for row in rows)
    assert decide(settings, "silver.interactions", night).idle[0].state == "unchanged"
    assert done(run(home)) == {}


def test_a_table_made_before_maintenance_is_told_not_to_delete_commits_by_age(home: Path) -> None:
    address = f"{home}/lake/silver/titles"
    titles(home, NIGHTS[0], "a")
    schema = DeltaTable(address).to_pyarrow_table().schema
    shutil.rmtree(address)
    write_deltalake(address, schema.empty_table())
    titles(home, NIGHTS[0], "a")

    run(home)
    run(home)

    table = DeltaTable(address)
    assert (table.version(), table.metadata().configuration) == (2, {"delta.enableExpiredLogCleanup": "false"})


def test_a_file_that_no_version_names_goes_unless_it_is_being_written(home: Path) -> None:
    titles(home, NIGHTS[0], "a")
    folder = home / "lake" / "silver" / "titles"
    for name in ("old", "staged"):
        (folder / "_staging" / "x").mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"title_id": ["x"]}), folder / f"{name}.parquet")
    pq.write_table(pa.table({"title_id": ["x"]}), folder / "_staging" / "x" / "part.parquet")
    age(home, 2)
    pq.write_table(pa.table({"title_id": ["x"]}), folder / "young.parquet")

    found = run(home)

    assert done(found) == {(silver.TITLES.name, "files"): 2}
    assert (folder / "young.parquet").exists()
    assert not (folder / "_staging" / "x").exists(), "no publication takes two days"
    assert held(home, silver.TITLES) == {"a"}


def as_rows(root: str, table: Table, told: dict[str, Any]) -> pa.Table:
    """A row of a table of ops, as Arrow has it; what is not told is null."""
    schema = pa.schema(open_or_create(root, table).schema().to_arrow())
    return pa.Table.from_pylist([told], pa.schema([pa.field(field.name, field.type) for field in schema]))


def refuse(home: Path, table: str, publication: str) -> None:
    root = f"{home}/lake"
    told = {"table_name": table, "publication": publication, "refused_at": datetime.now(UTC)}
    write_deltalake(f"{root}/ops/refusals", as_rows(root, ops.REFUSALS, told), mode="append")
    for state in ("refused", "set_aside"):
        broken: dict[str, Any] = {
            "table_name": table,
            "state": state,
            "publication": publication,
            "record": "x",
            "part": "",
        }
        broken |= {"night": NIGHTS[0], "reasons": ["a:b"]}
        write_deltalake(f"{root}/ops/quarantine", as_rows(root, ops.QUARANTINE, broken), mode="append")


def test_refusals_of_long_ago_go_with_their_rows_but_for_each_table_s_newest(home: Path) -> None:
    refuse(home, "silver.titles", "one")
    refuse(home, "silver.people", "two")
    rows = DeltaTable(f"{home}/lake/ops/refusals")
    moved = rows.to_pyarrow_table()
    earlier = pa.array(
        [moment - timedelta(days=100) for moment in moved["refused_at"].to_pylist()], pa.timestamp("us", "UTC")
    )
    at = moved.schema.get_field_index("refused_at")
    write_deltalake(rows, moved.set_column(at, moved.schema.field(at), earlier), mode="overwrite")
    refuse(home, "silver.titles", "three")

    found = done(run(home))

    assert found == {("ops.refusals", "rows"): 1, ("ops.quarantine", "rows"): 1}
    left = DeltaTable(f"{home}/lake/ops/refusals").to_pyarrow_table()["publication"].to_pylist()
    assert sorted(left) == ["three", "two"]
    aside = DeltaTable(f"{home}/lake/ops/quarantine").to_pyarrow_table().to_pylist()
    assert sorted((row["publication"], row["state"]) for row in aside) == [
        ("one", "set_aside"),
        *(("three", "refused"), ("three", "set_aside")),
        *(("two", "refused"), ("two", "set_aside")),
    ]
    assert done(run(home)) == {}


def test_what_killed_runs_left_goes_and_what_somebody_writes_stays(home: Path) -> None:
    old = [
        home / "work" / "tmpabc" / "model.npy",
        home / "docs" / "data-docs" / "silver.titles" / ".2026-03-01-ff.html",
        home / "exports" / ".lists.abcdefgh.partial" / "part.jsonl",
    ]
    kept = [
        home / "docs" / "data-docs" / "silver.titles" / "2026-03-01.html",
        home / "exports" / ".lists.abcdefgh.replaced" / "part.jsonl",
    ]
    young = [home / "work" / "tmpdef" / "model.npy"]
    for file in (*old, *kept):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("12345")
    age(home, 2)
    young[0].parent.mkdir()
    young[0].touch()

    found = run(home)

    assert sorted(one.name for one in found.done) == ["docs", "exports", "work"]
    assert not any(file.exists() for file in old)
    assert all(file.exists() for file in (*kept, *young))


def test_a_table_whose_log_cannot_be_read_is_left_alone_and_named(home: Path) -> None:
    titles(home, NIGHTS[0], "a")
    publish(home, silver.PEOPLE, night=NIGHTS[0])
    titles(home, NIGHTS[1], "b")
    log = home / "lake" / "silver" / "titles" / "_delta_log" / f"{1:020}.json"
    told = [line for line in log.read_text().splitlines() if json.loads(line)]
    age(home, 50)
    titles(home, NIGHTS[2], "c")
    titles(home, NIGHTS[3], "d")
    DeltaTable(f"{home}/lake/silver/titles").create_checkpoint()
    log.with_name(f"{3:020}.json").write_text("\n".join([*told, "{"]))

    found = run(home)

    assert [problem.partition(":")[0] for problem in found.problems] == ["silver.titles was left alone"]
    assert len(files(home, silver.TITLES)) >= 4
