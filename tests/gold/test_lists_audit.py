"""What the audit of the lists lets through, and what it never does: each fault is put in, and what is served stays."""

import math
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from expectations.gold.recommendations import SUITE
from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.lakehouse.refusals import newest
from jobs.settings import Limits, Settings
from jobs.tables import gold, silver
from tests.cli.small_lake import publish
from tests.rows import filled, rows_of

NIGHT, NEXT = date(2026, 3, 1), date(2026, 3, 2)
VIEWERS, TITLES = 120, 40
Row = dict[str, Any]
Change = Callable[[list[Row]], list[Row]]


def row(viewer: str, rank: int, title: str, source: str = "personal", night: date = NIGHT) -> Row:
    told = {
        "user_id": viewer,
        "rank": rank,
        "title_id": title,
        "source": source,
        "model_score": None,
        "score": 1 / rank,
    }
    told |= {"model_score": 1 / rank} if source == "personal" else {}
    return told | {"model_night": NIGHT, "night": night, "model_name": "reelhouse", "reasons": "because"}


def lists(night: date, shift: int = 1) -> list[Row]:
    """Two titles for every viewer, behind the one that the viewer knows; and for everybody else."""
    personal = [
        row(f"u{n:03}", rank, f"t{(n + shift + rank - 1) % TITLES}", night=night)
        for n in range(VIEWERS)
        for rank in (1, 2)
    ]
    return [*personal, row("*", 1, "t0", "popular", night), row("*", 2, "t1", "popular", night)]


def offered(spark: SparkSession, rows: list[Row]) -> DataFrame:
    return rows_of(spark, gold.RECOMMENDATIONS, rows)


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake that serves lists nobody can object to."""
    home = tmp_path_factory.mktemp("lists")
    titles: list[Row] = [{"title_id": f"t{n}"} for n in range(TITLES)]
    titles += [{"title_id": "adult", "is_adult": True}, {"title_id": "tomorrow", "release_date": NEXT + timedelta(1)}]
    titles += [{"title_id": "next year", "release_year": 2027}, {"title_id": "rumoured", "release_status": "Rumored"}]
    titles += [{"title_id": "game", "title_type": "videoGame"}, {"title_id": "blocked"}, {"title_id": "last day"}]
    rules: list[Row] = [{"rule": "block", "title_id": "blocked", "from_date": NEXT}]
    rules += [{"rule": "block", "title_id": "last day", "from_date": NIGHT, "until_date": NEXT}]
    rules += [{"rule": "block", "title_id": "t3", "from_date": NIGHT, "until_date": NIGHT - timedelta(1)}]
    known: list[Row] = [{"user_id": f"u{n:03}", "title_id": f"t{n % TITLES}"} for n in range(VIEWERS)]
    known += [{"user_id": "u000", "title_id": "adult", "weight": 0.0}]
    publish(home, silver.TITLES, *(filled(silver.TITLES, one) for one in titles))
    publish(home, silver.TITLE_RULES, *(filled(silver.TITLE_RULES, one) for one in rules))
    publish(home, silver.PREFERENCES, *(filled(silver.PREFERENCES, one) for one in known))
    lake = Lake(spark, Settings(home=home, list_length=2, limits=Limits(coverage=0.2, title_share=0.5)), run="test")
    first = lake.publish(offered(spark, lists(NIGHT)), SUITE, NIGHT)
    assert first.note == "overlap: no baseline: nothing is served yet"
    return lake


def change(**told: Any) -> Change:
    """Change the first row."""
    return lambda rows: [rows[0] | told, *rows[1:]]


def every(rank: int, *, title: str) -> Change:
    """Put a title on a rank of everybody's list."""
    return lambda rows: [
        one | {"title_id": title} if one["rank"] == rank and one["source"] == "personal" else one for one in rows
    ]


def old(rows: list[Row]) -> list[Row]:
    return [one | {"model_night": NEXT - timedelta(days=31)} for one in rows]


