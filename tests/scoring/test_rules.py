"""Which titles may be listed."""

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from jobs.lakehouse.views import Views
from jobs.scoring.rules import Allowed, excluded_positions, find_listable
from jobs.scoring.sources import titles_for_lists, viewers_by_title
from jobs.tables import silver
from tests.cli.small_lake import publish
from tests.rows import filled, rows_of

NIGHT = date(2026, 3, 1)
TITLES: list[tuple[str, dict[str, Any], bool]] = [
    ("plain", {}, True),
    ("adult", {"is_adult": True}, False),
    ("episode", {"title_type": "tvEpisode"}, False),
    ("game", {"title_type": "videoGame"}, False),
    ("series", {"title_type": "tvSeries"}, True),
    ("this_year", {"release_year": 2026}, True),
    ("next_year", {"release_year": 2027}, False),
    ("today", {"release_date": NIGHT, "release_year": 2026}, True),
    ("tomorrow", {"release_date": date(2026, 3, 2), "release_year": 2026}, False),
    ("planned", {"release_status": "Planned"}, False),
    ("released", {"release_status": "Released", "release_year": 1995}, True),
]


@pytest.fixture(scope="module")
def listable(spark: SparkSession) -> set[str]:
    titles = rows_of(
        spark, silver.TITLES, [{"title_id": title, "title_type": "movie"} | facts for title, facts, _ in TITLES]
    )
    asked = pa.array(["not in silver.titles", *(title for title, _, _ in TITLES[:-1])])
    return set(find_listable(titles, asked, NIGHT, Allowed()).to_pylist())


@pytest.mark.parametrize(("title", "is_listed"), [(title, is_listed) for title, _, is_listed in TITLES[:-1]])
def test_lists_what_is_released_and_not_adult(listable: set[str], title: str, is_listed: bool) -> None:
    assert (title in listable) == is_listed


def test_answers_for_the_titles_asked_and_only_those_that_silver_knows(listable: set[str]) -> None:
    assert not {"not in silver.titles", "released"} & listable


def test_what_is_not_listable_is_excluded_by_position() -> None:
    found = excluded_positions(pa.array(["a", "b", "c"]), pa.array(["c", "a", "other"]))

    assert found.tolist() == [1]


def test_titles_that_may_not_be_listed_take_no_place_of_those_that_fill_lists(tmp_path: Path) -> None:
    titles = [{"title_id": "adult", "is_adult": True, "vote_count": 9}, {"title_id": "plain", "vote_count": 1}]
    publish(tmp_path, silver.TITLES, *(filled(silver.TITLES, title) for title in titles))
    publish(tmp_path, silver.PREFERENCES)
    views = Views(str(tmp_path / "lake"), (silver.TITLES, silver.PREFERENCES))

    found = titles_for_lists(views, viewers_by_title(views, NIGHT), pa.array([], pa.string()), NIGHT, 1, Allowed())

    assert found["title_id"].to_pylist() == ["plain"]
