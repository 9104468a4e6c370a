"""model.champion: a whole training on planted truth, judged beside popularity, registered, repeatable."""

import math
import sqlite3
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from pyspark.sql import SparkSession
from scipy.sparse import csr_matrix

from jobs import recommenders
from jobs.errors import JobError
from jobs.lakehouse.outcome import Outcome
from jobs.recommenders import als
from jobs.runs.job import Sessions, run_job
from jobs.scoring.histories import Histories
from jobs.scoring.top_n import top_titles
from jobs.settings import Settings
from jobs.tables import silver
from jobs.tracking import registry, runs, tunings, versions
from tests.cli.small_lake import publish
from tests.recommenders.planted import SIZE, genre_of, likes
from tests.rows import filled
from tests.runs.test_night import Told

NIGHT = date(2026, 3, 1)
WATCHED, WANTED = datetime(2026, 2, 1, 20), datetime(2026, 3, 1, 20)
ADULT = "a_title_for_adults"
"""Comes before every other in order of title_id, and more viewers know it than any other."""
KNOW_THE_ADULT_TITLE = range(SIZE // 2 + 1)
NEW, NEWCOMER = "u_title_of_the_last_evening", 99
"""A title that nobody knew before, watched by a viewer without a history."""
COLD = {"v_even_and_unwatched": "Even", "w_odd_and_unwatched": "Odd", "x_unlike_all": "None", "y_unlike_all": "None"}
"""Titles that only the catalogue knows, with their genres."""
READ = {"silver.interactions", "silver.titles", "silver.title_profiles"}
SMALL: dict[str, Any] = {"rank": "4", "reg_param": "0.05", "alpha": "10", "iterations": "6", "seed": "3"}


def home_of(folder: Path) -> Settings:
    """A home whose viewers like titles of their own kind, and on the last evening find the one they had not seen."""
    before = [(u, f"t{t:02d}") for u in range(SIZE) for t in range(SIZE) if likes(u, t)]
    before += [(u, ADULT) for u in KNOW_THE_ADULT_TITLE]
    after = [(u, f"t{u:02d}") for u in range(SIZE)] + [(NEWCOMER, NEW)]
    share = len(after) / (len(before) + len(after))
    settings = Settings(home=folder, recommender_parameters=SMALL, holdout_share=share)
    seen = [(*one, WATCHED) for one in before] + [(*one, WANTED) for one in after]
    events: list[dict[str, object]] = [
        {"event_id": f"{u}-{title}", "user_id": f"u{u:02d}", "title_id": title, "event_type": "view", "value": None}
        | {"occurred_at": at}
        for u, title, at in seen
    ]
    titles: list[dict[str, object]] = [{"title_id": f"t{t:02d}"} for t in range(SIZE)]
    titles += [{"title_id": ADULT, "is_adult": True}, {"title_id": NEW}]
    titles += [{"title_id": title} for title in COLD]
    genres = {f"t{t:02d}": genre_of(f"t{t:02d}") for t in range(SIZE)} | COLD
    profiles = [{"title_id": title, "genres": [genre], "keywords": [genre]} for title, genre in genres.items()]
    publish(folder, silver.INTERACTIONS, *(filled(silver.INTERACTIONS, event) for event in events), night=NIGHT)
    publish(folder, silver.TITLES, *(filled(silver.TITLES, title) for title in titles), night=NIGHT)
    publish(folder, silver.TITLE_PROFILES, *(filled(silver.TITLE_PROFILES, one) for one in profiles), night=NIGHT)
    delivered = settings.landing / "interactions" / NIGHT.isoformat()
    delivered.mkdir(parents=True, exist_ok=True)
    (delivered / "log.jsonl").touch()
    return settings


def train(settings: Settings, spark: SparkSession, told: Told | None = None) -> list[Outcome]:
    return run_job(settings, "model.champion", NIGHT, "test", Sessions(settings, watcher=told, spark=spark))


@pytest.fixture(autouse=True)
def nothing_is_held(spark: SparkSession) -> None:
    """Let go of what tests of other modules asked the session to keep."""
    spark.catalog.clearCache()


def is_holding_rows(spark: SparkSession) -> bool:
    """Whether the session keeps any rows that somebody asked it to keep."""
    return not spark._jsparkSession.sharedState().cacheManager().isEmpty()


def popularity_ndcg() -> float:
    """What popularity reaches, by hand.

    All titles that may be listed had equally many viewers, so everybody is given those they have not seen in order of
    title_id: before their own come the titles of the other kind with a smaller number.
    """
    ranks = [1 + sum(other % 2 != u % 2 for other in range(u)) for u in range(SIZE)]
    return sum(1 / math.log2(1 + rank) for rank in ranks) / SIZE


@dataclass(frozen=True)
class Trained:
    """A home in which a night was trained."""

    settings: Settings
    outcomes: list[Outcome]
    champion: registry.Champion
    steps: list[tuple[str, str]]


@pytest.fixture(scope="module")
def trained(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    settings = home_of(tmp_path_factory.mktemp("trained"))
    outcomes = train(settings, spark, told := Told())
    return Trained(settings, outcomes, registry.require_champion(settings), told.steps)


def test_registers_what_was_learned_with_all_that_it_was_made_of(trained: Trained) -> None:
    champion = trained.champion

    (outcome,) = trained.outcomes
    assert (outcome.name, outcome.state, outcome.version, outcome.rows) == ("model.champion", "published", 1, SIZE + 2)
    assert (champion.version, champion.night, champion.recommender) == (1, NIGHT, "als")
    given = {"rank": 4, "reg_param": 0.05, "alpha": 10.0, "iterations": 6, "seed": 3}
    assert champion.parameters == asdict(als.Parameters()) | given
    assert champion.inputs == dict.fromkeys(READ, 1)
    run = mlflow.get_run(champion.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["rank"] == "4"
    assert run.data.tags["split"] == "global temporal, from 2026-03-01T20:00:00+00:00"
    assert run.inputs is not None
    assert {used.dataset.name for used in run.inputs.dataset_inputs} == READ
    own = {name: value for name, value in champion.metrics.items() if not name.startswith("popularity_")}
    assert {name: run.data.metrics[name] for name in own} == own


def test_is_judged_on_lists_without_adult_titles_beside_popularity(trained: Trained) -> None:
    """By hand: on lists with the title for adults, who does not know it would find theirs a rank later by popularity."""
    metrics = trained.champion.metrics

    assert metrics["ndcg_at_10"] == pytest.approx(1.0)
    assert metrics["recall_at_10"] == pytest.approx(1.0)
    assert metrics["precision_at_10"] == pytest.approx(0.1)
    assert metrics["popularity_ndcg_at_10"] == pytest.approx(popularity_ndcg())
    assert metrics["coverage_at_10"] == pytest.approx(SIZE / (SIZE + 1)), "nobody could know the newest title"
    assert metrics["judged_viewers"] == SIZE


def test_what_serves_was_learned_from_all_events_most_popular_first(trained: Trained) -> None:
    folder = registry.model_folder(trained.settings, trained.champion.version)

    assert recommenders.load(folder).title_ids.to_pylist() == [ADULT, *(f"t{t:02d}" for t in range(SIZE)), NEW]


def test_the_same_night_again_is_unchanged_and_needs_no_session(trained: Trained) -> None:
    without = Sessions(Settings(spark_master="no such master"))

    (outcome,) = run_job(trained.settings, "model.champion", NIGHT, "test", without)

    assert (outcome.state, outcome.version) == ("unchanged", 1)


def test_training_twice_on_the_same_gives_the_same_model(spark: SparkSession, trained: Trained, tmp_path: Path) -> None:
    settings = home_of(tmp_path / "again")
    train(settings, spark)
    again = registry.require_champion(settings)

    first, second = (registry.model_folder(one, 1) for one in (trained.settings, settings))
    assert {f.name: f.read_bytes() for f in first.iterdir()} == {f.name: f.read_bytes() for f in second.iterdir()}
    untimed = [
        {name: value for name, value in one.metrics.items() if name != "training_seconds"}
        for one in (trained.champion, again)
    ]
    assert untimed[0] == untimed[1]
    assert not is_holding_rows(spark)


def test_every_model_is_a_run_of_its_own_with_the_same_figures_and_a_card(trained: Trained) -> None:
    mlflow.set_tracking_uri(trained.settings.tracking_uri)
    found = mlflow.search_runs(
        experiment_names=["nightly-training"], filter_string="attributes.status = 'FINISHED'", output_format="list"
    )

    tracked = {run.info.run_name: run for run in found if run.data.tags["night"] == str(NIGHT)}
    titles = ("als", "all-time popularity", "recent popularity", "decayed popularity")
    names = {f"{title} {NIGHT}" for title in titles}
    assert names <= set(tracked)
    figures = {"ndcg_at_10", "ndcg_at_10_low", "ndcg_at_10_high", "coverage_at_10", "recall_at_10"}
    for name in names:
        assert figures <= set(tracked[name].data.metrics)
        heading, _, figure, *_ = tracked[name].data.tags["mlflow.note.content"].splitlines()
        assert heading == f"# {name.removesuffix(f' {NIGHT}')}"
        assert figure.startswith("**nDCG@10**"), "the page shows the first lines only"
        assert (tracked[name].info.end_time or 0) - tracked[name].info.start_time >= 1000 * tracked[name].data.metrics[
            "fit_seconds"
        ]
    assert tracked[f"als {NIGHT}"].data.tags["verdict"] == "promoted"
    experiment = mlflow.get_experiment_by_name("nightly-training")
    assert experiment is not None
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"


def test_a_training_tells_of_each_step_as_it_begins(trained: Trained) -> None:
    models = ["als", *(f"{one} popularity" for one in ("all-time", "recent", "decayed"))]
    steps = ["gathering what viewers did", *(f"fitting {model}" for model in models), f"judging {'; '.join(models)}"]
    steps += ["fitting als, on everything", "drawing, logging and registering"]
    assert trained.steps == [("model.champion", step) for step in steps]


def test_what_was_decided_is_a_page_to_read(trained: Trained) -> None:
    page = (trained.settings.root / "docs" / "data-docs" / "model.champion" / f"{NIGHT}.html").read_text()

    assert '<h2>als: <span class="promoted">promoted</span></h2>' in page
    assert "above the best popularity" in page
    assert page.count("data:image/png;base64,") == 2, "both find every film, so there is no picture of gains"


def test_another_recipe_waits_for_a_person_and_a_champion_without_news_stays(
    spark: SparkSession, tmp_path: Path
) -> None:
    """Of so few viewers nobody can tell whether another recipe is better."""
    settings = home_of(tmp_path)
    train(settings, spark)
    other = settings.model_copy(update={"recommender_parameters": SMALL | {"rank": "5"}})

    (outcome,) = train(other, spark)

    assert (outcome.state, outcome.version) == ("kept", 1)
    assert f"figures: {tmp_path}/docs/data-docs/model.champion/{NIGHT}.html" in outcome.note
    assert "als, challenger waits: fewer than 200 viewers were judged" in outcome.note
    assert "reelhouse promote 2 --reason" in outcome.note
    waiting, champion = versions.versions(other)[0], registry.require_champion(other)
    assert (waiting.version, waiting.verdict, waiting.waits) == (2, "waits", True)
    assert champion.parameters["rank"] == 4
    versions.promote(other, 2, "ada", "wide enough")
    promoted = versions.versions(other)[0]
    assert (promoted.promoted_by, promoted.reason) == ("ada", "wide enough")
    assert (promoted.serves, promoted.waits) == (True, False)
    assert registry.require_champion(other).parameters["rank"] == 5
    (again,) = train(other, spark)
    assert (again.state, again.version) == ("unchanged", 2), "decided already"
    home_of(tmp_path)
    (newer,) = train(other, spark)
    assert (newer.state, newer.version) == ("published", 3), "the events were published anew"
    assert registry.require_champion(other).parameters["rank"] == 5


def test_a_content_model_challenges_and_lists_titles_that_nobody_has_watched(
    spark: SparkSession, tmp_path: Path
) -> None:
    settings = home_of(tmp_path).model_copy(
        update={"recommender": "content_tfidf", "recommender_parameters": {"directors": "0"}}
    )

    (outcome,) = train(settings, spark)

    champion = registry.require_champion(settings)
    assert (outcome.state, champion.recommender) == ("published", "content_tfidf")
    model = recommenders.load(registry.model_folder(settings, champion.version))
    names = model.title_ids.to_pylist()
    assert names == [ADULT, *(f"t{t:02d}" for t in range(SIZE)), NEW, *COLD]
    taste = np.array([[name in {"t00", "t02"} for name in names]], dtype=np.float32)
    _, position, *_ = top_titles(model, Histories.of(csr_matrix(taste)), 5)
    assert [names[at] for at in position] == ["t04", "t06", "t08", "t10", "v_even_and_unwatched"]
    assert champion.metrics["ndcg_at_10"] == pytest.approx(1.0)
    # The first ten are the 7 unseen and 3 of those that nobody has watched: the last counts as little as it is listed. The
    # newest title counts, and nobody could know it.
    assert champion.metrics["coverage_at_10"] == pytest.approx((SIZE + 3) / (SIZE + 1 + 3))


def propose(settings: Settings, name: str, given: dict[str, object], folder: Path) -> None:
    """What a search on the lake ends with."""
    search = tunings.Search(name, {}, "temporal", "", {"silver.interactions": 1}, seed=1)
    folder.mkdir()
    with tunings.searching(settings, search, resumes=False) as run:
        run.log_found(recommenders.values_of(recommenders.parameters_of(name, given)), {"ndcg_at_10": 1.0}, folder)
        run.propose()


def test_popularity_serves_until_what_a_search_proposes_is_tried_on_the_same_night(
    spark: SparkSession, tmp_path: Path
) -> None:
    settings = home_of(tmp_path / "home").model_copy(update={"recommender_parameters": {}})
    propose(settings, "popularity", {"half_life_days": 9}, tmp_path / "first")

    (outcome,) = train(settings, spark)

    champion = registry.require_champion(settings)
    assert outcome.note.startswith("popularity serves: nDCG@10 ")
    assert outcome.note.endswith("; REELHOUSE_RECOMMENDER names none, popularity was tried")
    assert (champion.recommender, champion.popularity) == ("popularity", "recent")
    assert champion.metrics["ndcg_at_10"] == champion.metrics["popularity_ndcg_at_10"]

    propose(settings, "als", SMALL, tmp_path / "second")
    (again,) = train(settings, spark)

    assert (again.state, again.version) == ("published", 2)
    assert "als, challenger promoted: above the best popularity" in again.note
    assert registry.require_champion(settings).parameters["rank"] == 4
    (once_more,) = train(settings, spark)
    assert (once_more.state, once_more.version) == ("unchanged", 2), "what was decided is not tried again"


LOSES_MLFLOW = """
import os
import sqlite3

from pydantic.dataclasses import dataclass

from jobs.recommenders import popularity


@dataclass(frozen=True)
class Parameters:
    pass


def fit(training, parameters):
    with sqlite3.connect(os.environ["OF_MLFLOW"]) as store:
        store.execute("ALTER TABLE params RENAME TO gone")
    return popularity.fit(training, popularity.Parameters())
"""


def test_mlflow_gone_in_the_middle_promotes_nothing_and_its_run_is_closed_as_failed(
    spark: SparkSession, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = trained.settings.tracking_uri.removeprefix("sqlite:///")
    (tmp_path / "losing.py").write_text(LOSES_MLFLOW)
    monkeypatch.setenv("OF_MLFLOW", database)
    monkeypatch.setattr(recommenders, "__path__", [*recommenders.__path__, str(tmp_path)])
    settings = trained.settings.model_copy(update={"recommender": "losing", "recommender_parameters": {}})

    with pytest.raises(
        JobError, match=r"no model was promoted: MLflow \(sqlite:.*mend it and run `reelhouse run model"
    ):
        train(settings, spark)
    with sqlite3.connect(database) as store:
        store.execute("ALTER TABLE gone RENAME TO params")

    assert registry.champion(settings) == trained.champion
    runs.close_left_open(settings)
    (failed,) = mlflow.search_runs(
        experiment_names=["nightly-training"], filter_string="tags.recommender = 'losing'", output_format="list"
    )
    assert failed.info.status == "FAILED"


FAILS = '''
"""Learns nothing."""

from pydantic.dataclasses import dataclass


@dataclass(frozen=True)
class Parameters:
    """None."""


def fit(training, parameters):
    """Fail once rows are held."""
    training.preferences.count()
    raise ArithmeticError("did not converge")
'''


def test_a_fit_that_fails_leaves_the_champion_as_it_was_and_holds_no_rows(
    spark: SparkSession, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "diverging.py").write_text(FAILS)
    monkeypatch.setattr(recommenders, "__path__", [*recommenders.__path__, str(tmp_path)])
    settings = trained.settings.model_copy(update={"recommender": "diverging", "recommender_parameters": {}})

    with pytest.raises(ArithmeticError, match="did not converge"):
        train(settings, spark)

    assert registry.champion(settings) == trained.champion
    assert not is_holding_rows(spark)
    assert not list((settings.root / "work").iterdir())
    (failed,) = mlflow.search_runs(
        experiment_names=["nightly-training"], filter_string="tags.recommender = 'diverging'", output_format="list"
    )
    assert failed.info.status == "FAILED"


def test_weights_that_are_all_zero_leave_the_champion_as_it_was_and_hold_no_rows(
    spark: SparkSession, trained: Trained
) -> None:
    """Views say nothing: the training fails when its rows are held."""
    silent = {"view": 0.0, "complete": 0.0}
    settings = trained.settings.model_copy(
        update={"weighing": trained.settings.weighing.model_copy(update=silent), "recommender": "popularity"}
        | {"recommender_parameters": {}}
    )

    with pytest.raises(
        JobError,
        match="no model was trained: nothing before 2026-03-01 20:00 says what a viewer likes, all its weights",
    ):
        train(settings, spark)

    assert registry.champion(settings) == trained.champion
    assert not is_holding_rows(spark)