FAULTS: dict[str, tuple[Change, str]] = {
    "seen": (change(title_id="t0"), "no list has a title of its viewer's history"),
    "unreleased": (change(title_id="tomorrow"), "every listed title is released by the night"),
    "unreleased by its year": (change(title_id="next year"), "every listed title is released by the night"),
    "unreleased by its status": (change(title_id="rumoured"), "every listed title is released by the night"),
    "of a kind that is not allowed": (change(title_id="adult"), "every listed title is of a kind that may be listed"),
    "of a kind that is not listed": (change(title_id="game"), "every listed title is of a kind that may be listed"),
    "blocked": (change(title_id="blocked"), "no listed title is blocked on the night"),
    "blocked for the last night": (change(title_id="last day"), "no listed title is blocked on the night"),
    "unknown": (change(title_id="unheard of"), "every listed title is known"),
    "popular before personal": (change(source="popular", model_score=None), "personal titles come first"),
    "missing viewer": (lambda rows: rows[2:], "every viewer, and \\* for everybody else, has a list"),
    "nobody else": (lambda rows: rows[:-2], "every viewer, and \\* for everybody else, has a list"),
    "short list": (lambda rows: rows[:1] + rows[2:], "which is short only where no other title is left"),
    "gap": (lambda rows: [rows[0], rows[1] | {"rank": 3}, *rows[2:]], "ranks from 1 without gaps"),
    "rank twice": (change(rank=2), "user_id, rank is unique"),
    "title twice": (change(title_id="t2"), "no list has a title twice"),
    "rising score": (change(score=0.25, model_score=0.25), "scores never rise down a source of a list"),
    "score of nobody": (change(score=2.0), "a score is what the model said and what rules added"),
    "personal by no model": (change(model_score=None), "a score is what the model said and what rules added"),
    "too many reasons": (
        change(reason_title_ids=["t0"] * 4, reason_contributions=[0.25] * 4), "a reason is at most 3 titles",
    ),
    "reason that was not liked": (
        change(reason_title_ids=["adult"], reason_contributions=[0.25]), "a reason is one that the viewer liked",
    ),
    "no number": (change(score=math.nan), "1 of 242 rows break score:be_between"),
    "an old model": (old, "days since the night that the model was trained for is at most 30: does not hold, found 31"),
    "few titles": (
        lambda rows: every(2, title="t21")(every(1, title="t20")(rows)),
        "titles that viewers know on any personal list is at least 0.2: does not hold, found 0.05",
    ),
    "one title on all lists": (every(2, title="t39"), "the title that most of them have is at most 0.5"),
    "other lists": (lambda _: lists(NEXT, shift=20), "in the same viewer's top 10 again is at least 0.1: does not hold, found 0"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_and_what_is_served_stays(lake: Lake, spark: SparkSession, fault: str) -> None:
    put_in, words = FAULTS[fault]
    root = lake.settings.lake
    before = ledger.version(root, gold.RECOMMENDATIONS), count_of_refusals(root)

    with pytest.raises(JobError, match=words):
        lake.publish(offered(spark, put_in(lists(NEXT))), SUITE, NEXT)

    assert (ledger.version(root, gold.RECOMMENDATIONS), count_of_refusals(root) - 1) == before
    assert any(words.replace("\\", "") in problem for problem in newest(root)[gold.RECOMMENDATIONS.name, NEXT].problems)


def test_the_same_lists_are_published_with_what_was_observed_of_each_limit(lake: Lake, spark: SparkSession) -> None:
    outcome = lake.publish(offered(spark, lists(NEXT)), SUITE, NEXT)

    assert (outcome.state, outcome.note) == ("published", "")
    entry = ledger.latest(lake.settings.lake, gold.RECOMMENDATIONS)
    assert entry is not None
    observed = {name: told["found"] for name, told in entry.limits.items()}
    assert observed == {
        "coverage": 1.0, "gini": pytest.approx(0.0), "title_share": 0.05, "overlap": 1.0, "model_age_days": 1.0,
        "rows": len(lists(NEXT)),
    }  # fmt: skip
    assert {name for name, told in entry.limits.items() if told["state"] != "holds"} == {"rows"}, "no baseline yet"


def count_of_refusals(root: str) -> int:
    delta = DeltaTable(f"{root}/ops/refusals") if DeltaTable.is_deltatable(f"{root}/ops/refusals") else None
    return delta.count() if delta else 0
