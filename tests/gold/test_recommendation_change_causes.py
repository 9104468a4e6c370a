"""gold.recommendation_change_causes: why the lists of two nights differ; and a list of either, made again."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from jobs.answers.changes import READS, night_changes
from jobs.answers.changes_page import page_address
from jobs.answers.reproducing import Reproduced, Row, reproduce
from jobs.cli.app import app
from jobs.errors import GoneError, JobError
from jobs.gold import recommendation_change_causes, recommendation_changes
from jobs.lakehouse.lake import Lake
from jobs.lakehouse.ledger import Entry
from jobs.lakehouse.views import Views
from jobs.recommenders.als import Model, Parameters
from jobs.scoring.remaking import Past, Recipe
from jobs.settings import Settings
from jobs.tables import gold, silver
from jobs.tracking import registry
from jobs.version import code_hash
from tests.cli.small_lake import Run, publish
from tests.rows import filled
from tests.tracking.registered import register

ONE, TWO = date(2026, 3, 1), date(2026, 3, 2)
TITLES = [f"t{n}" for n in range(12)]
VIEWERS = [f"u{n:02}" for n in range(20)]
LENGTH = 3


def model(seed: int) -> Model:
    """Titles in no order that another seed has."""
    drawn = np.random.default_rng(seed).normal(size=(8, 3)).astype(np.float32)
    return Model(pa.array(TITLES[:8]), drawn, Parameters(rank=3))


def publish_inputs(home: Path) -> None:
    """A catalogue, what twenty viewers know of it, and a blocked title."""
    facts: dict[str, Any] = {"is_adult": False, "title_type": "movie"}
    titles = [
        {"title_id": title, "title": title, "genres": ["Drama" if n % 2 else "Comedy"], "vote_count": n, **facts}
        for n, title in enumerate(TITLES)
    ]
    at = datetime(2026, 2, 20, tzinfo=UTC)
    known = {
        (user, TITLES[(n * k) % 11]): {"weight": float(k % 3), "last_at": at - timedelta(days=9 * k)}
        for n, user in enumerate(VIEWERS)
        for k in range(1, 4)
    }
    rows = [{"user_id": user, "title_id": title, **told} for (user, title), told in known.items()]
    profiles = [{key: title[key] for key in ("title_id", "genres")} for title in titles]
    publish(home, silver.TITLES, *(filled(silver.TITLES, title) for title in titles))
    publish(home, silver.TITLE_PROFILES, *(filled(silver.TITLE_PROFILES, one) for one in profiles))
    publish(home, silver.PREFERENCES, *(filled(silver.PREFERENCES, row) for row in rows))
    publish(home, silver.TITLE_RULES, {"rule": "block", "title_id": "t3", "from_date": date(1970, 1, 1)})


@pytest.fixture(scope="module")
def nights(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Lists of two nights of the same data, as tests/gold/test_recommendations.py shows that the job makes them.

    The second night has another model.
    """
    folder = tmp_path_factory.mktemp("nights")
    settings = Settings(home=folder / "home", list_length=LENGTH)
    publish_inputs(settings.root)
    inputs = {f"silver.{name}": 1 for name in ("preferences", "titles", "title_profiles", "title_rules")}
    shaped = settings.model_dump(mode="json", include=set(gold.RECOMMENDATIONS.settings))
    kept: list[dict[str, Any]] = []
    for version, night in ((1, ONE), (2, TWO)):
        register(settings, folder / f"model-{version}", night, model(version))
        account: dict[str, Any] = {
            "inputs": inputs | {"model.champion": version},
            "settings": shaped,
            "code": code_hash(),
        }
        entry = Entry(night=night, table="", version=version, at=datetime.now(UTC), offered=0, published=0, **account)
        past = Past(settings.lake, partial(registry.kept_folder, settings), [*VIEWERS, "*"], explains=True)
        told = {"model_name": "reelhouse", "model_version": version, "model_night": night, "night": night}
        lists = [row | told for row in past.lists(Recipe.of(settings.lake, entry)).to_pylist()]
        kept += lists
        publish(settings.root, gold.RECOMMENDATIONS, *lists, night=night, **account)
        history = {"inputs": {"gold.recommendations": version}, "replaced": [str(night)]}
        publish(settings.root, gold.RECOMMENDATION_HISTORY, *kept, night=night, **history)
    lake = Lake(spark, settings, run="test")
    for job in (recommendation_changes, recommendation_change_causes):
        job.run(lake, TWO)
    return lake


