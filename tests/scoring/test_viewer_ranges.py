"""Ranges of viewers: every history whole, in one range, in order, however the files of the table are laid out."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from jobs.errors import GoneError
from jobs.lakehouse.schema import arrow_schema
from jobs.lakehouse.views import Views
from jobs.scoring.viewer_ranges import ViewerRanges
from jobs.tables import silver
from tests.cli.small_lake import publish
from tests.rows import filled

NIGHT = date(2026, 3, 1)
AS_OF = datetime(2026, 3, 2, tzinfo=UTC)
LONG = "u" * 40
"""Longer than the bounds that a log keeps of a file's texts."""
USERS = st.sampled_from(["a", "b", "ab", "é", "\U0001f600", "\uffee", LONG + "a", LONG + "b", "!", "'"])


def ranges_of(home: Path, tasks: int, *also: str) -> ViewerRanges:
    return ViewerRanges.of(Views(str(home / "lake"), (silver.PREFERENCES,)), AS_OF, tasks, also)


def lay_out(home: Path, *files: list[tuple[str, str]]) -> None:
    """A table of some files, of viewers and titles each."""
    publish(home, silver.PREFERENCES)
    schema = arrow_schema(silver.PREFERENCES)
    for pairs in files:
        rows = [
            filled(silver.PREFERENCES, {"user_id": user, "title_id": title, "last_at": AS_OF - timedelta(days=2)})
            for user, title in pairs
        ]
        if rows:
            write_deltalake(home / "lake" / "silver/preferences", pa.Table.from_pylist(rows, schema), mode="append")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pairs=st.lists(st.tuples(USERS, st.sampled_from("xyz")), unique=True, max_size=20),
    files=st.integers(1, 3),
    tasks=st.integers(1, 5),
    is_sorted=st.booleans(),
)
def test_ranges_hold_every_history_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]], files: int, tasks: int, is_sorted: bool
) -> None:
    home = tmp_path_factory.mktemp("home")
    laid = sorted(pairs) if is_sorted else pairs
    size = -(-len(laid) // files)
    lay_out(home, *(laid[size * n : size * (n + 1)] for n in range(files)))

    known = ranges_of(home, tasks, "*")

    found = [
        [row for batch in known.histories(number) for row in batch.to_pylist()] for number in range(len(known.bounds))
    ]
    expected: dict[str, list[str]] = defaultdict(list)
    for user, title in sorted([*pairs, ("*", "")]):
        expected[user] += [title] if title else []
    assert [(row["user_id"], row["title_ids"]) for rows in found for row in rows] == list(expected.items())
    assert [len(rows) for rows in found] == list(known.viewers)
    assert {age for rows in found for row in rows for age in row["ages"]} <= {2.0}


def test_viewers_are_divided_by_how_much_they_know(tmp_path: Path) -> None:
    lay_out(tmp_path, [("heavy", str(n)) for n in range(8)] + [(user, "0") for user in "abcijklm"])

    known = ranges_of(tmp_path, 4)

    assert known.bounds == ("", "i", "j"), "four rows each, and whatever the last viewer has beyond"
    assert known.viewers == (4, 1, 4)


def test_a_file_that_holds_no_viewer_of_a_range_is_left_unread(tmp_path: Path) -> None:
    lay_out(tmp_path, [("a", "x")], [("b", "x")])
    known = ranges_of(tmp_path, 2)
    files = pa.table(DeltaTable(tmp_path / "lake" / "silver/preferences").get_add_actions(flatten=True)).to_pylist()
    for file in files:
        if file["min.user_id"] == "b":
            (tmp_path / "lake" / "silver/preferences" / file["path"]).write_bytes(b"unreadable")

    assert [row["user_id"] for batch in known.histories(0) for row in batch.to_pylist()] == ["a"]
    with pytest.raises(pa.ArrowInvalid):
        list(known.histories(1))


def test_each_range_is_a_task_and_they_come_in_order(spark: SparkSession, tmp_path: Path) -> None:
    lay_out(tmp_path, [(user, "x") for user in "abcdef"])
    known = ranges_of(tmp_path, 3, "*")

    rows = known.rows(spark)

    assert [(row["number"], row["viewers"]) for row in rows.collect()] == [(0, 3), (1, 2), (2, 2)]
    alone = rows.mapInArrow(lambda batches: (batch for batch in batches if batch.num_rows == 1), rows.schema)
    assert alone.count() == 3


def test_a_version_that_is_gone_is_said(tmp_path: Path) -> None:
    lay_out(tmp_path, [("a", "x")])
    known = ranges_of(tmp_path, 1)
    for file in (tmp_path / "lake").rglob("*.parquet"):
        file.unlink()

    with pytest.raises(GoneError, match="its files were deleted"):
        list(known.histories(0))
