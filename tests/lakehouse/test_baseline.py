"""What a publication is held against: nights of the ledger, through the door."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import great_expectations as gx
import pytest
from great_expectations.expectations.metadata_types import FailureSeverity

from expectations.suite import suite
from expectations.usual import Measure, Usual
from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.lake import Lake
from jobs.lakehouse.outcome import Outcome
from jobs.lakehouse.refusals import Acceptance, newest
from jobs.lakehouse.undoing import plan, plan_rollback, rolled_back, undo
from jobs.settings import Weighing
from tests.lakehouse.test_publications import FEBRUARY, JANUARY, LOGS, VISITS, entry_of, logs, visits

NIGHTS = [date(2026, 3, 1) + timedelta(n) for n in range(12)]
USUAL = Usual(new_keys=True, nulls=("minutes",), distinct=("visit_id",))
SUITE = suite(VISITS, usual=USUAL)
LOG_SUITE = suite(LOGS, usual=Usual(distinct=("visitor",)))


def publish(lake: Lake, night: date, rows: int, nulls: int = 0, first: int = 0) -> Outcome:
    """So many visits, some of them without minutes, all of them in January."""
    told = [(f"{first + n:04}", None if n < nulls else 1.0, JANUARY) for n in range(rows)]
    return lake.publish(visits(lake, *told), SUITE, night)


def deliver(lake: Lake, rows: dict[date, int]) -> Outcome:
    told = [(f"v{n % 9}", day) for day, count in rows.items() for n in range(count)]
    return lake.publish(logs(lake, *told), LOG_SUITE, max(rows), deliveries={day: f"{day} {rows[day]}" for day in rows})


def states(entry: ledger.Entry) -> dict[str, str]:
    return {name: told["state"] for name, told in entry.limits.items()}


def page_of(lake: Lake, table: str, night: date) -> str:
    return Path(f"{lake.docs}/{table}/{night}.html").read_text(encoding="utf-8")


def publish_all(lake: Lake, nights: Iterable[date], rows: int = 400) -> None:
    for night in nights:
        publish(lake, night, rows)


def test_a_publication_is_measured_held_against_the_nights_before_and_told_in_words(lake: Lake) -> None:
    publish_all(lake, NIGHTS[:5])
    assert states(entry_of(lake, VISITS))["rows"] == "no baseline"
    assert "4 of 5 nights" in page_of(lake, VISITS.name, NIGHTS[4])

    outcome = publish(lake, NIGHTS[5], 300, nulls=30, first=20)

    assert outcome.note.startswith(
        "rows 300, usually 320 to 480; share without minutes 10 %, usually 0 % to 5 %; different "
    )
    entry = entry_of(lake, VISITS)
    assert entry.profile[""] | {"distinct_visit_id": 0} == {
        "rows": 300,
        "nulls_minutes": 0.1,
        "distinct_visit_id": 0,
        "new_keys": 0.0,
    }
    assert states(entry)["nulls_minutes"] == "unusual"
    assert '<td class="odd">unusual</td><td>rows</td>' in page_of(lake, VISITS.name, NIGHTS[5])
    assert '<svg class="nights" role="img" aria-label="400 in night 2026-03-01, 300 now"' in page_of(
        lake, VISITS.name, NIGHTS[5]
    )


def test_what_is_far_from_usual_is_refused_until_a_person_accepts_it_which_is_enough_for_what_lasts(lake: Lake) -> None:
    publish_all(lake, NIGHTS[:5])
    with pytest.raises(JobError) as said:
        publish(lake, NIGHTS[5], 200)
    assert "rows at least 280, usually 320 to 480: does not hold, found 200;" in str(said.value)
    assert "reelhouse accept silver.visits --night 2026-03-06" in str(said.value)

    limits = newest(lake.settings.lake)[VISITS.name, NIGHTS[5]].limits
    lake.accepts = Acceptance("ada", "withdrawn", {VISITS.name: limits}, NIGHTS[5])
    assert "accepted by ada (withdrawn): rows found 200" in publish(lake, NIGHTS[5], 200).note
    lake.accepts = None

    assert "rows" not in publish(lake, NIGHTS[6], 205).note
    assert "rows" not in publish(lake, NIGHTS[7], 400).note
    with pytest.raises(JobError, match="rows at least"):
        publish(lake, NIGHTS[8], 90)


def test_a_night_that_is_run_again_is_held_against_the_nights_before_it(lake: Lake) -> None:
    publish_all(lake, NIGHTS[:6])

    for _ in range(2):
        outcome = publish(lake, NIGHTS[6], 440, first=400)

    assert outcome.note == "share of new keys 100 %, usually 0 % to 5 %"
    assert entry_of(lake, VISITS).profile[""]["new_keys"] == 1.0


def test_what_other_settings_shaped_is_no_baseline(lake: Lake) -> None:
    shaped = suite(replace(VISITS, name="silver.weighed_visits", settings=("weighing",)))
    other = Lake(lake.spark, lake.settings.model_copy(update={"weighing": Weighing(like=9.0)}), "test")
    for night in NIGHTS[:5]:
        lake.publish(visits(lake, ("a", 1.0, JANUARY)), shaped, night)

    other.publish(visits(lake, ("a", 1.0, JANUARY)), shaped, NIGHTS[5])
    lake.publish(visits(lake, ("a", 1.0, JANUARY)), shaped, NIGHTS[6])

    assert states(entry_of(lake, shaped.of))["rows"] == "holds"
    assert "0 of 5 nights, changed since: weighing" in page_of(lake, shaped.of.name, NIGHTS[5])


def test_great_expectations_counts_what_the_door_measures(lake: Lake) -> None:
    rows = visits(lake, *((f"{n % 40:04}", None if n < 10 else 1.0, JANUARY) for n in range(100)))
    batch = gx.get_context(mode="ephemeral").data_sources.add_spark("rows").add_dataframe_asset("rows")
    checked = batch.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": rows})

    for measure, number in (
        (Measure("rows"), 100.0),
        (Measure("nulls", "minutes"), 0.1),
        (Measure("distinct", "visit_id"), 40.0),
    ):
        for low, high in ((number - 0.01, number + 0.01), (number + 0.02, number + 1.5)):
            promise, _ = measure.expect(low, high, 100, FailureSeverity.WARNING)
            assert checked.validate(promise).success == (low <= number <= high), promise.description


def test_what_was_taken_back_does_not_count(lake: Lake) -> None:
    publish_all(lake, NIGHTS[:5])
    publish(lake, NIGHTS[5], 300)
    undoing = plan_rollback(lake.settings.lake, VISITS, NIGHTS[4])
    undo(lake.settings.lake, undoing, "test", rolled_back(undoing, "ada", "wrong"))

    publish(lake, NIGHTS[6], 410)

    page = page_of(lake, VISITS.name, NIGHTS[6])
    assert page.count("<polyline") == 4
    assert "320 to 480" in page
    assert ",".join(page.partition('<polyline points="')[2].partition('"')[0].split()).count(",") == 11  # 6 points


def test_a_part_that_is_replaced_is_measured_with_those_that_stay(lake: Lake) -> None:
    both = [(f"{n:04}", None if n < 20 else 1.0, JANUARY if n < 100 else FEBRUARY) for n in range(200)]
    lake.publish(visits(lake, *both), SUITE, NIGHTS[0])

    less = visits(lake, *((f"{n:04}", None, FEBRUARY) for n in range(150, 200)))
    lake.publish(less, SUITE, NIGHTS[1], partitions=[FEBRUARY])

    profile = entry_of(lake, VISITS).profile[""]
    assert (profile["rows"], profile["nulls_minutes"]) == (150, round(70 / 150, 6))
    assert 120 < profile["distinct_visit_id"] < 180


def test_deliveries_are_held_against_those_of_the_nights_before_in_whatever_order_they_come(lake: Lake) -> None:
    deliver(lake, {NIGHTS[n]: 400 for n in (8, 1, 3, 5, 2, 7)})
    deliver(lake, dict.fromkeys(NIGHTS[9:11], 400))
    assert states(entry_of(lake, LOGS))["rows 2026-03-10"] == "no baseline"
    assert states(entry_of(lake, LOGS))["rows 2026-03-11"] == "holds"

    with pytest.raises(
        JobError, match=r"delivery 2026-03-12: rows 280 to 520, usually 320 to 480: does not hold, found 2"
    ):
        deliver(lake, {NIGHTS[0]: 5, NIGHTS[6]: 400, NIGHTS[11]: 2})

    entry = entry_of(lake, LOGS)
    assert entry.profile.keys() == {"2026-03-01", "2026-03-07"}
    assert states(entry)["rows 2026-03-01"] == "no baseline"
    assert entry.profile["2026-03-07"]["distinct_visitor"] == pytest.approx(9, abs=1)


def test_a_person_accepts_one_delivery_of_several(lake: Lake) -> None:
    deliver(lake, dict.fromkeys(NIGHTS[:7], 400))
    far = {NIGHTS[7]: 10, NIGHTS[8]: 2_000}
    with pytest.raises(JobError, match=r"2026-03-08.*2026-03-09"):
        deliver(lake, far)

    lake.accepts = Acceptance("ada", "a strike", {LOGS.name: ["rows"]}, NIGHTS[7])
    with pytest.raises(JobError, match="delivery 2026-03-09: rows 280 to 520"):
        deliver(lake, far)

    assert entry_of(lake, LOGS).accepted["limits"] == {"rows 2026-03-08": "found 10"}


def test_deliveries_that_were_taken_back_do_not_count(lake: Lake) -> None:
    deliver(lake, dict.fromkeys(NIGHTS[:7], 400))
    undoing = plan(lake.settings.lake, LOGS, NIGHTS[5])
    assert undoing is not None
    undo(lake.settings.lake, undoing, "test")

    deliver(lake, {NIGHTS[7]: 10})

    assert states(entry_of(lake, LOGS))["rows 2026-03-08"] == "no baseline"
