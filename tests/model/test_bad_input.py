"""A night without enough to learn or to judge: a line says what did not happen and what to do, and nothing serves of it."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import mlflow
import pytest
from pyspark.sql import SparkSession

from jobs.errors import JobError
from jobs.model import champion
from jobs.recommenders import ease
from jobs.settings import Settings
from jobs.tables import silver
from jobs.tracking import proposals, registry, tunings, versions
from tests.cli.small_lake import publish
from tests.model.test_champion import NIGHT, propose, train
from tests.model.test_champion import home_of as planted_home
from tests.recommenders.planted import SIZE
from tests.rows import filled

EARLIER, LATER = datetime(2026, 2, 1, 20), datetime(2026, 3, 1, 20)
View = tuple[str, str, datetime]
"""Viewer, title, when."""
QUICK = {"recommender": "popularity", "recommender_parameters": {"half_life_days": "9"}}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One store for all nights that are refused: making one takes seconds."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}"


def home_of(folder: Path, views: Sequence[View], **differing: Any) -> Settings:
    """A home with some views, the newest two fifths of which are held out, and their titles."""
    settings = Settings(home=folder, holdout_share=0.4).model_copy(update=QUICK | differing)
    events: list[dict[str, Any]] = [
        {"event_id": str(n), "user_id": user, "title_id": title, "event_type": "view", "value": None, "occurred_at": at}
        for n, (user, title, at) in enumerate(views)
    ]
    named = sorted({title for _, title, _ in views})
    profiles: list[dict[str, Any]] = [{"title_id": title} for title in named]
    titles: list[dict[str, Any]] = [{"title_id": title, "is_adult": title.startswith("adult")} for title in named]
    for table, rows in ((silver.INTERACTIONS, events), (silver.TITLES, titles), (silver.TITLE_PROFILES, profiles)):
        publish(folder, table, *(filled(table, row) for row in rows), night=NIGHT)
    delivered = settings.landing / "interactions" / NIGHT.isoformat()
    delivered.mkdir(parents=True)
    (delivered / "log.jsonl").touch()
    return settings


REFUSES = {"recommender": "rating_als", "recommender_parameters": {}}
"""Cannot be fitted: nobody rated anything. Another line than its own was found before anything was fitted."""
A_FEW = [*(("u", title, EARLIER) for title in "abc"), ("u", "d", LATER), ("u", "e", LATER)]


@pytest.mark.parametrize(
    ("views", "differing", "line"),
    [
        ([], {}, "silver.interactions is empty; deliver event logs and run `reelhouse night`"),
        ([("u", title, EARLIER) for title in "abc"], {}, "silver.interactions spans no time to hold out; deliver more"),
        (
            [*((user, "a", EARLIER) for user in "uvw"), ("u", "a", LATER), ("v", "a", LATER)],
            REFUSES,
            "no viewer liked a new title in the held-out part of silver.interactions; deliver more events, or raise",
        ),
        (
            [("u", "adult 1", EARLIER), ("u", "adult 2", LATER)],
            REFUSES,
            "none of the 2 titles in silver.interactions may be listed: on 2026-03-01 all are of kinds that are not listed, for",
        ),
        (A_FEW, REFUSES, "recommender rating_als: no model was fitted: nobody rated anything"),
        (
            A_FEW,
            {"recommender": "als", "recommender_parameters": {"rank": "0"}},
            "recommender als: rank=0: Input should be greater than or equal to 1; it has rank, ",
        ),
    ],
    ids=[
        *("no interactions", "no interactions in the window", "one title", "no title for a list"),
        *("named, and cannot be fitted", "a parameter out of range"),
    ],
)
def test_says_in_a_line_why_no_model_was_trained(
    spark: SparkSession, tmp_path: Path, store: str, views: Sequence[View], differing: dict[str, Any], line: str
) -> None:
    settings = home_of(tmp_path, views, mlflow_uri=store, **differing)

    with pytest.raises(JobError) as refused:
        train(settings, spark)

    assert str(refused.value).startswith(f"no model was trained: {line}")
    assert registry.champion(settings) is None
    assert not list((settings.root / "work").iterdir())


def test_mlflow_that_is_not_there_is_told_in_a_line_before_anything_is_started(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    settings = home_of(tmp_path, A_FEW, mlflow_uri="http://127.0.0.1:9")

    for asks in (lambda: train(settings, spark), lambda: versions.promote(settings, 1, "ada", "why not")):
        with pytest.raises(JobError, match=r"MLflow \(http.* does not answer .*; nothing was changed: mend it and run"):
            asks()

    assert not (settings.root / "work").exists()


def test_of_one_viewer_and_fewer_titles_than_lists_hold_a_model_is_made_and_judged(
    spark: SparkSession, tmp_path: Path
) -> None:
    settings = home_of(tmp_path, A_FEW)

    (outcome,) = train(settings, spark)

    champion = registry.require_champion(settings)
    assert (outcome.state, outcome.rows) == ("published", 5)
    assert "\n" not in outcome.note
    assert (champion.recommender, champion.metrics["judged_viewers"]) == ("popularity", 1.0)
    # What was wanted had no viewer before: no list that may be served could hold it.
    assert champion.metrics["ndcg_at_10"] == 0.0


def test_what_a_search_proposed_that_cannot_be_made_any_more_is_closed_and_said(store: str, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", mlflow_uri=store)
    for number, (name, given) in enumerate([("of_yesterday", {}), ("als", {"of_yesterday": 1})]):
        search = tunings.Search(name, {}, "temporal", "", {"silver.interactions": 1}, seed=1)
        with tunings.searching(settings, search, resumes=False) as run:
            (tmp_path / str(number)).mkdir()
            run.log_found(given, {"ndcg_at_10": 1.0}, tmp_path / str(number))
            run.propose()

        found, refused = champion._proposed(settings)

        assert found is None
        assert len(refused) == 1
        assert "of_yesterday" in refused[0]
        assert proposals.newest(settings) is None


def test_a_proposal_that_cannot_be_fitted_leaves_the_first_night_to_popularity_and_is_not_tried_again(
    spark: SparkSession, tmp_path: Path
) -> None:
    settings = home_of(tmp_path / "home", A_FEW, recommender_parameters={}, recommender="")
    propose(settings, "rating_als", {}, tmp_path / "search")

    (outcome,) = train(settings, spark)

    assert outcome.note.startswith("popularity serves: ")
    assert outcome.note.endswith(
        "; challenger rating_als was not fitted: nobody rated anything; set REELHOUSE_RECOMMENDER"
    )
    assert registry.require_champion(settings).recommender == "popularity"
    assert proposals.newest(settings) is None
    (failed,) = mlflow.search_runs(
        experiment_names=["nightly-training"], filter_string="attributes.status = 'FAILED'", output_format="list"
    )
    assert failed.data.tags["recommender"] == "rating_als"
    assert (failed.data.tags["role"], failed.data.tags["verdict"]) == ("challenger", "refused")
    assert failed.data.tags["mlflow.note.content"] == failed.data.tags["reason"]
    assert failed.data.tags["reason"] in outcome.note


def test_a_challenger_that_cannot_be_fitted_on_all_events_leaves_the_contest_and_the_champion_stays(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EASE takes all titles but the newest: it is judged, would wait for a person, and cannot be made."""
    settings = planted_home(tmp_path / "home")
    train(settings, spark)
    monkeypatch.setattr(ease, "MOST_TITLES", SIZE + 1)
    propose(settings, "ease", {"reg_param": 1.0}, tmp_path / "search")

    (outcome,) = train(settings, spark)

    assert (outcome.state, outcome.version) == ("kept", 1), "it has nothing new to learn from"
    assert outcome.note.startswith("nDCG@10 1.000, popularity ")
    assert f"; challenger ease was not fitted: {SIZE + 2} titles would take" in outcome.note
    assert [one.recommender for one in versions.versions(settings)] == ["als"]
    assert proposals.newest(settings) is None
    (failed,) = mlflow.search_runs(
        experiment_names=["nightly-training"], filter_string="attributes.status = 'FAILED'", output_format="list"
    )
    assert (failed.data.tags["recommender"], failed.data.tags["verdict"]) == ("ease", "refused")
