"""What a viewer watched, told by days, months or years."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from jobs.answers.watched import READS, Watched, watched
from jobs.lakehouse.views import Views
from jobs.tables import silver
from tests.cli.small_lake import preferred, publish


def history(home: Path, *days: date) -> Watched:
    publish(home, silver.TITLES)
    at = [datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC) for day in days]
    rows = [preferred("u", f"tt{number}", number % 2) | {"last_at": one} for number, one in enumerate(at)]
    publish(home, silver.PREFERENCES, *rows)
    return watched(Views(str(home / "lake"), READS), "u", 2)


@pytest.mark.parametrize(
    ("first", "last", "unit", "spans"),
    [
        (date(2026, 3, 1), date(2026, 3, 1), "day", 1),
        (date(2026, 1, 30), date(2026, 3, 1), "day", 31),
        (date(2025, 12, 31), date(2026, 3, 31), "month", 4),
        (date(2024, 1, 31), date(2026, 2, 1), "month", 26),
        (date(1999, 12, 31), date(2026, 1, 1), "year", 28),
    ],
)
def test_spans_follow_each_other_from_the_first_to_the_last(
    tmp_path: Path, first: date, last: date, unit: str, spans: int
) -> None:
    found = history(tmp_path, first, last, last)

    assert (found.unit, len(found.spans)) == (unit, spans)
    assert sum(span.titles for span in found.spans) == 3
    assert found.spans[0].begins <= first
    assert found.spans[-1].titles >= 2
    assert sum(span.liked for span in found.spans) == 1
    assert (found.count, len(found.newest), found.genres) == (3, 2, ())


def test_nothing_is_known_of_a_viewer_nobody_knows(tmp_path: Path) -> None:
    history(tmp_path, date(2026, 3, 1))

    found = watched(Views(str(tmp_path / "lake"), READS), "x", 2)

    assert (found.count, found.spans, found.busiest) == (0, (), None)
