"""Nights: in any order they end with the same tables, and a night that cannot run costs nothing."""

import json
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.landing import gate
from jobs.runs.night import run_job
from jobs.settings import Settings
from jobs.tables import TABLES, Table, bronze, silver
from tests.rows import rows_of

DAYS = (date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3))
DELIVERED = (("tt0000001", "tt0000002"), ("tt0000002", "tt0000003"), ("tt0000001",))
JOBS = ("bronze.interactions", "silver.interactions", "silver.preferences")


def deliver(settings: Settings, day: date, *titles: str) -> None:
    folder = settings.landing / "interactions" / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps(
            {
                "event_id": f"{day}-{title}",
                "user_id": "u",
                "title_id": title,
                "event_type": "view",
                "occurred_at": f"{day}T20:00:00Z",
            }
        )
        for title in titles
    ]
    (folder / "log.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def prepare(lake: Lake) -> None:
    """A catalogue of three titles."""
    known = ["tt0000001", "tt0000002", "tt0000003"]
    links = [{"source_title_id": t, "source": "imdb", "title_id": t, "matched_by": "same"} for t in known]
    for table, rows in ((silver.TITLE_LINKS, links), (silver.TITLES, [{"title_id": t} for t in known])):
        rows_of(lake.spark, table, rows).write.format("delta").save(f"{lake.settings.lake}/{table.path}")


def run(lake: Lake, night: date) -> list[str]:
    outcomes = [run_job(lake.spark, lake.settings, job, night, "test") for job in JOBS]
    return [outcome.state for job in outcomes for outcome in job]


def contents(lake: Lake, table: Table) -> list[tuple[object, ...]]:
    return sorted(tuple(row) for row in lake.read(table, DAYS[-1]).collect())


@pytest.fixture(scope="module")
def in_order(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[object, ...]]]:
    lake = Lake(spark, Settings(home=tmp_path_factory.mktemp("ordered")), "test")
    prepare(lake)
    for day, titles in zip(DAYS, DELIVERED, strict=True):
        deliver(lake.settings, day, *titles)
        run(lake, day)
    return {
        table.name: contents(lake, table) for table in (bronze.INTERACTIONS, silver.INTERACTIONS, silver.PREFERENCES)
    }


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0, 2, 1)], ids=str)
def test_any_order_of_nights_ends_with_the_same_tables(
    lake: Lake, in_order: dict[str, list[tuple[object, ...]]], order: tuple[int, ...]
) -> None:
    prepare(lake)
    for number in order:
        # Deliveries arrive in this order too: a night sees only what came before it ran.
        deliver(lake.settings, DAYS[number], *DELIVERED[number])
        run(lake, DAYS[number])

    for table in (bronze.INTERACTIONS, silver.INTERACTIONS, silver.PREFERENCES):
        assert contents(lake, table) == in_order[table.name]


def test_a_late_night_without_news_is_superseded_without_work(lake: Lake) -> None:
    prepare(lake)
    for day in DAYS[:2]:
        deliver(lake.settings, day, "tt0000001")
        run(lake, day)
    versions = {table.name: ledger.version(lake.settings.lake, table) for table in TABLES}

    assert run(lake, DAYS[0]) == ["unchanged", "superseded", "superseded"]
    assert {table.name: ledger.version(lake.settings.lake, table) for table in TABLES} == versions


def test_an_event_of_an_unknown_title_waits_until_the_title_is_known(lake: Lake) -> None:
    prepare(lake)
    deliver(lake.settings, DAYS[0], "tt0000001", "tt0000009")
    run(lake, DAYS[0])
    entry = ledger.latest(lake.settings.lake, silver.INTERACTIONS)
    assert entry is not None
    assert (entry.published, entry.parked) == (1, 1)

    rows_of(lake.spark, silver.TITLES, [{"title_id": "tt0000009"}]).write.format("delta").mode("append").save(
        f"{lake.settings.lake}/silver/titles"
    )
    run(lake, DAYS[0])

    entry = ledger.latest(lake.settings.lake, silver.INTERACTIONS)
    assert entry is not None
    assert (entry.published, entry.parked) == (2, 0)


def test_a_night_for_which_nothing_was_delivered_is_refused(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with pytest.raises(JobError, match="there is none at all"):
        gate.require_delivery(settings.landing, DAYS[0])

    deliver(settings, DAYS[0], "tt0000001")

    gate.require_delivery(settings.landing, DAYS[0])
    with pytest.raises(
        JobError, match=r"night 2026-03-02 did not run: nothing was delivered .* the newest delivery is 2026-03-01"
    ):
        gate.require_delivery(settings.landing, DAYS[1])
