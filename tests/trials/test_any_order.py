"""Any order of nights, retries, replays, resets and deliveries that come late ends with the same tables and the same champion."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from pyspark.sql import SparkSession

from jobs.runs.job import Sessions
from jobs.runs.night import run_night
from jobs.settings import Settings
from tests.runs.any_order import FEW, IN_ORDER, LATENESS_DAYS, Silent, Step, content, do, histories, replay


def after(history: Sequence[Step], spark: SparkSession) -> dict[str, Any]:
    """What all tables and the champion hold when a history has happened."""
    with TemporaryDirectory(prefix="reelhouse-order-") as folder:
        home = Settings(
            home=Path(folder),
            lateness_days=LATENESS_DAYS,
            list_length=5,
            recommender_parameters={"rank": "2", "iterations": "2"},
        )
        sessions = Sessions(home, spark=spark)

        def run(night: date) -> bool:
            ended = run_night(home, night, "trial", sessions, Silent())
            return all(one.is_done for one in ended)

        replay(history, home.landing, run, partial(do, home, sessions=sessions))
        return content(home)


@pytest.fixture(scope="module")
def in_order(spark: SparkSession) -> dict[str, Any]:
    return after(IN_ORDER, spark)


def test_the_world_fills_what_the_property_is_about(in_order: dict[str, Any]) -> None:
    wanted = ("silver.interactions", "silver.ratings", "gold.recommendations", "gold.popular_titles", "model.champion")
    catalogues = ("bronze.movielens_movies", "bronze.tmdb_movie_ids", "bronze.tmdb_movie_details", "silver.titles")

    assert [name for name in (*wanted, *catalogues) if not in_order.get(name)] == []


@settings(FEW, max_examples=2)
@given(histories())
def test_any_order_ends_with_the_same_tables_and_the_same_champion(
    spark: SparkSession, in_order: dict[str, Any], history: list[Step]
) -> None:
    assert after(history, spark) == in_order
