"""Which names of columns are taken for one another."""

import pytest

from jobs.lakehouse.columns import NEAR, news, renamed
from jobs.tables import bronze

EVENT = ("event_id", "user_id", "title_id", "event_type", "value", "occurred_at", "source")


def exchanged(gone: set[str], came: set[str], **how: float) -> dict[str, str]:
    return dict(renamed(bronze.INTERACTIONS, sorted({*EVENT} - gone | came), EVENT, **how))


@pytest.mark.parametrize(
    ("gone", "came"),
    [("title_id", "titleId"), ("value", "values"), ("event_id", "EVENT-ID"), ("occurred_at", "ocurred_at")],
)
def test_a_name_that_is_nearly_the_same_is_taken_for_it(gone: str, came: str) -> None:
    assert exchanged({gone}, {came}) == {gone: came}


@pytest.mark.parametrize(
    ("gone", "came"),
    [("value", "volume"), ("value", "valid"), ("event_id", "device_id"), ("source", "score"), ("value", "value_unit")],
)
def test_on_a_quiet_day_a_column_without_values_is_taken_for_no_other_that_came(gone: str, came: str) -> None:
    assert exchanged({gone}, {came}) == {}
    assert exchanged({"title_id"}, {"titleId", came}) == {"title_id": "titleId"}


def test_each_name_goes_to_the_one_it_is_nearest_to_whichever_comes_first() -> None:
    assert exchanged({"event_id", "title_id"}, {"titleid", "titlid"}, nearness=NEAR) == {"title_id": "titleid"}
    # The first of the definition does not take what is another's.
    assert exchanged({"user_id", "title_id"}, {"userTitleId"}, nearness=NEAR) == {"title_id": "userTitleId"}


def test_a_line_names_some_of_many_columns() -> None:
    told = {"2026-03-01": {"columns": [[f"c{n:02}", ""] for n in range(30)], "files": ["log.jsonl"]}}

    (said,) = news(bronze.INTERACTIONS, told, ["2026-03-01"])

    assert said.startswith("new in log.jsonl, kept in extra: c00, c01, ")
    assert said.endswith(", c09 and 20 more")
