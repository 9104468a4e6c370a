"""Promises about a table as a whole: what they ask of other tables, and what a person may overrule."""

from datetime import UTC, date, datetime
from pathlib import Path

import great_expectations.expectations as gxe
import pytest
from deltalake import DeltaTable
from pyspark.sql import functions as F

from expectations.suite import Limit, suite
from expectations.usual import Usual
from jobs.errors import JobError
from jobs.lakehouse.commit import open_or_create
from jobs.lakehouse.lake import Lake
from jobs.lakehouse.outcome import Outcome
from jobs.lakehouse.refusals import Acceptance, Refusal, add, newest
from jobs.lakehouse.undoing import plan_rollback, rolled_back, undo
from jobs.settings import Settings
from jobs.tables import Column, Table
from jobs.tables.ops import REFUSALS
from tests.lakehouse.test_publications import DAYS, JANUARY, LATER, NIGHT, SUITE, VISITS, entry_of, ids, visits
from tests.rows import rows_of


def test_a_promise_asks_another_table_at_the_version_that_was_read(lake: Lake) -> None:
    lake.publish(visits(lake, *((name, 1.0, JANUARY) for name in "abc")), SUITE, NIGHT)
    shown = Table(
        name="gold.shown_visits",
        grain="One row per visit that is shown.",
        owner="viewing",
        key=("visit_id",),
        inputs=(VISITS,),
        columns=(Column("visit_id", "string", "The visit.", nullable=False),),
    )
    missing = gxe.UnexpectedRowsExpectation(
        unexpected_rows_query="SELECT visit_id FROM {visits} ANTI JOIN {batch} USING (visit_id) WHERE {night} = '2026-03-01'",
        description="all are shown",
    )
    covering = suite(shown, table=(missing,), once={"visits": "SELECT visit_id FROM silver.visits"})
    lake.read(VISITS, NIGHT)
    lake.publish(visits(lake, ("later", 1.0, JANUARY)), SUITE, LATER)

    with pytest.raises(JobError, match=r"all are shown: does not hold, 2 rows break it \(e\.g\. {\"visit_id\":\"b\"}"):
        lake.publish(rows_of(lake.spark, shown, [{"visit_id": "a"}]), covering, NIGHT)
    counted = lake.count(rows_of(lake.spark, shown, [{"visit_id": name} for name in "abc"]), all_shown=F.count("*"))
    outcome = lake.publish(counted, covering, NIGHT)

    entry = entry_of(lake, shown)
    assert (entry.inputs, entry.counts, outcome.note) == ({"silver.visits": 1}, {"all_shown": 3}, "all shown 3")


def test_what_a_job_remarks_afterwards_is_told_beside_what_it_counted(lake: Lake) -> None:
    counted = lake.count(visits(lake, ("a", 1.0, JANUARY)), seen=F.count("*"))
    lake.publish(counted, SUITE, NIGHT)

    for said in ("two places know", "", "a third does not"):
        lake.remark(said)

    assert [outcome.note for outcome in lake.outcomes] == ["seen 1; two places know; a third does not"]


LIMITED = suite(
    VISITS,
    limits=(
        Limit("coverage", "the share of long visits", "SELECT avg((minutes > 1)::INT) FROM {batch}", is_most=False),
        Limit(
            "overlap",
            "the share of visits that are known",
            "SELECT count(*) / (SELECT count(*) FROM {batch}) FROM {batch} SEMI JOIN silver.visits USING (visit_id)",
            is_most=False,
        ),
    ),
    usual=Usual(least=0.5),
)


def offer(lake: Lake, night: date, *names: str, minutes: float = 2.0) -> Outcome:
    return lake.publish(visits(lake, *((name, minutes, JANUARY) for name in names)), LIMITED, night)


def refused(lake: Lake) -> list[tuple[str, date, list[str], list[str]]]:
    rows = DeltaTable(f"{lake.settings.lake}/{REFUSALS.path}").to_pyarrow_table().to_pylist()
    return sorted((row["table_name"], row["night"], row["problems"], row["limits"]) for row in rows)


def states(lake: Lake) -> dict[str, str]:
    return {name: told["state"] for name, told in entry_of(lake, VISITS).limits.items()}


