"""Going back to a night: rows, account and quarantine agree afterwards, and what was undone can be done again."""

from datetime import date
from pathlib import Path

import pytest
from deltalake import DeltaTable

from jobs.errors import JobError
from jobs.lakehouse import ledger, quarantine
from jobs.lakehouse.lake import Lake
from jobs.lakehouse.undoing import plan, undo
from jobs.tables import Table
from tests.lakehouse.test_publications import (
    DAYS,
    FEBRUARY,
    JANUARY,
    LOGS,
    SUITE,
    VISITS,
    aside,
    deliver,
    entry_of,
    ids,
    visits,
)

BROKEN = ["minutes:be_between"]


def publish(lake: Lake, night: date, *names: str, partitions: list[date] | None = None) -> None:
    """Three visits of February and one of January that is set aside; names that begin with j are of January too."""
    rows = [(name, 1.0, JANUARY if name.startswith("j") else FEBRUARY) for name in names]
    rows += [(f"broken of {night}", -1.0, partitions[0] if partitions else JANUARY)]
    lake.publish(visits(lake, *rows), SUITE, night, partitions=partitions)


def go_back(lake: Lake, table: Table, night: date) -> int:
    planned = plan(lake.settings.lake, table, night)
    assert planned is not None
    return undo(lake.settings.lake, planned, "reelhouse reset")


def records(lake: Lake) -> set[str]:
    """Which visits quarantine holds, by the night that broke them."""
    rows = DeltaTable(f"{lake.settings.lake}/ops/quarantine").to_pyarrow_table().to_pylist()
    return {row["record"].partition("broken of ")[2][:10] for row in rows}


def test_a_current_table_goes_back_with_its_account_and_its_quarantine(lake: Lake) -> None:
    publish(lake, DAYS[0], "a", "b")
    publish(lake, DAYS[1], "c", "d")
    with pytest.raises(JobError):
        lake.publish(visits(lake, ("x", -1.0, JANUARY)), SUITE, DAYS[2])

    version = go_back(lake, VISITS, DAYS[0])

    assert (ids(lake), entry_of(lake, VISITS).night, version) == ({"a", "b"}, DAYS[0], 3)
    assert records(lake) == {str(DAYS[0])}
    assert plan(lake.settings.lake, VISITS, DAYS[0]) is None, "nothing is left to undo"
    publish(lake, DAYS[1], "e", "f")
    assert (ids(lake), entry_of(lake, VISITS).night) == ({"e", "f"}, DAYS[1])
    assert records(lake) == {str(DAYS[1])}


def test_what_was_set_aside_in_parts_comes_back_whole(lake: Lake) -> None:
    publish(lake, DAYS[0], "j1", "a", "b")
    publish(lake, DAYS[1], "c", "d", partitions=[FEBRUARY])
    lake.publish(visits(lake, ("e", 1.0, FEBRUARY)), SUITE, DAYS[2])
    assert aside(lake) == []

    go_back(lake, VISITS, DAYS[1])

    assert ids(lake) == {"j1", "c", "d"}
    assert aside(lake) == [(VISITS.name, "set_aside", str(month), BROKEN) for month in (JANUARY, FEBRUARY)]


def test_a_publication_that_was_undone_is_not_gone_back_to(lake: Lake) -> None:
    for day, name in ((DAYS[0], "right"), (DAYS[2], "wrong")):
        lake.publish(visits(lake, (name, 1.0, JANUARY)), SUITE, day)
    go_back(lake, VISITS, DAYS[0])
    lake.publish(visits(lake, ("later", 1.0, JANUARY)), SUITE, DAYS[3])

    go_back(lake, VISITS, DAYS[2])

    assert (ids(lake), entry_of(lake, VISITS).night) == ({"right"}, DAYS[0])


def test_a_dated_table_loses_later_nights_which_can_be_delivered_again(lake: Lake) -> None:
    rows = [("v1", day) for day in DAYS for _ in range(4)] + [("?", day) for day in DAYS]
    deliver(lake, *rows, days=DAYS)

    go_back(lake, LOGS, DAYS[1])

    entry = entry_of(lake, LOGS)
    assert (entry.night, sorted(entry.deliveries)) == (DAYS[1], [str(day) for day in DAYS[:2]])
    assert lake.read(LOGS, DAYS[3]).count() == 8
    assert [part for _, _, part, _ in aside(lake)] == [str(day) for day in DAYS[:2]]
    deliver(lake, *[row for row in rows if row[1] == DAYS[2]], days=[DAYS[2]])
    assert lake.read(LOGS, DAYS[3]).count() == 12
    assert sorted(entry_of(lake, LOGS).deliveries) == [str(day) for day in DAYS[:3]]


