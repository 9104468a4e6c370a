"""The lake's tables as views: at their newest version, or at an earlier one that is still kept."""

from pathlib import Path

import pytest
from deltalake import DeltaTable

from jobs.errors import GoneError
from jobs.lakehouse.views import Views
from jobs.tables import silver
from tests.cli.small_lake import preferred, publish

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


def test_a_version_whose_files_were_deleted_is_gone(root: str) -> None:
    table = DeltaTable(f"{root}/silver/preferences")
    table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)

    with pytest.raises(GoneError, match=r"version 1 of silver\.preferences cannot be read: its files were deleted"):
        Views(root, (), {silver.PREFERENCES: 1})
    assert Views(root, (silver.PREFERENCES,)).rows(WHO) == [("second",)]


def test_a_version_without_a_log_is_gone(root: str) -> None:
    with pytest.raises(GoneError, match=r"version 7 of silver\.preferences cannot be read: its log is not kept"):
        Views(root, (), {silver.PREFERENCES: 7})
