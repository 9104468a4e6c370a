"""The questions that docs/analysts.md answers: each block of the page is run as it stands, and finds something."""

import json
import math
import re
import runpy
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.lakehouse.views import views_for
from jobs.tables import Table, gold, ops, silver
from tests.cli.small_lake import publish
from tests.rows import filled

PAGE = (Path(__file__).parents[2] / "docs" / "analysts.md").read_text(encoding="utf-8")
NIGHT = date(2026, 11, 8)
BEFORE = NIGHT - timedelta(days=1)
AT = datetime(2026, 11, 8, 20, tzinfo=UTC)


def blocks(language: str) -> list[str]:
    """The fenced blocks of the page in a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


QUESTIONS = blocks("sql")
SNIPPETS = blocks("python")
_OF_A_LIST: dict[str, Any] = {
    "source": "personal",
    "model_name": "reelhouse",
    "model_version": 3,
    "model_night": BEFORE,
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose tables hold an answer to every question."""
    home = tmp_path_factory.mktemp("questions") / "var"
    heat = {"title": "Heat", "release_year": 1995, "genres": ["Crime"], "directors": ["Michael Mann"], "decade": 1990}
    counts = {"viewer_count": 40, "monthly_viewer_count": 20, "weekly_viewer_count": 9, "rating_count": 30}
    listed = {"list_count": 2, "best_rank": 1, "median_rank": 1.5, "vote_count": 500, "is_released": True}
    unseen = {
        "viewer_count": 0,
        "monthly_viewer_count": 0,
        "weekly_viewer_count": 0,
        "rating_count": 0,
        "like_count": 0,
    }
    rows: dict[Table, list[dict[str, Any]]] = {
        gold.TITLE_FACTS: [
            {"title_id": "tt1", **heat, **counts, **listed, "mean_rating": 9.0, "average_rating": 8.3},
            *({"title_id": f"tt{n}", **heat, **unseen, **listed, "average_rating": 7.0} for n in range(2, 8)),
        ],
        gold.POPULAR_TITLES: [
            {"category": "genre", "value": "Crime", "window_days": 30, "rank": 1, "title_id": "tt1", "title": "Heat"}
        ],
        gold.VIEWER_PROFILES: [
            {"user_id": "u000042", "list_source": "personal", "first_at": AT, "last_at": AT},
            {"user_id": "u2", "list_source": "popular", "genres": ["Crime"], "first_at": AT, "last_at": AT},
        ],
        gold.SIMILAR_TITLES: [
            {"title_id": "tt1", "kind": kind, "title": "Heat", "similar_title": "Ronin"}
            for kind in ("taste", "content")
        ],
        gold.RECOMMENDATIONS: [
            {"user_id": "u000042", "rank": rank, "title_id": f"tt{rank}", "reason_title_ids": ["tt1"], **_OF_A_LIST}
            for rank in (1, 2)
        ],
        gold.RECOMMENDATION_HISTORY: [
            {"user_id": "u000042", "rank": 1, "title_id": "tt1", "night": BEFORE, **_OF_A_LIST}
        ],
        gold.RECOMMENDATION_CHANGES: [
            {
                "night": NIGHT,
                "user_id": "u2",
                "state": "both",
                "overlap": 0.5,
                "rbo": 0.25,
                "entering_title_ids": ["tt1"],
            }
        ],
        gold.RECOMMENDATION_CHANGE_CAUSES: [
            {"night": NIGHT, "cause": cause, "share": share} for cause, share in (("data", 0.25), ("model", 0.0))
        ],
        gold.LIST_OUTCOMES: [
            {
                "night": BEFORE,
                "rank": 1,
                "source": "personal",
                "listed_count": 8,
                "watched_count": 3,
                "is_complete": True,
            }
        ],
        silver.PREFERENCES: [{"user_id": "u2", "title_id": "tt1", "weight": 1.5, "rating": 9.0, "last_at": AT}],
        silver.INTERACTIONS: [
            {"user_id": "u000042", "title_id": "tt1", "occurred_at": AT, "month": NIGHT.replace(day=1)}
        ],
        ops.QUARANTINE: [{"table_name": "silver.titles", "reasons": ["title:match_regex"], "state": "set_aside"}],
        ops.REFUSALS: [{"table_name": "silver.titles", "problems": ["too few"], "refused_at": AT}],
    }
    for table, some in rows.items():
        publish(home, table, *(filled(table, row) for row in some), night=NIGHT)
    return home


@pytest.fixture(scope="module")
def answered_by_spark(spark: SparkSession, home: Path) -> Iterator[SparkSession]:
    """The session, with every table under its address, by the page's own lines."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home.parent)
        run_snippet(next(one for one in SNIPPETS if "CREATE TABLE" in one), home.parent, spark)
    yield spark
    for layer in ("silver", "gold", "ops"):
        spark.sql(f"DROP DATABASE {layer} CASCADE")


def run_snippet(text: str, folder: Path, spark: SparkSession | None = None) -> dict[str, Any]:
    """Run a block of Python in the folder that holds ``var``; what it named."""
    file = folder / "snippet.py"
    file.write_text(text, encoding="utf-8")
    return runpy.run_path(str(file), init_globals={"spark": spark} if spark else None)


def comparable(value: object) -> object:
    """A value as both engines may have it: sums of DuckDB are wider, and times of Spark have no zone."""
    if isinstance(value, list | tuple):
        return [comparable(one) for one in value]
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat()
    if isinstance(value, bool | str | None):
        return value
    if isinstance(value, date):
        return value.isoformat()
    number = float(str(value))
    return "NaN" if math.isnan(number) else round(number, 6)


def test_the_page_answers_ten_questions_and_more() -> None:
    assert len(re.findall(r"^### .*\?$", PAGE, re.MULTILINE)) >= 10
    assert len(QUESTIONS) >= 10


@pytest.mark.parametrize("question", QUESTIONS, ids=range(len(QUESTIONS)))
def test_both_engines_answer_a_question_alike(answered_by_spark: SparkSession, home: Path, question: str) -> None:
    answer = views_for(str(home / "lake"), question).ask(question)
    by_duckdb = [comparable(row) for row in answer.rows]
    found = answered_by_spark.sql(question)
    by_spark = [comparable(list(row)) for row in found.collect()]

    assert by_duckdb, "nothing was found"
    assert (by_spark, found.columns) == (by_duckdb, list(answer.columns))


@pytest.mark.parametrize("snippet", [one for one in SNIPPETS if "spark" not in one])
def test_python_on_the_page_runs(home: Path, snippet: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home.parent)

    named = run_snippet(snippet, home.parent)

    tables = [len(value) for name, value in named.items() if type(value).__name__ in {"DataFrame", "Table"}]
    assert all(tables), "a frame is empty"


def test_the_command_on_the_page_runs(home: Path) -> None:
    (command,) = (one for one in blocks("sh") if one.startswith("reelhouse sql"))

    assert len(list(views_for(str(home / "lake"), command).ask(json.loads(command.partition("sql ")[2])).rows)) == 7
