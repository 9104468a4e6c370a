"""A night of files with every defect: what is good is published, what is not is set aside, and every record is one of them."""

import csv
import gzip
import json
from collections import Counter
from datetime import date
from pathlib import Path

import duckdb
import pytest
from deltalake import DeltaTable

from jobs.lakehouse import ledger
from jobs.sample_world import WorldParameters, write_world
from jobs.settings import Settings
from jobs.tables import SOURCES, TABLES, Table, bronze, gold, silver
from tests.sample_world.defects import DUPLICATES, MOST_A_DAY, cases, plant
from tests.trials.sample_nights import reelhouse
from tests.trials.spark_server import Server

DAY = date(2026, 3, 5)
WORLD = WorldParameters(viewers=60, titles=200, events_per_day=600, days=4, first_day=date(2026, 3, 2))


UNKNOWN_IN_THE_WORLD = 3
"""Events of the world's own title that no catalogue knows yet."""


@pytest.fixture(scope="module")
def told(server: Server) -> dict[str, str]:
    """Environment of the commands."""
    return server.environment | {"REELHOUSE_VIEWER_EVENTS_PER_DAY": str(MOST_A_DAY)}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory, told: dict[str, str]) -> tuple[Settings, dict[str, Counter[str]]]:
    """A sample world, files of every defect beside its own or at their ends, and the night over them."""
    home = Settings(home=tmp_path_factory.mktemp("defects"))
    write_world(home.landing, WORLD, DAY)
    with gzip.open(home.landing / "imdb" / str(DAY) / "title.basics.tsv.gz", "rt", encoding="utf-8") as lines:
        known = next(line.split("\t")[0] for line in lines if "\tmovie\t" in line)
    planted = plant(home.landing, DAY, known)
    reelhouse(home.root, "night", "--night", str(DAY), **told)
    return home, planted


def records(file: Path) -> int:
    """How many records a file holds, counted in the plainest way."""
    text = (gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()).decode()
    if ".csv" in file.suffixes:
        return sum(1 for row in csv.reader(text.splitlines(keepends=True)) if row) - 1
    lines = [line for line in text.split("\n") if line.strip()]
    return len(lines) - (".tsv" in file.suffixes)


def rows_of(home: Settings, table: Table) -> int:
    """How many rows a table holds; none of one that was never delivered."""
    delta = ledger.open_table(home.lake, table)
    return delta.to_pyarrow_dataset().count_rows() if delta else 0


def test_every_record_that_was_delivered_is_published_or_set_aside(
    night: tuple[Settings, dict[str, Counter[str]]],
) -> None:
    home, _ = night
    for source in SOURCES:
        for table in source.tables:
            delivered: Counter[str] = Counter()
            for pattern in table.files:
                for file in (home.landing / source.folder).glob(f"*/{pattern}"):
                    delivered[file.parent.name] += records(file)
            if not delivered:
                continue
            entry = ledger.latest(home.lake, table)
            assert entry is not None, table.name
            terms = {name: rows for name, rows in entry.spine.items() if name != "records"}
            held = rows_of(home, table)
            assert entry.spine["records"] == sum(delivered.values()) == sum(terms.values()), table.name
            assert terms["published"] == held, table.name


def test_every_row_of_a_silver_table_s_spine_is_accounted_for(night: tuple[Settings, dict[str, Counter[str]]]) -> None:
    home, _ = night
    accounted = {}
    for table in TABLES:
        entry = ledger.latest(home.lake, table)
        if table.layer == "silver" and entry and entry.spine:
            terms = {name: rows for name, rows in entry.spine.items() if name != "rows"}
            spine = table.inputs[0]
            assert isinstance(spine, Table)
            held = rows_of(home, spine)
            assert entry.spine["rows"] == sum(terms.values()) == held, table.name
            accounted[table.name] = terms
    assert accounted[silver.INTERACTIONS.name].keys() >= {"published", "set_aside", "parked", "duplicates"}
    assert len(accounted) >= 8


