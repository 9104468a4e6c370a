"""Why lists changed: a planted cause is the one that is named."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from jobs import recommenders
from jobs.errors import GoneError
from jobs.evaluation.causes import Shares, find_causes
from jobs.recommenders.als import Model, Parameters
from jobs.scoring.remaking import Past, Recipe
from jobs.tables import silver
from tests.cli.small_lake import preferred, publish
from tests.rows import filled

ONE, TWO = date(2026, 3, 1), date(2026, 3, 2)
TITLES = list("abcdefgh")
VIEWERS = [f"u{n}" for n in range(8)]
AT = datetime(2026, 2, 1, tzinfo=UTC)


def factors(seed: int) -> Model:
    drawn = np.random.default_rng(seed).normal(size=(len(TITLES), 3)).astype(np.float32)
    return Model(pa.array(TITLES), drawn, Parameters(rank=3))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions of what viewers like and of the catalogue, and two models."""
    home = tmp_path_factory.mktemp("causes")
    for shift in (0, 3):
        liked = ((user, TITLES[(n + shift * k) % 8]) for n, user in enumerate(VIEWERS) for k in (0, 1))
        publish(home, silver.PREFERENCES, *(preferred(user, title, 2.0) for user, title in dict.fromkeys(liked)))
        titles = [{"title_id": title, "genres": ["Drama"], "is_adult": False} for title in TITLES]
        publish(home, silver.TITLES, *(filled(silver.TITLES, title) for title in titles))
        publish(home, silver.TITLE_PROFILES, *(filled(silver.TITLE_PROFILES, {"title_id": t}) for t in TITLES))
    for version in (1, 2):
        recommenders.save("als", factors(version), home / f"model-{version}")
    return home


def past(home: Path) -> Past:
    return Past(str(home / "lake"), lambda version: home / f"model-{version}", VIEWERS)


def recipe(data: int = 1, model: int = 1, length: int = 4, blocked: Sequence[str] = ()) -> Recipe:
    rules = json.dumps([{"rule": "block", "title_id": title, "boost": None} for title in blocked])
    return Recipe(ONE if data == 1 else TWO, (data,) * 3, model, f'{{"list_length": {length}}}', rules)


def shares(home: Path, now: Recipe, served: pa.Table | None = None) -> Shares:
    """Causes of the change from the first recipe to another."""
    lists = past(home)
    return find_causes(lists.lists(recipe()) if served is None else served, VIEWERS, recipe(), now, lists.lists)


@pytest.mark.parametrize(
    ("cause", "now"),
    [
        ("data", recipe(data=2)),
        ("model", recipe(model=2)),
        ("rules", recipe(length=7)),
        ("rules", recipe(blocked="abc")),
    ],
)
def test_names_the_only_cause(home: Path, cause: str, now: Recipe) -> None:
    found = shares(home, now)

    assert found.total > 0.1
    assert found.share == pytest.approx(dict.fromkeys(found.share, 0.0) | {cause: found.total})
    assert found.rbo_share == pytest.approx(dict.fromkeys(found.share, 0.0) | {cause: found.rbo_total})


def test_shares_of_several_causes_add_up_to_the_whole(home: Path) -> None:
    found = shares(home, recipe(data=2, model=2, length=5))

    assert sum(found.share.values()) == pytest.approx(found.total, abs=1e-12)
    assert sum(found.rbo_share.values()) == pytest.approx(found.rbo_total, abs=1e-12)
    assert min(abs(found.share[cause]) for cause in ("data", "model", "rules")) > 0
    assert found.share["code"] == 0.0


def test_what_the_code_makes_otherwise_of_the_night_before_is_no_share_of_others(home: Path) -> None:
    served = past(home).lists(recipe())
    others = pa.table({"user_id": served["user_id"], "rank": served["rank"], "title_id": pc_upper(served["title_id"])})

    found = shares(home, recipe(), others)

    assert found.share == {"data": 0.0, "model": 0.0, "rules": 0.0, "code": 1.0}
    assert found.total == 1.0


def pc_upper(titles: pa.ChunkedArray) -> pa.Array:
    """Titles that no list has."""
    return pa.array([title.upper() for title in titles.to_pylist()])


def test_each_mixture_is_made_once(home: Path) -> None:
    lists, asked = past(home), list[Recipe]()

    def made(one: Recipe) -> pa.Table:
        asked.append(one)
        return lists.lists(one)

    find_causes(lists.lists(recipe()), VIEWERS, recipe(), recipe(model=2), made)

    assert sorted(asked, key=str) == sorted({recipe(), recipe(model=2)}, key=str), "data and rules are the same"


def test_all_that_is_gone_is_named(home: Path) -> None:
    def folder_of(version: int) -> Path:
        raise GoneError(f"model {version} is gone")

    with pytest.raises(
        GoneError, match=r"version 9 of silver\.preferences .*version 9 of silver\.titles .*model 5 is gone"
    ):
        Past(str(home / "lake"), folder_of, VIEWERS).require(recipe(data=9, model=5))


def test_a_mixture_takes_new_data_as_of_their_own_night_and_nothing_else() -> None:
    now = recipe(data=2, model=2, length=7, blocked="a")

    assert [recipe().mixed(now, parts) for parts in ((), ("data",), ("model",), ("rules",))] == [
        recipe(), recipe(data=2), recipe(model=2), recipe(length=7, blocked="a"),
    ]  # fmt: skip


def test_a_recipe_says_what_it_is_made_of() -> None:
    told: Mapping[str, str] = {part: recipe(2, 7).in_words(part) for part in ("data", "model", "rules")}

    assert told == {
        "data": "silver.preferences v2, silver.titles v2, silver.title_profiles v2, as of 2026-03-02",
        "model": "version 7",
        "rules": "0 blocks, 0 boosts, list_length 4",
    }
