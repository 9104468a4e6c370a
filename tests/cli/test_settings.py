"""Settings: what the environment gives, and what is refused of it."""

import re
from pathlib import Path

import pytest

from jobs.settings import Settings, from_environment, probably_meant
from tests.cli.small_lake import Run, home, refused, run

__all__ = ["home", "run"]


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("REELHOUSE_LIST_LENGTH", "many", "REELHOUSE_LIST_LENGTH is 'many': Input should be a valid integer"),
        ("REELHOUSE_LIST_LENGTH", "0", "REELHOUSE_LIST_LENGTH is '0': Input should be greater than or equal to 1"),
        ("REELHOUSE_WEIGHING__HALF_LIFE_DAYS", "-1", "REELHOUSE_WEIGHING__HALF_LIFE_DAYS is '-1'"),
        ("REELHOUSE_LISTED_TITLE_TYPES", "movie,serial", "REELHOUSE_LISTED_TITLE_TYPES"),
        ("REELHOUSE_TODAY", "tomorrow", "REELHOUSE_TODAY is 'tomorrow'"),
        ("REELHOUSE_RECOMENDER", "ease", "REELHOUSE_RECOMENDER is no setting, did you mean REELHOUSE_RECOMMENDER?"),
        ("REELHOUSE_WEIGHTING__VIEW", "2", "did you mean REELHOUSE_WEIGHING__VIEW?"),
        ("REELHOUSE_WEIGHING_HALF_LIFE_DAYS", "9", "did you mean REELHOUSE_WEIGHING__HALF_LIFE_DAYS?"),
        ("REELHOUSE_RECOMMENDER_PARAMETERS_RANK", "9", "did you mean REELHOUSE_RECOMMENDER_PARAMETERS__RANK?"),
        (
            "REELHOUSE_GATE__LIN",
            "9",
            "error: nothing was done: REELHOUSE_GATE__LIN is no setting, did you mean REELHOUSE_GATE__LINE?; set it",
        ),
        ("REELHOUSE_GATE__ZZZ", "9", "REELHOUSE_GATE__ZZZ is '9': Extra inputs are not permitted"),
    ],
)
def test_a_wrong_setting_costs_one_line_that_names_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)

    assert says in refused(run("tables"))


def test_kinds_of_titles_are_given_as_a_list_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELHOUSE_LISTED_TITLE_TYPES", "tvSeries, movie,movie")

    assert from_environment().listed_title_types == ("movie", "tvSeries")
    assert not {"tvEpisode", "videoGame"} & set(Settings().listed_title_types)


def test_every_variable_that_is_read_anywhere_is_known(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[2]
    kinds = ("dags/*.py", "infra/**/*", "tests/trials/*.py", "tests/benchmarks/*.py", ".ci/*", "*.yaml", "Makefile")
    files = [file for kind in kinds for file in root.glob(kind) if file.is_file() and file.suffix != ".pyc"]
    read = {name for file in files for name in re.findall(r"REELHOUSE_[A-Z_]*[A-Z]", file.read_text(encoding="utf-8"))}

    assert {"REELHOUSE_FETCH", "REELHOUSE_REAL_DATA", "REELHOUSE_DRIVER_MEMORY", "REELHOUSE_FERNET_KEY"} <= read
    assert {name: meant for name in read if (meant := probably_meant(name))} == {}
    for name in ("SOMEBODY_ELSES", "MLFLOW_SERVICE_HOST", "AIRFLOW_PASSWORD", "HOME_DIR", "WORKER_MEMORY"):
        monkeypatch.setenv(f"REELHOUSE_{name}", "1")
    assert run("tables").exit_code == 0
