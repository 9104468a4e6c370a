"""Which recipes a night tries."""

from datetime import date
from typing import Any

import pytest

from jobs.errors import JobError
from jobs.evaluation.entrants import POPULARITIES, enter
from jobs.evaluation.gate import CHALLENGER, CHAMPION
from jobs.tracking.proposals import Proposal
from jobs.tracking.registry import Champion


def serving(recommender: str, parameters: dict[str, Any]) -> Champion:
    """A champion of this recipe."""
    return Champion("reelhouse", 3, date(2026, 3, 1), recommender, parameters, {}, {}, "", {}, "", "run", None)


@pytest.mark.parametrize(("proposed", "challenger"), [(Proposal("run", "ials", {"rank": 8}), "ials"), (None, "ease")])
def test_what_a_search_proposes_goes_before_what_the_settings_name(proposed: Proposal | None, challenger: str) -> None:
    entered = enter("ease", {}, serving("als", {"rank": 4}), proposed)

    assert list(entered.entrants) == [CHAMPION, CHALLENGER, *POPULARITIES]
    assert entered.entrants[CHALLENGER].recommender == challenger


@pytest.mark.parametrize(
    ("recommender", "before", "proposed", "is_required"),
    [
        ("ease", None, None, True),
        ("ease", None, Proposal("run", "ials", {}), False),
        ("ease", "popularity", None, False),
        (None, None, None, False),
    ],
)
def test_only_what_the_settings_name_before_anything_serves_has_to_be_fitted(
    recommender: str | None, before: str | None, proposed: Proposal | None, *, is_required: bool
) -> None:
    entered = enter(recommender, {}, serving(before, {}) if before else None, proposed)

    assert entered.is_required == is_required


def test_a_champion_whose_recipe_is_no_longer_taken_is_named_with_what_to_do() -> None:
    line = "no model was trained: version 3, the champion, .* promote another: recommender als: rank=0: Input should be"
    with pytest.raises(JobError, match=line):
        enter(None, {}, serving("als", {"rank": 0}), None)


def test_a_mistyped_setting_is_refused_whatever_serves() -> None:
    with pytest.raises(JobError, match="no model was trained: there is no recommender eese; did you mean ease"):
        enter("eese", {}, serving("als", {}), None)
