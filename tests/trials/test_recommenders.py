"""Adding a model takes one file: a copy of the project with a toy in it trains, judges, registers, serves and tests it."""

import os
import re
import shutil
import subprocess
import sys
from ast import literal_eval
from pathlib import Path

import polars as pl
import pytest

from jobs.settings import Settings
from jobs.tables import silver
from jobs.tracking import registry
from tests.architecture.code import PROJECT
from tests.cli.small_lake import publish
from tests.model.test_champion import NIGHT, home_of
from tests.recommenders import toy
from tests.recommenders.planted import SIZE, likes
from tests.rows import filled


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's code as it is, and one file more."""
    copy = tmp_path_factory.mktemp("project")
    for folder in ("jobs", "expectations", "infra", "tests"):
        shutil.copytree(PROJECT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", copy)
    shutil.copy(toy.__file__, copy / "jobs" / "recommenders")
    return copy


@pytest.fixture(scope="module")
def home(project: Path) -> Path:
    """The home of a few viewers with planted tastes, up to the tables that a model is made from."""
    settings = home_of(project / "home")
    rows = [(u, t) for u in range(SIZE) for t in range(SIZE) if likes(u, t)]
    known = [{"user_id": f"u{u:02d}", "title_id": f"t{t:02d}", "weight": 1.0} for u, t in rows]
    publish(settings.root, silver.PREFERENCES, *(filled(silver.PREFERENCES, row) for row in known), night=NIGHT)
    publish(settings.root, silver.TITLE_RULES, night=NIGHT)
    return settings.root


def python(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python on the copy: it, and every worker it starts, finds the copy first."""
    # MLflow writes the store that it was last told of into the environment: that of another trial in this process.
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return subprocess.run(
        [sys.executable, *arguments],
        env=outside | {"PYTHONPATH": str(project), "REELHOUSE_HOME": str(project / "home")} | environment,
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=1500,
    )


def reelhouse(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = "from jobs.cli.app import app; app()"
    return python(project, "-c", command, *arguments, REELHOUSE_RECOMMENDER="toy", **environment)


def test_its_parameters_are_checked_before_anything_is_trained(project: Path, home: Path) -> None:
    wrong = {"REELHOUSE_RECOMMENDER_PARAMETERS__SHRINKAGE": "-1", "REELHOUSE_RECOMMENDER_PARAMETERS__RANK": "8"}

    refused = reelhouse(project, "run", "model.champion", "--night", str(NIGHT), **wrong)

    assert refused.returncode == 1
    assert "recommender toy: rank is none of its parameters; shrinkage=-1: Input should be" in refused.stderr


def test_it_is_trained_judged_registered_and_makes_the_lists(project: Path, home: Path) -> None:
    for job in ("model.champion", "gold.recommendations"):
        done = reelhouse(project, "run", job, "--night", str(NIGHT), REELHOUSE_RECOMMENDER_PARAMETERS__SHRINKAGE="2.5")
        assert done.returncode == 0, done.stderr[-3000:]

    settings = Settings(home=home)
    champion = registry.require_champion(settings)
    assert (champion.recommender, champion.parameters) == ("toy", {"shrinkage": 2.5})
    assert champion.metrics["ndcg_at_10"] > champion.metrics["popularity_ndcg_at_10"] > 0
    folder = registry.model_folder(settings, champion.version)
    assert {file.name for file in folder.iterdir()} == {"recommender.json", "together.npy", "toy.json"}
    lists = pl.read_delta(f"{settings.lake}/gold/recommendations")
    first = lists.filter((pl.col("rank") == 1) & (pl.col("source") == "personal")).sort("user_id")
    assert first["title_id"].to_list() == [f"t{u:02d}" for u in range(SIZE)]
    assert lists["model_version"].unique().to_list() == [1]


def test_mlflow_loads_it(project: Path, home: Path) -> None:
    program = (
        "import mlflow, pandas as pd\n"
        f"mlflow.set_tracking_uri('sqlite:///{home}/mlflow/mlflow.db')\n"
        "model = mlflow.pyfunc.load_model('models:/reelhouse@champion')\n"
        "known = pd.DataFrame({'user_id': ['u'] * 2, 'title_id': ['t02', 't04'], 'weight': [1.0, 1.0]})\n"
        "print(model.predict(known)['title_id'].tolist())\n"
    )

    loaded = python(project, "-c", program)

    assert loaded.returncode == 0, loaded.stderr[-3000:]
    assert set(literal_eval(loaded.stdout)[:4]) == {"t00", "t06", "t08", "t10"}


def test_the_tests_of_every_recommender_test_it_as_they_are(project: Path) -> None:
    tested = python(project, "-m", "pytest", "-q", "-k", "toy", "tests/recommenders/test_recommenders.py")

    assert tested.returncode == 0, tested.stdout[-3000:]
    passed = re.search(r"(\d+) passed", tested.stdout)
    assert passed is not None, tested.stdout
    assert int(passed[1]) >= 6, "a shared test more is no fault of the toy"
