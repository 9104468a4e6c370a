"""Evaluations in MLflow: runs that are open while they work, and what is read back of them."""

from contextlib import suppress
from dataclasses import replace

import pytest

from jobs.errors import JobError
from jobs.evaluation import results
from jobs.settings import Settings
from jobs.tracking import evaluations
from jobs.tracking.evaluations import Asked

ASKED = Asked("ease", "temporal", "the lake", "12345678", {"reg_param": 300.0}, 0)
SAID = {"k": 10, "seeds": 1, "viewers": 25.0}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("evaluations"))


def evaluate(settings: Settings, asked: Asked, ndcg: float) -> None:
    with evaluations.evaluating(settings, asked) as run:
        run.log({"ndcg_at_10": ndcg, "fit_seconds": 1.0}, [asked.parameters], SAID, "card")


def test_the_newest_finished_run_counts_not_the_best_and_failed_ones_never(settings: Settings) -> None:
    evaluate(settings, ASKED, 0.3)
    evaluate(settings, ASKED, 0.2)
    with suppress(ValueError), evaluations.evaluating(settings, ASKED) as run:
        assert run.store.get_run(run.run_id).info.status == "RUNNING"
        raise ValueError

    (found,) = evaluations.results(settings)
    assert found.metrics["ndcg_at_10"] == 0.2
    assert run.store.get_run(run.run_id).info.status == "FAILED"


def test_models_judged_on_other_data_do_not_stand_beside_each_other(settings: Settings) -> None:
    evaluate(settings, replace(ASKED, data="d", recommender="als", digest="old"), 0.9)
    evaluate(settings, replace(ASKED, data="d", digest="new"), 0.1)

    (section,) = [one for one in results.sections(evaluations.results(settings)) if one.data == "d"]
    assert [one.recommender for one in section.results] == ["ease"]


def test_errors_of_ratings_are_ordered_from_the_least(settings: Settings) -> None:
    for name, rmse in (("ease", 1.2), ("rating_als", 0.9)):
        with evaluations.evaluating(settings, replace(ASKED, recommender=name, protocol="kfold-rating")) as run:
            run.log({"rmse": rmse, "rmse_low": 0.8, "rmse_high": 1.3, "mae": 0.7}, [{}], SAID, "card")

    sections = results.sections(evaluations.results(settings))
    (section,) = [one for one in sections if one.protocol == "kfold-rating"]
    assert [one.recommender for one in section.results] == ["rating_als", "ease"]
    assert "| model | RMSE | 95 % interval | MAE |" in results.markdown([section])


def test_hostile_names_mean_nothing_to_markdown(settings: Settings) -> None:
    hostile = "a|b\n<!-- end of results --> <script>`[x](y)` **bold**\u202e"
    evaluate(settings, replace(ASKED, data=hostile, parameters={"parts": hostile}), 0.1)
    found = [one for one in results.sections(evaluations.results(settings)) if "script" in one.data]
    text = results.markdown(found)
    page = results.put(f"{results.BEGIN}\n{results.END}\n", text)

    assert results.put(page, text) == page
    assert "<" not in text
    assert "\u202e" not in text
    (row,) = [line for line in text.splitlines() if line.startswith("| **ease")]
    (head,) = [line for line in text.splitlines() if line.startswith("| model")]
    assert row.replace(r"\|", "").count("|") == head.count("|")
    assert r"\[x\](y)" in row
    assert r"\*\*bold\*\*" in text


def test_parameters_of_more_seeds_than_mlflow_holds_can_still_be_read(settings: Settings) -> None:
    asked = replace(ASKED, data="many seeds", trials=30)
    with evaluations.evaluating(settings, asked) as run:
        run.log({"ndcg_at_10": 0.1}, [{"seed": seed, "parts": "a" * 400} for seed in range(30)], SAID, "card")

    (found,) = [one for one in evaluations.results(settings) if one.data == "many seeds"]
    assert 15 < len(found.parameters) < 30
    assert found.parameters[0] == {"seed": 0, "parts": "a" * 400}


def test_what_was_not_judged_by_what_models_are_ordered_by_comes_last(settings: Settings) -> None:
    of_k = {"ease": "ndcg_at_10", "als": "ndcg_at_5"}
    for name, metric in of_k.items():
        with evaluations.evaluating(settings, replace(ASKED, recommender=name, data="another k")) as run:
            run.log({metric: 0.1}, [{}], SAID, "card")

    sections = results.sections(evaluations.results(settings))
    (section,) = [one for one in sections if one.data == "another k"]
    assert [one.recommender for one in section.results] == ["ease", "als"]


def test_a_store_that_is_gone_is_one_line(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    gone = settings.model_copy(update={"mlflow_uri": "http://127.0.0.1:9"})

    with pytest.raises(JobError, match="the evaluation was not kept: MLflow .* mend it, or add --no-log"):
        evaluate(gone, ASKED, 0.1)
