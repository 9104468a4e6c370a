"""What a job has to do, decided without Spark: nothing, unless something is not as it was when it last published."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from jobs.runs.decisions import Decision, decide
from jobs.settings import Settings, Weighing
from jobs.tables import TABLES, bronze, gold, job_inputs, silver
from jobs.version import code_hash
from tests.cli.small_lake import publish
from tests.programs import run_python

ONE, TWO, THREE = (date(2026, 3, day) for day in (1, 2, 3))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with events of three days, and preferences of the second made from interactions of the second."""
    settings = Settings(home=tmp_path)
    for day in (ONE, TWO, THREE):
        folder = settings.landing / "interactions" / day.isoformat()
        folder.mkdir(parents=True)
        (folder / "log.jsonl").touch()
    publish(tmp_path, silver.INTERACTIONS, night=TWO)
    publish_preferences(tmp_path)
    return settings


def publish_preferences(home: Path, **differing: Any) -> None:
    account: dict[str, Any] = {
        "night": TWO,
        "inputs": {"silver.interactions": 1},
        "settings": Settings().model_dump(mode="json", include={"weighing"}),
        "code": code_hash(),
    }
    publish(home, silver.PREFERENCES, **account | differing)


def state(settings: Settings, night: date, job: str = "silver.preferences") -> tuple[str, date]:
    decision: Decision = decide(settings, job, night)
    return (decision.idle[0].state if decision.idle else "to do"), decision.night


def test_what_is_as_it_was_made_is_unchanged(settings: Settings) -> None:
    assert silver.PREFERENCES.settings == ("weighing",)
    assert state(settings, TWO) == ("unchanged", TWO)


def test_an_older_night_without_news_is_superseded(settings: Settings) -> None:
    assert state(settings, ONE) == ("superseded", TWO)


def test_a_later_night_is_to_do(settings: Settings) -> None:
    assert state(settings, THREE) == ("to do", THREE)


@pytest.mark.parametrize(
    "differing",
    [
        {"inputs": {"silver.interactions": None}},
        {"inputs": {"silver.interactions": 7}},
        {"inputs": {}},
        {"settings": {}},
        {"code": "of another version"},
        {"night": ONE},
    ],
    ids=str,
)
def test_what_was_made_in_any_other_way_is_to_do(settings: Settings, differing: dict[str, Any]) -> None:
    publish_preferences(settings.root, **differing)

    assert state(settings, TWO) == ("to do", TWO)


def test_a_newer_version_of_an_input_is_news_for_an_older_night_too(settings: Settings) -> None:
    publish(settings.root, silver.INTERACTIONS, night=THREE)

    assert state(settings, ONE) == ("to do", THREE), "built as of the night that its input carries"


def test_another_value_of_a_setting_that_shapes_it_is_to_do(settings: Settings) -> None:
    other = settings.model_copy(update={"weighing": Weighing(view=3.0)})
    elsewhere = settings.model_copy(update={"list_length": 7, "spark_master": "local[7]"})

    assert state(other, TWO) == ("to do", TWO)
    assert state(elsewhere, TWO) == ("unchanged", TWO)


def test_a_table_made_without_an_input_is_made_again_when_it_comes(settings: Settings) -> None:
    absent = {table.name: None for table in silver.TITLE_LINKS.inputs}
    shaped = settings.model_dump(mode="json", include=set(silver.TITLE_LINKS.settings))
    publish(settings.root, silver.TITLE_LINKS, night=TWO, inputs=absent, settings=shaped, code=code_hash())
    assert state(settings, TWO, "silver.title_links") == ("unchanged", TWO)

    publish(settings.root, bronze.MOVIELENS_LINKS, night=TWO)

    assert state(settings, TWO, "silver.title_links") == ("to do", TWO)


def test_a_night_for_which_nothing_was_delivered_builds_nothing(settings: Settings) -> None:
    (idle,) = decide(settings, "silver.titles", date(2026, 3, 9)).idle

    assert (idle.state, idle.note) == ("stale", "nothing was delivered for 2026-03-09")
    assert state(settings, date(2026, 3, 9), "bronze.imdb")[0] == "stale"


def test_nothing_heavy_is_imported_to_find_that_nothing_is_to_be_done(settings: Settings) -> None:
    for table in TABLES:
        if table.layer in {"silver", "gold"} and table not in (silver.INTERACTIONS, silver.PREFERENCES):
            publish(settings.root, table, night=ONE)
    lists = gold.RECOMMENDATIONS.name
    program = (
        "import sys; from datetime import date; from jobs.runs.decisions import decide; from jobs.settings import Settings\n"
        "import jobs.runs.night\n"
        f"for job in {[job for job in job_inputs() if job not in {'model.champion', lists}]}:\n"
        "    decide(Settings(), job, date(2026, 3, 2))\n"
        "heavy = {'pyspark', 'great_expectations', 'mlflow', 'pandas', 'scipy', 'duckdb'} & set(sys.modules)\n"
        "print('heavy:', sorted(heavy))\n"
    )

    ended = run_python(program, settings.root)

    assert (ended.returncode, ended.stdout) == (0, "heavy: []\n"), ended.stderr
