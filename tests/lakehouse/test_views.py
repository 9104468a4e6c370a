"""The lake's tables as views: at their newest version, or at an earlier one that is still kept."""

from pathlib import Path

import pytest
from deltalake import DeltaTable

from jobs.errors import GoneError, JobError
from jobs.lakehouse.views import Views
from jobs.tables import TABLES, Table, silver
from tests.cli.small_lake import preferred, publish, without
from tests.rows import filled

WHO = "SELECT user_id FROM silver.preferences ORDER BY user_id"


@pytest.fixture
def root(tmp_path: Path) -> str:
    """Preferences of a viewer, and a version later of another."""
    for user in ("first", "second"):
        publish(tmp_path, silver.PREFERENCES, preferred(user, "tt0000001", 1.0))
    return str(tmp_path / "lake")


def test_shows_an_earlier_version_beside_others_at_their_newest(root: str) -> None:
    publish(Path(root).parent, silver.TITLES, {"title_id": "tt0000001", "title": "Heat"})
    views = Views(root, (silver.TITLES,), {silver.PREFERENCES: 1})

    assert views.rows("SELECT user_id, title FROM silver.preferences JOIN silver.titles USING (title_id)") == [
        ("first", "Heat")
    ]
    assert Views(root, (silver.PREFERENCES,)).rows(WHO) == [("second",)]


def test_a_query_with_parameters_answers_in_columns(root: str) -> None:
    found = Views(root, (silver.PREFERENCES,)).arrow(f"{WHO.partition(' ORDER')[0]} WHERE user_id = ?", ("second",))

    assert found.to_pydict() == {"user_id": ["second"]}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_without_rows_has_the_columns_of_one_with_rows(tmp_path: Path, table: Table) -> None:
    publish(tmp_path / "filled", table, filled(table, {}))
    publish(tmp_path / "empty", table)
    bare, full = (Views(str(tmp_path / home / "lake"), (table,)) for home in ("empty", "filled"))

    described = f"DESCRIBE {table.name}"
    assert bare.rows(f"FROM {table.name}") == []
    assert [row[:2] for row in bare.rows(described)] == [row[:2] for row in full.rows(described)]
    assert DeltaTable(f"{bare.root}/{table.path}").file_uris() == []


def test_a_column_that_a_table_did_not_have_yet_is_null(tmp_path: Path) -> None:
    later = ("release_date", "vote_count", "popularity", "poster_path")
    publish(tmp_path, without(silver.TITLES, *later), {"title_id": "tt0000001", "title": "Heat"})
    views = Views(str(tmp_path / "lake"), (silver.TITLES,))

    assert views.rows(f"SELECT title, {', '.join(later)} FROM silver.titles") == [("Heat", None, None, None, None)]
    assert set(views.ask("SELECT * FROM silver.titles").columns) == set(silver.TITLES.column_names)


def test_a_column_that_has_to_be_there_is_missed(tmp_path: Path) -> None:
    publish(tmp_path, without(silver.TITLES, "title_type"), {"title_id": "tt0000001", "title": "Heat"})
    views = Views(str(tmp_path / "lake"), (silver.TITLES,))

    with pytest.raises(JobError, match="title_type"):
        views.ask("SELECT title_type FROM silver.titles")


def test_a_version_whose_files_were_deleted_is_gone(root: str) -> None:
    table = DeltaTable(f"{root}/silver/preferences")
    table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)

    with pytest.raises(GoneError, match=r"version 1 of silver\.preferences cannot be read: its files were deleted"):
        Views(root, (), {silver.PREFERENCES: 1})
    assert Views(root, (silver.PREFERENCES,)).rows(WHO) == [("second",)]


def test_a_version_without_a_log_is_gone(root: str) -> None:
    with pytest.raises(GoneError, match=r"version 7 of silver\.preferences cannot be read: its log is not kept"):
        Views(root, (), {silver.PREFERENCES: 7})
