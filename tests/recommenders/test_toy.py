"""Adding a model takes one file; tests/trials/test_recommenders.py runs the jobs with it."""

import sys
from datetime import date
from pathlib import Path
from types import ModuleType

import mlflow
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from jobs import recommenders
from jobs.errors import JobError
from jobs.settings import Settings
from jobs.tracking import registry, runs
from tests.recommenders import toy
from tests.recommenders.planted import SIZE, likes, planted


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The recommenders, as if toy.py were in their folder."""
    monkeypatch.setattr(recommenders, "__path__", [*recommenders.__path__, str(Path(toy.__file__).parent)])
    # Forgotten again when the test ends.
    monkeypatch.setitem(sys.modules, "jobs.recommenders.toy", toy)
    return recommenders


def test_is_found_and_checks_its_own_parameters(added: ModuleType) -> None:
    assert "toy" in recommenders.names()
    assert recommenders.parameters_of("toy", {"shrinkage": "2.5"}) == toy.Parameters(shrinkage=2.5)
    with pytest.raises(JobError, match="recommender toy: shrink is none of its parameters, did you mean shrinkage"):
        recommenders.parameters_of("toy", {"shrink": "1"})


def test_is_fitted_registered_and_loaded_by_mlflow(
    spark: SparkSession, added: ModuleType, settings: Settings, tmp_path: Path
) -> None:
    parameters = recommenders.parameters_of("toy", {})
    recommenders.save("toy", recommenders.find("toy").fit(planted(spark), parameters), tmp_path / "model")
    circumstances = runs.Circumstances(
        date(2026, 3, 1), "toy", recommenders.values_of(parameters), runs.shaping(settings), {}
    )
    with runs.training(settings, circumstances) as run_id:
        logged = runs.log_model(circumstances, run_id, tmp_path / "model", metrics={}, tags={})
    registry.register(settings, logged)
    champion = registry.require_champion(settings)

    model = mlflow.pyfunc.load_model(f"models:/{registry.MODEL_NAME}@champion")
    known = [(f"u{u:02d}", f"t{t:02d}", 1.0) for u in range(SIZE) for t in range(SIZE) if likes(u, t)]
    lists = model.predict(pd.DataFrame(known, columns=["user_id", "title_id", "weight"]))

    assert (champion.recommender, champion.parameters) == ("toy", {"shrinkage": 1.0})
    first = lists[lists["rank"] == 1]
    assert [title[1:] for title in first["title_id"]] == [user[1:] for user in first["user_id"]]
