"""gold.recommendation_history: the lists of each night as they were served."""

from datetime import date, timedelta
from typing import Any

import pytest
from deltalake import DeltaTable

from jobs.errors import JobError
from jobs.gold.recommendation_history import run
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.tables import gold
from tests.cli.small_lake import listed, publish

NIGHT, LATER = date(2026, 3, 1), date(2026, 3, 2)
KEPT = gold.RECOMMENDATION_HISTORY.keeps


def serve(lake: Lake, night: date, *titles: str) -> None:
    """A viewer's list of a night."""
    rows = [listed("u", rank, title) | {"night": night} for rank, title in enumerate(titles, start=1)]
    publish(lake.settings.root, gold.RECOMMENDATIONS, *rows, night=night)


def kept(lake: Lake) -> list[tuple[Any, ...]]:
    """Night, rank and title of every row."""
    rows = DeltaTable(f"{lake.settings.lake}/gold/recommendation_history").to_pyarrow_table().to_pylist()
    return sorted((row["night"], row["rank"], row["title_id"]) for row in rows)


def test_keeps_each_night_and_replaces_only_the_one_that_is_run_again(lake: Lake) -> None:
    serve(lake, NIGHT, "a", "b")
    run(lake, NIGHT)
    serve(lake, LATER, "c")
    run(lake, LATER)
    serve(lake, LATER, "d", "e")
    run(lake, LATER)

    assert kept(lake) == [(NIGHT, 1, "a"), (NIGHT, 2, "b"), (LATER, 1, "d"), (LATER, 2, "e")]


def test_the_newest_nights_stay_and_older_ones_go(lake: Lake) -> None:
    """The nights before are written at once, as a publication of each would leave them."""
    assert KEPT
    nights = [NIGHT - timedelta(days=n) for n in range(1, KEPT + 1)]
    publish(
        lake.settings.root, gold.RECOMMENDATION_HISTORY, *(listed("u", 1, "a") | {"night": night} for night in nights)
    )
    serve(lake, NIGHT, "b")

    run(lake, NIGHT)

    assert [night for night, *_ in kept(lake)] == [*sorted(nights)[1:], NIGHT]


def test_lists_of_another_night_are_not_taken_for_this_one(lake: Lake) -> None:
    serve(lake, LATER, "a")

    with pytest.raises(JobError, match="at least one list of the night"):
        run(lake, NIGHT)

    assert ledger.latest(lake.settings.lake, gold.RECOMMENDATION_HISTORY) is None