def causes(lake: Lake) -> dict[str, dict[str, Any]]:
    rows = DeltaTable(f"{lake.settings.lake}/gold/recommendation_change_causes").to_pyarrow_table().to_pylist()
    return {row["cause"]: row for row in rows}


def test_names_the_model_where_only_the_model_is_another(nights: Lake) -> None:
    found = causes(nights)

    assert found.keys() == {"data", "model", "rules", "code"}
    total = found["model"]["total"]
    assert total > 0.1
    assert {cause: row["share"] for cause, row in found.items()} == pytest.approx(
        {"data": 0.0, "model": total, "rules": 0.0, "code": 0.0}, abs=1e-9
    )
    assert (found["model"]["was"], found["model"]["became"]) == ("version 1", "version 2")
    # The day is another: so much older is what viewers did.
    assert {cause for cause, row in found.items() if row["is_changed"]} == {"data", "model"}
    assert {row["viewer_count"] for row in found.values()} == {20}


def test_the_shares_are_of_what_the_changes_say(nights: Lake) -> None:
    changes = night_changes(Views(nights.settings.lake, READS))

    assert changes.why is not None
    assert changes.why.viewer_count == 20
    overlaps = nights.read(gold.RECOMMENDATION_CHANGES, TWO).where("user_id <> '*'").collect()
    assert changes.why.total == pytest.approx(1 - np.mean([row["overlap"] for row in overlaps]))
    assert changes.why.rbo_total == pytest.approx(1 - np.mean([row["rbo"] for row in overlaps]))


def test_writes_a_page_of_the_night(nights: Lake) -> None:
    page = page_address(nights.settings.root, TWO)

    assert "the new model" in page.read_text(encoding="utf-8")
    assert nights.outcomes[-1].note == f"page: {page}"


def test_the_first_night_has_no_causes_and_no_page(nights: Lake) -> None:
    lake = Lake(nights.spark, nights.settings, run="test")

    recommendation_change_causes.run(lake, ONE)

    assert [(outcome.rows, outcome.note) for outcome in lake.outcomes] == [(0, "")]
    assert not page_address(lake.settings.root, ONE).exists()
    assert len(causes(lake)) == 4, "those of the other night stay"


@pytest.mark.parametrize("night", [ONE, TWO])
@pytest.mark.parametrize("user", ["u03", "u00", "*"])
def test_a_list_of_either_night_is_made_again_as_it_was_served(nights: Lake, user: str, night: date) -> None:
    found = reproduce(nights.settings, user, night)

    assert len(found.served) == LENGTH
    assert (found.verdict, found.differing, found.is_same_code) == ("equal", [], True)
    assert found.other_reasons == 0
    assert all(row.reasons for row in found.made)
    assert found.made_of["model"] == f"version {night.day}"


def test_a_list_that_nobody_was_served_is_not_made_again(nights: Lake) -> None:
    with pytest.raises(JobError, match="does not keep 2026-02-01; it has 2 nights, from 2026-03-01 to 2026-03-02"):
        reproduce(nights.settings, "u03", date(2026, 2, 1))
    with pytest.raises(JobError, match="no list was made again: nobody had none on 2026-03-01"):
        reproduce(nights.settings, "nobody", ONE)


@pytest.mark.parametrize("has_columns", [True, False])
def test_lists_that_did_not_say_where_titles_come_from_are_not_made_again(
    nights: Lake, tmp_path: Path, *, has_columns: bool
) -> None:
    home = tmp_path / "home"
    shutil.copytree(nights.settings.root / "lake", home / "lake")
    history = home / "lake" / "gold" / "recommendation_history"
    kept = DeltaTable(history).to_pyarrow_table()
    later = {"source", "reason_title_ids", "reason_contributions", "reasons"}
    if has_columns:
        rows = [row | dict.fromkeys(later if row["night"] == ONE else ()) for row in kept.to_pylist()]
        publish(home, gold.RECOMMENDATION_HISTORY, *rows, night=TWO, replaced=[str(TWO)])
    else:
        shutil.rmtree(history)
        write_deltalake(history, kept.drop_columns(sorted(later)), partition_by=["night"])
    settings = Settings(home=home, list_length=LENGTH)

    with pytest.raises(
        JobError, match="lists of 2026-03-01 were made before lists said where titles come from and why"
    ):
        reproduce(settings, "u03", ONE)


