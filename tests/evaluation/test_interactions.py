"""Interactions in memory mean what they mean on Spark: the same weights, the same cutoff, the same viewers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.errors import JobError
from jobs.evaluation.interactions import Interactions, of_lake, of_set
from jobs.evaluation.protocols import replay_time, temporal
from jobs.evaluation.splitting import training_set
from jobs.scoring.rules import Allowed, is_listable, listable_titles
from jobs.scoring.training_set import gather
from jobs.scoring.weighing import event_weight
from jobs.settings import Settings, Weighing
from jobs.tables import silver
from tests.cli.small_lake import publish
from tests.evaluation import sets
from tests.landing.imports.test_importers import MOVIELENS, write_folder

START = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = ("view", "complete", "rating", "like", "dislike", "watchlist", "dismiss")


def random_events(count: int = 400) -> list[dict[str, Any]]:
    """Events of every kind, several of a viewer with a title, to the microsecond."""
    random = np.random.default_rng(4)
    events: list[dict[str, Any]] = []
    for n in range(count):
        kind = KINDS[random.integers(len(KINDS))]
        value = {"rating": float(random.integers(0, 21)) / 2, "view": float(random.random())}.get(kind)
        at = START + timedelta(
            seconds=int(random.integers(0, 20_000_000)), microseconds=int(random.integers(0, 999_999))
        )
        events.append(
            {
                "event_id": f"e{n:04d}",
                "user_id": f"u{random.integers(25):02d}",
                "title_id": f"tt{random.integers(18):07d}",
                "event_type": kind,
                "value": None if kind == "view" and random.random() < 0.3 else value,
                "occurred_at": at,
                "source": "test",
                "month": at.date().replace(day=1),
            }
        )
    return events


EVENTS = random_events()


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Interactions:
    """A lake of these events, where one title may not be listed, read without Spark."""
    home = tmp_path_factory.mktemp("home")
    publish(home, silver.INTERACTIONS, *EVENTS)
    titles = [
        {"title_id": f"tt{n:07d}", "title": "A", "title_type": "movie", "is_adult": n == 3, "genres": ["Drama"]}
        for n in range(18)
    ]
    publish(home, silver.TITLES, *titles)
    return of_lake(Settings(home=home), sets.no_session, 1)


@pytest.fixture(scope="module")
def on_spark(spark: SparkSession) -> DataFrame:
    columns = ("event_id", "user_id", "title_id", "event_type", "value", "occurred_at")
    schema = "event_id string, user_id string, title_id string, event_type string, value double, occurred_at timestamp"
    return spark.createDataFrame([tuple(event[name] for name in columns) for event in EVENTS], schema)


def test_the_lake_divided_in_memory_is_what_a_night_divides_on_spark(lake: Interactions, on_spark: DataFrame) -> None:
    split = temporal.split(lake, 1)

    cutoff = temporal.find_cutoff(on_spark, Settings().holdout_share)
    with gather(on_spark, (cutoff,), Weighing()) as known:
        table = known.training_set(cutoff).table
        users = [row["user_id"] for row in known.viewers.select("user_id", "viewer").orderBy("viewer").collect()]
        wanted = temporal.hold_out(known.histories(cutoff), on_spark, cutoff, event_weight(Weighing()) > 0)
        judged = {row["user_id"]: row for row in wanted.collect()}
    assert split.training.as_of == cutoff
    assert split.training.title_ids.to_pylist() == known.title_ids.to_pylist()
    theirs = {(users[row["viewer"]], row["title"]): row for row in table.to_pylist()}
    ours = {(lake.user_ids[row["viewer"]].as_py(), row["title"]): row for row in split.training.table.to_pylist()}
    assert ours.keys() == theirs.keys()
    for key, row in ours.items():
        # In memory ages are of whole seconds.
        assert row["weight"] == pytest.approx(theirs[key]["weight"], abs=1e-5)
        assert row["rating"] == theirs[key]["rating"]
        assert abs(row["last_at"] - theirs[key]["last_at"].astimezone(UTC)) < timedelta(seconds=1)
    for row in split.viewers.to_pylist():
        assert row["held_out"] == judged[row["user_id"]]["held_out"]
        assert row["title_ids"] == judged[row["user_id"]]["title_ids"]
        assert row["weights"] == pytest.approx(judged[row["user_id"]]["weights"], abs=1e-5)
    assert split.viewers.num_rows == len(judged) > 5


def test_lists_of_the_lake_leave_out_what_served_lists_do(lake: Interactions) -> None:
    assert "tt0000003" not in temporal.split(lake, 1).listable.to_pylist()
    assert len(temporal.split(lake, 1).listable) == 17


def test_an_event_of_the_lake_that_is_no_rating_is_positive_by_its_weight(lake: Interactions) -> None:
    learned = replay_time.split(lake, 1).training.table

    kinds = {(e["user_id"], e["title_id"]): set[str]() for e in EVENTS}
    for event in EVENTS:
        kinds[event["user_id"], event["title_id"]].add(event["event_type"])
    only_dislikes = {pair for pair, kind in kinds.items() if kind <= {"dislike", "dismiss"}}
    pairs = {(lake.user_ids[r["viewer"]].as_py(), lake.title_ids[r["title"]].as_py()) for r in learned.to_pylist()}
    assert only_dislikes
    assert not pairs & only_dislikes


def test_the_rule_of_lists_says_the_same_in_memory_and_on_spark(spark: SparkSession) -> None:
    as_of = START.date()
    days = (None, as_of, as_of + timedelta(days=1))
    rows = [
        (f"t{n}", kind, adult, day, year, status)
        for n, (kind, adult, day, year, status) in enumerate(
            (kind, adult, day, year, status)
            for kind in ("movie", "tvSeries", "videoGame")
            for adult in (True, False)
            for day in days
            for year in (None, as_of.year, as_of.year + 1)
            for status in (None, "Released", "Planned")
        )
    ]
    schema = "title_id string, title_type string, is_adult boolean, release_date date, release_year int, release_status string"
    titles = spark.createDataFrame(rows, schema)

    for allowed in (Allowed(), Allowed(("movie",), adult=True)):
        found = listable_titles(titles.toArrow(), as_of, allowed)

        assert found.to_pylist() == [row["title_id"] for row in titles.where(is_listable(as_of, allowed)).collect()]
        assert 0 < len(found) < len(rows)


def test_a_set_brings_its_genres_and_decades(tmp_path: Path) -> None:
    data = of_set(write_folder(tmp_path / "ml", MOVIELENS), Settings(), sets.no_session, 1)

    assert data.catalogue is not None
    assert set(data.catalogue.schema.names) == set(silver.TITLE_PROFILES.column_names)
    by_id = {row["title_id"]: row for row in data.catalogue.to_pylist()}
    assert (by_id["movielens:10"]["genres"], by_id["movielens:10"]["decade"]) == (["Comedy", "Drama"], 1990)
    assert (by_id["movielens:20"]["genres"], by_id["movielens:20"]["decade"]) == ([], None)
    assert "movielens:40" in by_id  # nobody rated it
    assert data.title_ids.to_pylist() == ["movielens:10", "movielens:20", "movielens:30"]


def test_a_title_of_a_later_decade_may_not_be_listed(tmp_path: Path) -> None:
    data = of_set(write_folder(tmp_path / "ml", MOVIELENS), Settings(), sets.no_session, 1)
    known = np.array([1], dtype=np.int32)

    assert data.listable(known, datetime(1999, 1, 1, tzinfo=UTC)).to_pylist() == ["movielens:20", "movielens:10"]
    assert len(data.listable(known, datetime(2005, 1, 1, tzinfo=UTC))) == 4


def test_what_a_model_learns_from_never_needs_a_session(tmp_path: Path) -> None:
    data = sets.of(tmp_path / "set", sets.random_ratings(20, 20, 8))

    training = training_set(data, data.pairs(), START, None)

    assert training.histories.seen.nnz == 160
    with pytest.raises(AssertionError, match="a Spark session was asked for"):
        _ = training.preferences


def test_a_lake_without_interactions_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="silver.interactions"):
        of_lake(Settings(home=tmp_path), sets.no_session, 1)
    publish(tmp_path, silver.INTERACTIONS)
    publish(tmp_path, silver.TITLES)
    with pytest.raises(JobError, match="nothing was evaluated: silver.interactions is empty; deliver event logs"):
        of_lake(Settings(home=tmp_path), sets.no_session, 1)


def test_numbers_follow_ids_whatever_the_order_of_events(lake: Interactions) -> None:
    assert lake.user_ids.to_pylist() == sorted(lake.user_ids.to_pylist())
    assert isinstance(lake.title_ids, pa.Array)
    assert np.all(np.diff(lake.seconds) >= 0)
