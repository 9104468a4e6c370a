"""``reelhouse status`` where the log of a table is damaged. Without Spark."""

import json
from datetime import UTC, datetime
from pathlib import Path

from jobs.tables import Table, gold, silver
from jobs.tables.ops import REFUSALS
from tests.cli.small_lake import Run, publish
from tests.cli.test_status import THREE, TWO, refuse, run, state

__all__ = ["run"]


def damage(home: Path, table: Table, version: int) -> None:
    (home / "lake" / table.path / "_delta_log" / f"{version:020}.json").unlink()


def test_a_table_whose_log_is_damaged_hides_no_other_and_ends_it_with_1(run: Run, tmp_path: Path) -> None:
    publish(tmp_path, gold.RECOMMENDATION_HISTORY, night=TWO)
    refuse("gold.recommendations", THREE, datetime(2100, 1, 1, tzinfo=UTC))
    damage(tmp_path, gold.RECOMMENDATIONS, 1)

    shown = run("status")

    why = "cannot be opened: of its log, the entry of version 1 is missing; nothing was changed"
    lines = shown.stdout.splitlines()
    assert (shown.exit_code, shown.stderr) == (1, "")
    assert f"; gold.recommendations is damaged: {why}" in lines[0]
    assert lines[1].startswith(
        f"gold.recommendations: damaged, {why}, earlier versions can be read; `reelhouse restore"
    )
    assert any(line.split()[:3] == ["silver.titles", "fresh", "2026-03-02"] for line in lines)
    assert lines[-1] == "next: reelhouse restore gold.recommendations"
    told = run("status", "--json")
    found = {one["table"]: one for one in json.loads(told.stdout)}
    assert told.exit_code == 1
    assert found["gold.recommendations"]["state"] == "damaged"
    assert "gold.recommendations" in found["gold.title_facts"]["waits_for"]
    assert found["silver.titles"]["state"] == "fresh"


def test_damaged_refusals_are_told_beside_the_tables(run: Run, tmp_path: Path) -> None:
    refuse("silver.titles", THREE, datetime(2100, 1, 1, tzinfo=UTC))
    assert state(run, "silver.titles")["state"] == "stale"
    damage(tmp_path, REFUSALS, 0)

    assert (state(run, "ops.refusals")["state"], state(run, "silver.titles")["state"]) == ("damaged", "fresh")


def test_a_lake_in_which_nothing_can_be_opened_is_not_taken_for_a_new_one(run: Run, tmp_path: Path) -> None:
    for table in (gold.RECOMMENDATIONS, silver.TITLES, silver.PEOPLE):
        damage(tmp_path, table, 0)

    assert run("status").stdout.startswith("no night can be told: 0 of ")
