"""Forgetting a person: gone from everywhere, nobody else touched, and once is enough."""

import gzip
import html
import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from pydantic import SecretStr

from jobs.errors import JobError
from jobs.lakehouse import forgotten, ledger, undoing
from jobs.lakehouse.ledger import Rollback
from jobs.lakehouse.restoring import Versions, restore
from jobs.landing.deliveries import survey
from jobs.runs import forgetting, resets, traces
from jobs.settings import Settings
from jobs.tables import Table, bronze, gold, ops, silver
from tests.runs.forgettable import BROKEN, NOTIFIED, ONE, TWO, WHO, everything, find, hashes

AT = datetime(2026, 3, 3, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    everything(tmp_path)
    return Settings(home=tmp_path, forget_key=SecretStr("k" * 32), notify_file=Path(NOTIFIED))


def forget(settings: Settings, user_id: str = WHO, *, now: bool = False) -> list[str]:
    return list(forgetting.apply(settings, forgetting.plan(settings, user_id, now=now), "test", AT, now=now))


def rows(settings: Settings, table: Table, version: int | None = None) -> list[dict[str, object]]:
    return list(DeltaTable(f"{settings.lake}/{table.path}", version=version).to_pyarrow_table().to_pylist())


def test_somebody_who_is_forgotten_at_once_is_found_nowhere(home: Settings) -> None:
    before = find(home.root)

    forget(home, now=True)

    assert before.keys() >= {
        *("bronze.interactions", "silver.interactions", "silver.preferences", "gold.recommendations"),
        *("gold.recommendation_history", "ops.quarantine", "ops.refusals", "bronze.interactions log"),
        *("silver.interactions log", "landing/interactions", "docs/data-docs", "docs/changes", "spark/driver.log"),
        *("services/spark.log", "airflow/logs", "exports/lists", "told/failures.jsonl", "work/champion-1"),
        *("exports/.others.a1b2c3d4.partial", "gold.popular_titles log"),
    }
    assert len(before["landing/interactions"]) == 6
    logged = [path for place, paths in before.items() if place.endswith(" log") for path in paths]
    assert len([path for path in logged if ".checkpoint." in path]) == 2
    assert find(home.root) == {}
    assert not list(home.root.glob("lake/*/*/_damaged/*"))
    assert (home.root / "work" / "champion-2" / "viewers.npy").exists()
    told = (home.root / NOTIFIED).read_text().splitlines()
    assert json.loads(json.loads(told[0])["error"].removeprefix("e.g. ")) == {"user_id": "x" * len(WHO)}
    assert told[1] == '{"error": "other"}'
    for table in (silver.INTERACTIONS, ops.QUARANTINE, ops.REFUSALS):
        assert rows(home, table)  # whoever reads a checkpoint finds it whole
        assert pl.read_delta(f"{home.lake}/{table.path}").height == len(rows(home, table))


def test_nobody_else_loses_anything_in_tables(home: Settings) -> None:
    tables = (bronze.INTERACTIONS, silver.INTERACTIONS, silver.PREFERENCES, gold.RECOMMENDATIONS, ops.QUARANTINE)
    before = {table: [row | {"line": 0} for row in rows(home, table)] for table in tables}

    forget(home)

    for table, held in before.items():
        others = [row for row in held if WHO not in str(row)]
        assert sorted(str(row | {"line": 0}) for row in rows(home, table)) == sorted(map(str, others)), table.name
        assert len(others) < len(held)


def test_files_lose_the_records_and_nothing_else(home: Settings) -> None:
    one, two = (home.landing / "interactions" / str(day) for day in (ONE, TWO))
    others = (two / "others.jsonl").read_bytes()

    forget(home)

    log = (one / "log.jsonl").read_bytes().split(b"\n")
    assert (log[:2], json.loads(log[2])["user_id"], log[3:]) == ([b"", b""], "u2", [BROKEN.encode() + b"\r", b""])
    packed = gzip.decompress((one / "packed.jsonl.gz").read_bytes()).split(b"\n")
    assert (json.loads(packed[0])["user_id"], packed[1:]) == ("u3", [b"", b""])
    escaped = (one / "escaped.ndjson").read_bytes().split(b"\n")
    assert (escaped[0], json.loads(escaped[1])["user_id"]) == (b"", "u2")
    assert (two / "log.csv").read_bytes().split(b"\n")[1:3] == [b'7,u2,tt1,view,,2026-03-01,app,"two', b'lines"']
    assert (two / "log.csv").read_bytes().split(b"\n")[3:] == [b"", b"", f"9,u3,tt1,view,,{ONE},app,".encode(), b""]
    assert pq.read_table(two / "log.parquet")["user_id"].to_pylist() == ["u2", "u3"]
    assert not (two / "feedback.jsonl").exists()  # nobody else spoke that day
    assert (two / "others.jsonl").read_bytes() == others
    assert not list(home.landing.rglob("*.forget"))


def test_what_is_said_of_lines_stays_true(home: Settings) -> None:
    forget(home)

    said = {row["file"]: row["line"] for row in rows(home, ops.QUARANTINE) if row["file"]}
    log = (home.landing / "interactions" / str(ONE) / "log.jsonl").read_text().split("\n")
    assert log[int(str(said["log.jsonl"])) - 1] == BROKEN
    assert said["log.parquet"] is None  # rows of Parquet have moved up


def test_whoever_has_a_strange_name_is_found_however_it_is_spelled(home: Settings) -> None:
    who = """Zoë "the 🎬" O'Neil & co"""
    folder = home.landing / "interactions" / str(TWO)
    record, quoted = json.dumps({"user_id": who, "value": 1}), who.replace('"', '""')
    log = folder / "strange.jsonl"
    log.write_text(f'{record}\n{json.dumps({"user_id": who}, ensure_ascii=False)}\n{{"user_id": "u2"}}\n')
    (folder / "strange.csv").write_text(f'user_id,title_id\n"{quoted}",tt1\nu2,tt1\n')
    page = home.root / "docs" / "data-docs" / "strange.html"
    page.write_text(f"<code>{html.escape(record)}</code>, <p>{html.escape(who)}</p>")
    told = home.root / NOTIFIED
    told.write_text(json.dumps({"error": f"e.g. {record}, {who!r}"}, ensure_ascii=False))

    forget(home, who)

    assert log.read_text() == '\n\n{"user_id": "u2"}\n'
    assert (folder / "strange.csv").read_text() == "user_id,title_id\n\nu2,tt1\n"
    for path in (page, told):
        assert "Neil" not in path.read_text()


def test_a_delivery_that_nobody_can_read_is_named_and_left_alone(home: Settings) -> None:
    folder = home.landing / "interactions" / str(TWO)
    cut = gzip.compress(f'{{"user_id": "{WHO}"}}\n'.encode() * 999)[:40]
    (folder / "cut.jsonl.gz").write_bytes(cut)
    (folder / "cut.parquet").write_bytes(b"PAR1" + WHO.encode())

    forget(home)

    assert traces.not_known(home) == [folder / "cut.jsonl.gz", folder / "cut.parquet"]
    assert (folder / "cut.jsonl.gz").read_bytes() == cut
    assert not list(home.landing.rglob("*.forget"))


def test_a_table_that_cannot_be_read_is_named_in_one_line(home: Settings) -> None:
    (held,) = DeltaTable(f"{home.lake}/{silver.PREFERENCES.path}").file_uris()
    Path(held).write_bytes(Path(held).read_bytes()[:50])

    with pytest.raises(
        JobError, match="silver.preferences was not searched: .* cannot be read; `reelhouse restore silv"
    ):
        forgetting.plan(home, WHO, now=False)


@pytest.mark.parametrize("table", [ops.FORGOTTEN, ops.QUARANTINE, ops.REFUSALS])
def test_nothing_that_tells_of_people_goes_back_to_before_they_were_forgotten(home: Settings, table: Table) -> None:
    forget(home, "somebody-else")
    forget(home)
    versions = Versions(home.lake, table)

    why = (
        "1 person would not be kept out"
        if table is ops.FORGOTTEN
        else "texts of it may name somebody who was forgotten"
    )
    with pytest.raises(JobError, match=f"{table.name} was not restored to version 1: {why}.*newest whole one is"):
        versions.find(1)
    assert versions.find(versions.look(DeltaTable(f"{home.lake}/{table.path}").version()).version)


def test_the_next_night_finds_deliveries_unchanged(home: Settings) -> None:
    forget(home)

    entry = ledger.latest(home.lake, bronze.INTERACTIONS)
    assert entry is not None
    assert entry.deliveries == hashes(home.root)
    assert [found.files for found in survey(home, bronze.EVENTS, TWO)] == [{}]


def test_the_account_stays_that_of_its_publication_without_the_rows(home: Settings) -> None:
    before = {table: ledger.latest(home.lake, table) for table in (silver.PREFERENCES, bronze.INTERACTIONS)}

    forget(home)

    for table, entry in before.items():
        now = ledger.latest(home.lake, table)
        assert entry is not None
        assert now is not None
        assert (now.night, now.publication, now.inputs) == (entry.night, entry.publication, entry.inputs)
        assert now.forgotten
        assert now.run == "reelhouse forget"
    served = ledger.served(home.lake, silver.PREFERENCES)
    assert served is not None
    assert served.rows == served.entry.published == 2


def test_once_is_enough(home: Settings) -> None:
    forget(home, now=True)
    held = _changed_at(home)

    assert forget(home, now=True) == []

    assert _changed_at(home) == held
    assert len(rows(home, ops.FORGOTTEN)) == 1


def _changed_at(home: Settings) -> dict[Path, int]:
    files = (path for path in home.root.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {path: path.stat().st_mtime_ns for path in files}


def test_the_past_stays_readable_unless_it_is_to_go_at_once(home: Settings) -> None:
    forget(home)

    assert WHO in str(rows(home, silver.PREFERENCES, version=1))
    lost = forgetting.plan(home, WHO, now=True).lost
    assert lost["silver.preferences"] == [1, 2]
    forget(home, now=True)
    with pytest.raises(FileNotFoundError):
        rows(home, silver.PREFERENCES, version=1)
    assert len(rows(home, silver.PREFERENCES)) == 2
    assert [entry.night for entry in ledger.history(home.lake, silver.PREFERENCES)] == [TWO, TWO, ONE]


def test_a_rollback_brings_nobody_back(home: Settings) -> None:
    forget(home)

    undoing.undo(
        home.lake,
        undoing.plan_rollback(home.lake, gold.RECOMMENDATIONS, ONE),
        "test",
        Rollback(by="ada", reason="wrong", since=TWO, to=ONE, holds=TWO, at=AT),
        forgotten.kept_out_of(home, [gold.RECOMMENDATIONS], "nothing was done"),
    )

    assert {row["user_id"] for row in rows(home, gold.RECOMMENDATIONS)} == {"*", "u2"}
    entry = ledger.latest(home.lake, gold.RECOMMENDATIONS)
    assert entry is not None
    assert (entry.night, entry.published, entry.forgotten) == (ONE, 2, 1)
    assert TWO.isoformat() in entry.held_against(TWO)
    assert [(one.by, one.to) for one in ledger.rollbacks(home.lake, gold.RECOMMENDATIONS)] == [("ada", ONE)]


def test_a_rollback_holds_although_somebody_is_forgotten(home: Settings) -> None:
    resets.rollback(home, gold.RECOMMENDATIONS, ONE, "ada", "wrong", "test")

    forget(home)

    entry = ledger.latest(home.lake, gold.RECOMMENDATIONS)
    assert entry is not None
    assert "by ada (wrong)" in entry.held_against(TWO)
    assert WHO not in str(rows(home, gold.RECOMMENDATIONS))
    assert len(ledger.rollbacks(home.lake, gold.RECOMMENDATIONS)) == 1


def test_a_reset_and_a_restore_bring_nobody_back(home: Settings) -> None:
    forget(home)

    steps = resets.plan(home, "silver.interactions", ONE, downstream=False).steps
    assert "which rows were set aside then is not known any more" not in steps[0].does  # none were
    list(resets.apply(home, steps, "test"))
    found = Versions(home.lake, bronze.INTERACTIONS).find(1)
    restore(home.lake, bronze.INTERACTIONS, found, "ada", "", "test", forgotten.kept_out(home, ""))

    for table in (silver.INTERACTIONS, bronze.INTERACTIONS):
        assert {row["user_id"] for row in rows(home, table)} & {WHO} == set()
        assert rows(home, table)
        entry = ledger.latest(home.lake, table)
        assert entry is not None
        assert entry.night == ONE


def test_nothing_goes_back_without_the_key(home: Settings) -> None:
    forget(home)
    keyless = home.model_copy(update={"forget_key": None})

    with pytest.raises(JobError, match="gold.recommendations was not rolled back: 1 people are to be kept out"):
        resets.rollback(keyless, gold.RECOMMENDATIONS, ONE, "ada", "wrong", "test")


def test_no_commit_says_who_was_forgotten(home: Settings) -> None:
    forget(home)

    for table in (bronze.INTERACTIONS, silver.PREFERENCES, ops.QUARANTINE, ops.FORGOTTEN):
        newest = DeltaTable(f"{home.lake}/{table.path}").history(1)[0]
        assert WHO not in str(newest)


def test_who_is_not_known_is_kept_out_all_the_same(home: Settings) -> None:
    done = forget(home, "nobody-knows-me")

    assert done[0] == "kept out  whatever of the person is delivered from now on"
    assert "taken out" not in str(done)
    assert len(rows(home, ops.FORGOTTEN)) == 1


@pytest.mark.parametrize("name", ["*", "", "  "])
def test_nobody_is_forgotten_by_a_name_that_is_nobodys(home: Settings, name: str) -> None:
    with pytest.raises(JobError, match="nobody was forgotten"):
        forgetting.plan(home, name, now=False)


def test_without_a_key_nothing_is_done_and_the_line_says_how_to_make_one(home: Settings) -> None:
    with pytest.raises(JobError, match="openssl rand -hex 32.*keep it"):
        forgetting.plan(home.model_copy(update={"forget_key": None}), WHO, now=False)