def test_what_becomes_of_events_is_what_the_files_say(night: tuple[Settings, dict[str, Counter[str]]]) -> None:
    home, planted = night
    entry = ledger.latest(home.lake, silver.INTERACTIONS)
    assert entry is not None
    parked = UNKNOWN_IN_THE_WORLD + sum(n for why, n in planted[silver.INTERACTIONS.name].items() if "parked" in why)
    broken = [case for case in cases(DAY, "tt") if case.layer == "silver" and "parked:title_id" not in case.reasons]
    rows = rows_of(home, bronze.INTERACTIONS)
    terms = {"rows": rows, "parked": parked, "set_aside": len(broken) + 1, "duplicates": DUPLICATES, "superseded": 0}

    left = rows - parked - len(broken) - 1 - DUPLICATES
    assert entry.spine == terms | {"published": left}
    assert rows_of(home, silver.INTERACTIONS) == left


def test_all_that_was_planted_is_in_quarantine_as_it_was_delivered(
    night: tuple[Settings, dict[str, Counter[str]]],
) -> None:
    home, planted = night
    rows = DeltaTable(f"{home.lake}/ops/quarantine").to_pyarrow_table().to_pylist()
    found: dict[str, Counter[str]] = {}
    for row in rows:
        found.setdefault(row["table_name"], Counter()).update(row["reasons"])
        assert row["night"] == DAY
        if row["table_name"].startswith("bronze."):
            folder = row["table_name"].removeprefix("bronze.").partition("_")[0]
            assert row["record"]
            file = next((home.landing).glob(f"{folder}*/{DAY}/{row['file']}"))
            text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
            line = text.decode().split("\n")[row["line"] - 1].rstrip("\r")
            cells = next(csv.reader([line]), []) if ".csv" in file.suffixes else [line]
            record = row["record"]
            if ".csv" in file.suffixes and record.startswith("{"):
                header = next(csv.reader([text.decode().split("\n")[0]]))
                told = {name: value for name, value in json.loads(record).items() if value}
                # What is empty is left out of a record.
                assert told == {name: cell for name, cell in zip(header, cells, strict=True) if cell}, (row, line)
            else:
                assert record.rstrip("\r") == line, row
    of_events = found.pop(silver.INTERACTIONS.name) - planted[silver.INTERACTIONS.name]
    assert of_events == Counter({"parked:title_id": UNKNOWN_IN_THE_WORLD})
    assert found == {name: reasons for name, reasons in planted.items() if name != silver.INTERACTIONS.name}


def test_every_viewer_has_a_list_all_the_same(night: tuple[Settings, dict[str, Counter[str]]]) -> None:
    home, _ = night
    served = DeltaTable(f"{home.lake}/{gold.RECOMMENDATIONS.path}").to_pyarrow_dataset()
    events = DeltaTable(f"{home.lake}/{silver.INTERACTIONS.path}").to_pyarrow_dataset()
    with duckdb.connect() as db:
        db.register("served", served)
        db.register("events", events)
        without = db.sql("SELECT DISTINCT user_id FROM events EXCEPT SELECT user_id FROM served").fetchall()
    assert without == []


def test_a_file_rewritten_after_it_was_ingested_replaces_its_day_and_an_unchanged_one_nothing(
    night: tuple[Settings, dict[str, Counter[str]]], told: dict[str, str]
) -> None:
    home, _ = night
    file = home.landing / "interactions" / str(DAY) / "defects.csv.gz"
    lines = gzip.decompress(file.read_bytes()).decode().splitlines(keepends=True)
    mended = f"{lines[0]}{lines[1]}said later{lines[1].removeprefix('in a file of fields')}"
    before, version = rows_of(home, bronze.INTERACTIONS), ledger.version(home.lake, bronze.INTERACTIONS)
    file.write_bytes(gzip.compress(mended.encode(), mtime=0))

    said = reelhouse(home.root, "run", "bronze.interactions", "--night", str(DAY), **told)
    again = reelhouse(home.root, "run", "bronze.interactions", "--night", str(DAY), **told)

    assert ("published  bronze.interactions" in said, "unchanged  bronze.interactions" in again) == (True, True)
    assert ledger.version(home.lake, bronze.INTERACTIONS) == (version or 0) + 1
    assert rows_of(home, bronze.INTERACTIONS) == before + 1
    aside = DeltaTable(f"{home.lake}/ops/quarantine").to_pyarrow_table(
        filters=[("table_name", "=", bronze.INTERACTIONS.name)]
    )
    assert "short,row" not in aside["record"].to_pylist(), "what was mended is set aside no more"
