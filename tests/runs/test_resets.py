"""Going back to a night through the graph, and the night that is run again."""

from datetime import date
from pathlib import Path

import pytest
from deltalake import DeltaTable

from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.runs import resets
from jobs.runs.decisions import decide
from jobs.runs.job import Sessions, run_job
from jobs.settings import Settings
from jobs.tables import bronze, gold, silver
from tests.cli.small_lake import publish
from tests.runs.test_night import deliver_events, prepare

ONE, TWO, THREE = (date(2026, 3, day) for day in (1, 2, 3))


def test_a_night_that_was_undone_is_made_again_and_not_called_superseded(lake: Lake) -> None:
    prepare(lake, "tt0000001", "tt0000002", "tt0000003")
    settings, sessions = lake.settings, Sessions(lake.settings, spark=lake.spark)
    jobs = ("bronze.interactions", "silver.interactions", "silver.preferences")

    def run(night: date) -> list[str]:
        return [one.state for job in jobs for one in run_job(settings, job, night, "test", sessions)]

    def titles(of: str) -> set[str]:
        return set(DeltaTable(f"{settings.lake}/silver/{of}").to_pyarrow_table()["title_id"].to_pylist())

    deliver_events(settings, ONE, "tt0000001")
    run(ONE)
    deliver_events(settings, THREE, "tt0000002")
    run(THREE)

    planned = resets.plan(settings, "bronze.interactions", ONE, downstream=True)
    done = list(resets.apply(settings, planned.steps, "reelhouse reset"))

    assert [line.split()[0] for line in done] == list(jobs)
    assert (titles("interactions"), titles("preferences")) == ({"tt0000001"}, {"tt0000001"})
    assert planned.again == THREE
    deliver_events(settings, TWO, "tt0000003")
    assert run(TWO) == ["published"] * 3, "nothing carries a later night any more"
    assert run(THREE) == ["published"] * 3
    assert titles("preferences") == {"tt0000001", "tt0000002", "tt0000003"}
    entry = ledger.latest(settings.lake, silver.PREFERENCES)
    assert entry is not None
    assert entry.night == THREE


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """Ratings and titles of two nights, preferences of the second only."""
    settings = Settings(home=tmp_path)
    for night in (ONE, TWO):
        deliver_events(settings, night, "tt0000001")
        for table in (silver.TITLES, silver.RATINGS, gold.POPULAR_TITLES):
            publish(tmp_path, table, night=night, publication=f"of {night}")
    publish(tmp_path, silver.PREFERENCES, night=TWO)
    return settings


def test_what_is_made_from_it_is_named_and_left_unless_asked_for(home: Settings) -> None:
    alone = resets.plan(home, "silver.titles", ONE, downstream=False)

    assert [step.name for step in alone.steps] == ["silver.titles"]
    assert alone.behind == ("silver.ratings", "silver.preferences", "gold.popular_titles")
    assert alone.again == TWO
    with pytest.raises(
        JobError, match="silver.preferences was not reset: its first publication is of night 2026-03-02"
    ):
        resets.plan(home, "silver.titles", ONE, downstream=True)
    assert list(resets.apply(home, alone.steps, "test")) == [
        "silver.titles  version 3  carries night 2026-03-01, 0 rows"
    ]
    assert not decide(home, "silver.titles", TWO).idle


def test_a_source_goes_back_as_one_and_is_not_emptied_by_mistake(home: Settings) -> None:
    day = {"night": TWO}
    publish(
        home.root, bronze.MOVIELENS_MOVIES, {"night": ONE}, day, night=TWO, deliveries={str(ONE): "1", str(TWO): "2"}
    )
    publish(home.root, bronze.MOVIELENS_LINKS, day, night=TWO, deliveries={str(TWO): "2"})

    planned = resets.plan(home, "bronze.movielens", ONE, downstream=False)

    assert [(step.name, step.does) for step in planned.steps] == [
        ("bronze.movielens_movies", "drops 2026-03-02"),
        ("bronze.movielens_links", "drops 2026-03-02"),
    ]
    with pytest.raises(JobError, match="bronze.movielens was not reset: it holds nothing of 2026-02-28 or before"):
        resets.plan(home, "bronze.movielens", date(2026, 2, 28), downstream=False)
    list(resets.apply(home, planned.steps, "test"))
    entry = ledger.latest(home.lake, bronze.MOVIELENS_LINKS)
    assert entry is not None
    assert (entry.deliveries, entry.night) == ({}, ONE)