def test_a_broken_limit_refuses_until_a_person_overrules_it_and_only_what_was_broken(lake: Lake) -> None:
    first = offer(lake, NIGHT, *"abcd")
    assert first.note == "overlap: no baseline: nothing is served yet"
    assert states(lake) == {"coverage": "holds", "overlap": "no baseline", "rows": "no baseline"}

    with pytest.raises(JobError) as said:
        offer(lake, LATER, *"abc", minutes=1.0)
    assert "the share of long visits is at least 0.02: does not hold, found 0;" in str(said.value)
    assert str(said.value).endswith(
        "if that is meant, run `reelhouse accept silver.visits --night 2026-03-02 --reason TEXT`"
    )
    problem = "the share of long visits is at least 0.02: does not hold, found 0"
    assert refused(lake) == [("silver.visits", LATER, [problem], ["coverage"])]
    assert entry_of(lake, VISITS).night == NIGHT

    limits = newest(lake.settings.lake)[VISITS.name, LATER].limits
    lake.accepts = Acceptance("ada", "as we meant it", {VISITS.name: limits})
    with pytest.raises(JobError, match="at least 50% of the rows of the last publication: does not hold, found 1"):
        offer(lake, LATER, "a", minutes=1.0)
    assert newest(lake.settings.lake)[VISITS.name, LATER].limits == ["coverage", "rows"]
    outcome = offer(lake, LATER, *"abc", minutes=1.0)

    assert outcome.note == "accepted by ada (as we meant it): coverage found 0"
    assert states(lake) == {"coverage": "accepted", "overlap": "holds", "rows": "no baseline"}
    assert entry_of(lake, VISITS).accepted["limits"] == {"coverage": "found 0"}
    page = Path(f"{lake.docs}/{VISITS.name}/{LATER}.html").read_text(encoding="utf-8")
    assert '<td class="bad">accepted' in page
    lake.accepts = None
    assert offer(lake, LATER, *"abc").note == ""
    assert entry_of(lake, VISITS).accepted == {}


def test_what_is_served_is_compared_with_what_was_made_in_the_same_way(lake: Lake) -> None:
    lake.compare_by(recipe="one")
    offer(lake, NIGHT, *"abcd")
    with pytest.raises(JobError, match=r"visits that are known is at least 0\.1: does not hold, found 0"):
        offer(lake, LATER, *"efgh")

    lake.compare_by(recipe="two")
    outcome = offer(lake, LATER, *"efgh")

    assert outcome.note == "overlap: no baseline: changed since what is served was made: recipe"
    page = Path(f"{lake.docs}/{VISITS.name}/{LATER}.html").read_text(encoding="utf-8")
    assert '<td class="quiet">no baseline' in page
    assert "changed since what is served was made: recipe" in page


def test_a_broken_promise_beside_a_limit_cannot_be_overruled(lake: Lake) -> None:
    with pytest.raises(JobError) as said:
        offer(lake, NIGHT, "a", "a", minutes=1.0)

    assert "reelhouse accept" not in str(said.value)
    assert refused(lake)[0][3] == []
    # Nor by who overruled the limit on another occasion, nor by naming nothing.
    lake.accepts = Acceptance("ada", "so", {VISITS.name: ["coverage", ""]})
    with pytest.raises(JobError, match="visit_id is unique: does not hold"):
        offer(lake, NIGHT, "a", "a", minutes=1.0)


def test_two_refusals_at_once_both_stay(lake: Lake, settings: Settings) -> None:
    refusals = [
        Refusal("silver.visits", day, ["wrong"], [], "page", "test", "0.1", str(day), datetime(2026, 3, 3, tzinfo=UTC))
        for day in (NIGHT, LATER)
    ]
    first, second = (open_or_create(settings.lake, REFUSALS) for _ in range(2))

    add(first, refusals[:1])
    add(second, refusals[1:])

    assert [night for _, night, *_ in refused(lake)] == [NIGHT, LATER]


def test_what_was_taken_back_stays_back_and_the_next_night_says_that_it_replaces_that(lake: Lake) -> None:
    root, days = lake.settings.lake, DAYS
    for day, names in zip(days[:2], ("ab", "cd"), strict=True):
        lake.publish(visits(lake, *((name, 1.0, JANUARY) for name in names)), SUITE, day)
    slow = lake.stage(visits(lake, ("slow", 1.0, JANUARY)), SUITE, days[1])
    undoing = plan_rollback(root, VISITS, days[0])
    undo(root, undoing, "test", rolled_back(undoing, "ada", "wrong"))

    for outcome in (lake.commit(slow), lake.publish(visits(lake, ("again", 1.0, JANUARY)), SUITE, days[1])):
        assert outcome.state == "kept"
        assert "rolled back to night 2026-03-01 by ada (wrong): nights up to 2026-03-02 are not served" in outcome.note
    assert ids(lake) == {"a", "b"}
    outcome = lake.publish(visits(lake, ("next", 1.0, JANUARY)), SUITE, days[2])

    assert (outcome.note, ids(lake)) == (
        "replaces the rollback from night 2026-03-02 to 2026-03-01 by ada (wrong)",
        {"next"},
    )
    assert entry_of(lake, VISITS).replaces == "the rollback from night 2026-03-02 to 2026-03-01 by ada (wrong)"
    assert not entry_of(lake, VISITS).held_against(days[1])