@pytest.fixture
def tampered(nights: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Commands on a copy of the nights in which somebody has changed what u03 was served on the second one."""
    home = tmp_path / "home"
    shutil.copytree(nights.settings.root, home)
    rows = DeltaTable(home / "lake" / "gold" / "recommendation_history").to_pyarrow_table().to_pylist()
    for row in rows:
        if (row["user_id"], row["night"], row["rank"]) == ("u03", TWO, 2):
            row |= {"title_id": "another", "score": -7.0, "reasons": "because"}
    account = {"inputs": {"gold.recommendations": 2}, "replaced": [str(TWO)]}
    publish(home, gold.RECOMMENDATION_HISTORY, *rows, night=TWO, **account)
    monkeypatch.setenv("REELHOUSE_HOME", str(home))
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_the_command_ends_well_only_where_both_lists_are_equal(tampered: Run) -> None:
    equal, different = (tampered("reproduce", "--user", user, "--night", str(TWO)) for user in ("u04", "u03"))

    assert (equal.exit_code, different.exit_code) == (0, 1)
    assert "equal: every place holds the same title" in equal.stdout
    assert "model: version 2" in equal.stdout
    assert "rules: 1 block, 0 boosts, list_length 3" in equal.stdout
    assert "different in 1 place; its inputs are those that the ledger names" in different.stdout
    assert next(line.split()[:2] for line in different.stdout.splitlines() if "another" in line) == ["2", "another"]


def test_titles_of_equal_score_may_stand_in_another_order() -> None:
    served = (Row(1, "a", "personal", 0.5, None), Row(2, "b", "personal", 0.4999999, None))
    swapped = (Row(1, "b", "personal", 0.5, None), Row(2, "a", "personal", 0.4999999, None))
    popular = (Row(1, "a", "personal", 0.5, None), Row(2, "b", "popular", 0.4999999, None))
    further = (Row(1, "b", "personal", 0.5, None), Row(2, "a", "personal", 0.4, None))
    verdicts = [
        Reproduced("u", ONE, {}, "", "", is_same_code=True, served=served, made=made).verdict
        for made in (served, swapped, popular, further, served[:1])
    ]

    assert verdicts == ["equal", "ties", "different", "different", "different"]


def test_another_title_of_the_same_score_is_a_tie_only_at_the_end() -> None:
    def rows(*titles: str) -> tuple[Row, ...]:
        return tuple(
            Row(rank, title, "personal", score, None)
            for rank, (title, score) in enumerate(zip(titles, (0.9, 0.5, 0.5), strict=True), start=1)
        )

    verdicts = [
        Reproduced("u", ONE, {}, "", "", is_same_code=True, served=rows(*"abc"), made=rows(*made)).verdict
        for made in ("abd", "acd", "xbc")
    ]

    assert verdicts == ["ties", "ties", "different"]


@pytest.fixture
def without_the_first_model(nights: Lake, tmp_path: Path) -> Iterator[Lake]:
    """The nights once the files of the first model are gone."""
    kept = nights.settings.root / "mlflow" / "artifacts"
    first = min(kept.rglob("factors.npy"), key=lambda file: file.stat().st_mtime).parent
    shutil.move(first, tmp_path / "away")
    yield Lake(nights.spark, nights.settings, run="test")
    shutil.move(tmp_path / "away", first)


def test_without_the_model_of_the_night_before_the_night_says_why_it_does_not_know(
    without_the_first_model: Lake,
) -> None:
    lake = without_the_first_model

    recommendation_change_causes.run(lake, TWO)

    assert causes(lake) == {}
    note = lake.outcomes[-1].note
    assert note.startswith("what made the difference to 2026-03-01 is not known: ")
    assert "reelhouse version 1 are not kept any more" in note
    assert night_changes(Views(lake.settings.lake, READS)).why is None
    with pytest.raises(GoneError, match="u03 of 2026-03-01 cannot be made again: .*reelhouse version 1"):
        reproduce(lake.settings, "u03", ONE)