def test_somebody_who_commits_meanwhile_is_not_undone(lake: Lake) -> None:
    root = lake.settings.lake
    for day in DAYS[:2]:
        lake.publish(visits(lake, (str(day), 1.0, JANUARY)), SUITE, day)
    deliver(lake, ("v1", DAYS[0]), ("v1", DAYS[1]), days=DAYS[:2])
    table, log = plan(root, VISITS, DAYS[0]), plan(root, LOGS, DAYS[0])
    lake.publish(visits(lake, ("meanwhile", 1.0, JANUARY)), SUITE, DAYS[2])
    deliver(lake, ("v1", DAYS[2]), days=[DAYS[2]])

    for planned in (table, log):
        assert planned is not None
        with pytest.raises(JobError, match="was not reset: another run published it meanwhile, and what it published"):
            undo(root, planned, "test")

    assert ids(lake) == {"meanwhile"}
    assert lake.read(LOGS, DAYS[3]).count() == 3
    assert list(Path(root).glob("*/*/_staging/*")) == []


def test_files_that_were_vacuumed_are_said_to_be_gone_and_nothing_changes(lake: Lake) -> None:
    for day in DAYS[:2]:
        lake.publish(visits(lake, (str(day), 1.0, JANUARY)), SUITE, day)
    address = f"{lake.settings.lake}/{VISITS.path}"
    DeltaTable(address).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)

    with pytest.raises(JobError, match=r"nothing was changed, as files of that night were deleted \(vacuumed\) since"):
        go_back(lake, VISITS, DAYS[0])

    assert (ids(lake), entry_of(lake, VISITS).night) == ({str(DAYS[1])}, DAYS[1])


def test_a_night_before_the_first_is_refused(lake: Lake) -> None:
    assert plan(lake.settings.lake, VISITS, DAYS[0]) is None, "never published: nothing to undo"
    lake.publish(visits(lake, ("a", 1.0, JANUARY)), SUITE, DAYS[1])

    with pytest.raises(JobError, match=r"silver\.visits was not reset: its first publication is of night 2026-03-02"):
        plan(lake.settings.lake, VISITS, DAYS[0])


@pytest.mark.parametrize("table", [VISITS, LOGS], ids=lambda table: table.name)
def test_quarantine_follows_even_if_the_process_dies_in_between(
    lake: Lake, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    if table is LOGS:
        deliver(lake, *(row for day in DAYS[:2] for row in (("v1", day), ("v2", day), ("?", day))), days=DAYS[:2])
    else:
        publish(lake, DAYS[0], "a", "b")
        publish(lake, DAYS[1], "c", "d")
    before = aside(lake)
    with monkeypatch.context() as killed:
        killed.setattr(quarantine, "_overwrite", die)
        with pytest.raises(KeyboardInterrupt):
            go_back(lake, table, DAYS[0])
    assert (entry_of(lake, table).night, aside(lake)) == (DAYS[0], before)

    quarantine.settle(lake.settings.lake, [table])

    left = records(lake) if table is VISITS else {part for _, _, part, _ in aside(lake)}
    assert left == {str(DAYS[0])}
    assert ledger.latest(lake.settings.lake, table) is not None
    assert list(Path(lake.settings.lake).glob("*/*/_staging/*")) == []


def test_a_table_goes_back_although_the_rows_set_aside_then_were_deleted(lake: Lake) -> None:
    publish(lake, DAYS[0], "a", "b")
    publish(lake, DAYS[1], "c", "d")
    held = DeltaTable(f"{lake.settings.lake}/ops/quarantine")
    held.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)

    planned = plan(lake.settings.lake, VISITS, DAYS[0])
    assert planned is not None
    assert planned.forgets
    go_back(lake, VISITS, DAYS[0])

    assert (ids(lake), aside(lake)) == ({"a", "b"}, [])
    publish(lake, DAYS[1], "e", "f")
    assert records(lake) == {str(DAYS[1])}


def test_what_an_overtaken_publication_set_aside_is_not_kept(lake: Lake) -> None:
    publish(lake, DAYS[0], "a", "b")
    slow = entry_of(lake, VISITS)
    lake.publish(visits(lake, ("b", 1.0, JANUARY)), SUITE, DAYS[1])
    offered = visits(lake, ("c", 1.0, JANUARY), ("d", 1.0, JANUARY), ("e", -1.0, JANUARY))
    held = lake.stage(offered, SUITE, DAYS[2])
    broken = [file for file in held.files if not file.is_kept]

    quarantine.replace(lake.settings.lake, VISITS, broken, None, slow.publication, slow.night)
    assert aside(lake) == []

    quarantine.replace(lake.settings.lake, VISITS, broken, None, entry_of(lake, VISITS).publication, DAYS[1])
    assert len(aside(lake)) == 1
