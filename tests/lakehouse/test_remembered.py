"""What ledgers said, remembered until a log is another."""

from pathlib import Path

import pytest

from jobs.errors import DamagedError
from jobs.lakehouse import ledger, remembered
from jobs.tables import Table, silver
from tests.cli.small_lake import preferred, publish


@pytest.fixture
def root(tmp_path: Path) -> str:
    """Preferences, twice published."""
    for user in ("first", "second"):
        publish(tmp_path, silver.PREFERENCES, preferred(user, "tt0000001", 1.0))
    return str(tmp_path / "lake")


def test_a_log_is_read_again_once_somebody_committed(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, served = list[str](), ledger.served

    def counted(at: str, table: Table) -> ledger.Served | None:
        asked.append(table.name)
        return served(at, table)

    monkeypatch.setattr(ledger, "served", counted)

    first = [remembered.served(root, silver.PREFERENCES) for _ in range(3)]
    publish(Path(root).parent, silver.PREFERENCES, preferred("third", "tt0000001", 1.0))
    after = remembered.served(root, silver.PREFERENCES)

    assert first == [first[0]] * 3
    assert (first[0] and first[0].version, after and after.version) == (2, 3)
    assert len(asked) == 2


def test_a_table_that_was_made_again_is_another_of_the_same_version(root: str) -> None:
    def made() -> tuple[str, int] | None:
        return remembered.edition(root, silver.PREFERENCES)

    before = made()
    for path in sorted((Path(root) / silver.PREFERENCES.path).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (Path(root) / silver.PREFERENCES.path).rmdir()
    assert made() is None
    for user in ("first", "second"):
        publish(Path(root).parent, silver.PREFERENCES, preferred(user, "tt0000001", 1.0))

    after = made()
    assert before is not None
    assert after is not None
    assert (before[1], before[0] == after[0]) == (after[1], False)


def test_an_entry_that_is_damaged_where_it_stands_is_noticed(root: str) -> None:
    table: Table = silver.PREFERENCES
    assert len(remembered.history(root, table, 10)) == 2
    with (Path(root) / table.path / "_delta_log" / f"{1:020}.json").open("r+b") as entry:
        entry.write(bytes(60))

    with pytest.raises(DamagedError, match="version 1 is damaged"):
        remembered.history(root, table, 10)


def test_a_lake_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert remembered.served(str(tmp_path), silver.PREFERENCES) is None
    assert remembered.edition(str(tmp_path), silver.PREFERENCES) is None
    assert remembered.history(str(tmp_path), silver.PREFERENCES, 10) == []
