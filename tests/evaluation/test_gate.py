"""A night at the gate: which model serves, which one waits."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from jobs.evaluation.contest import Contest
from jobs.evaluation.gate import CHALLENGER, CHAMPION, FORMER, settle
from jobs.evaluation.metrics import METRICS

VIEWERS = 400
POPULARITIES = ["popularity_all_time", "popularity_recent"]
TITLES = [f"t{n:02d}" for n in range(20)]


def judged(share_found: float, viewers: int = VIEWERS, titles: Sequence[str] = TITLES, others: int = 0) -> pa.Table:
    """Lists of one title each, right for so large a share of the viewers, spread evenly.

    Of two models the better is right wherever the worse is, unless ``others`` moves it to other viewers.
    """
    at = np.arange(viewers)
    is_right = ((at * 7 + others) % 100) < 100 * share_found
    listed = [[titles[int(n) % len(titles)]] for n in at]
    return pa.table(
        {"user_id": [f"u{n:04d}" for n in at], "liked": pa.array(1 + at % 30, pa.int32())}
        | {metric: is_right.astype(float) for metric in METRICS}
        | {"listed": listed, "found": [one if right else [] for one, right in zip(listed, is_right, strict=True)]}
    )


def contest(viewers: int = VIEWERS, others: int = 0, **shares: Any) -> Contest:
    """Models by the share of the viewers that they are right for; popularity is right for a fifth, or a tenth."""
    shares = {"popularity_all_time": 0.1, "popularity_recent": 0.2} | shares
    tables = {name: judged(share, viewers, others=others * (name == FORMER)) for name, share in shares.items()}
    return Contest(tables, pa.array(TITLES), pa.array(TITLES[:4]))


@pytest.mark.parametrize(
    ("models", "serves", "waits"),
    [
        ({CHALLENGER: 0.3}, CHALLENGER, None),
        ({CHALLENGER: 0.15}, "popularity_recent", None),
        ({}, "popularity_recent", None),
        ({CHAMPION: 0.5}, CHAMPION, None),
        ({CHAMPION: 0.5, FORMER: 0.5}, CHAMPION, None),
        ({CHAMPION: 0.15}, "popularity_recent", None),
        ({CHAMPION: 0.5, FORMER: 0.6}, None, None),
        ({CHAMPION: 0.5, FORMER: 0.51, "others": 31}, None, CHAMPION),
        ({CHAMPION: 0.5, CHALLENGER: 0.6}, CHALLENGER, None),
        ({CHAMPION: 0.5, CHALLENGER: 0.4}, CHAMPION, None),
        ({CHAMPION: 0.5, CHALLENGER: 0.51}, CHAMPION, CHALLENGER),
        ({CHAMPION: 0.5, FORMER: 0.6, CHALLENGER: 0.51}, None, CHALLENGER),
    ],
    ids=[
        "the first recipe beats popularity",
        "the first recipe does not",
        "there is nothing but popularity",
        "newer data, and nothing is kept to hold it against",
        "newer data costs nothing",
        "the champion fell below popularity",
        "newer data is worse for sure",
        "newer data may be worse",
        "the challenger is better for sure",
        "the challenger is worse for sure",
        "the challenger may be better, and the champion is refreshed meanwhile",
        "the challenger may be better, and newer data is worse for the champion",
    ],
)
def test_a_night_is_settled(models: dict[str, Any], serves: str | None, waits: str | None) -> None:
    settled = settle(contest(**models), POPULARITIES)

    assert (settled.serves, settled.waits) == (serves, waits)
    assert settled.popularity == "popularity_recent"


@pytest.mark.parametrize(
    ("models", "serves", "waits"),
    [
        ({CHAMPION: 0.5}, None, None),
        ({CHAMPION: 0.5, CHALLENGER: 0.6}, CHALLENGER, None),
        ({CHAMPION: 0.5, CHALLENGER: 0.4}, None, None),
        ({CHAMPION: 0.5, CHALLENGER: 0.51}, None, CHALLENGER),
        ({CHAMPION: 0.15}, "popularity_recent", None),
    ],
)
def test_a_champion_with_nothing_new_to_learn_from_stays_unless_it_is_beaten(
    models: dict[str, Any], serves: str | None, waits: str | None
) -> None:
    settled = settle(contest(**models), POPULARITIES, refreshes=False)

    assert (settled.serves, settled.waits) == (serves, waits)
    assert CHAMPION not in settled.decisions


def test_popularity_as_the_champion_is_challenged_and_not_just_passed() -> None:
    """On the first night a hair better serves; from then on a person looks."""
    hair = contest(challenger=0.21)

    assert settle(hair, POPULARITIES).serves == CHALLENGER
    assert settle(hair, POPULARITIES, nights_before=0).waits == CHALLENGER
    assert settle(hair, POPULARITIES, nights_before=0).serves == "popularity_recent"


def test_of_few_viewers_the_better_of_recipe_and_popularity_serves_whatever_served_before() -> None:
    few = contest(viewers=100, challenger=0.21)

    assert settle(few, POPULARITIES).serves == settle(few, POPULARITIES, nights_before=0).serves == CHALLENGER


def test_figures_are_means_with_intervals_and_by_segment() -> None:
    figures = contest(champion=0.5).metrics(CHAMPION)

    assert figures["ndcg_at_10"] == figures["recall_at_10"] == pytest.approx(0.5)
    assert figures["ndcg_at_10_low"] == pytest.approx(0.45, abs=0.01)
    assert figures["ndcg_at_10_high"] == pytest.approx(0.55, abs=0.01)
    assert figures["ndcg_at_10_cold_low"] < figures["ndcg_at_10_cold"] < figures["ndcg_at_10_cold_high"]
    # Each of the twenty titles is on some list; four of them are the head.
    assert figures["coverage_at_10"] == 1.0
    assert figures["tail_share_at_10"] == pytest.approx(0.8)


def test_gains_and_losses_are_films_by_viewers_that_they_were_found_for() -> None:
    mine, theirs = judged(1.0, 4, ["a", "b"]), judged(1.0, 4, ["b", "c"])
    both = Contest({"mine": mine, "theirs": theirs}, pa.array(["a", "b", "c"]), pa.array(["a"]))

    assert both.gains("mine", "theirs", 5) == [("a", 2), ("c", -2)]
    assert both.gains("theirs", "mine", 5) == [("c", 2), ("a", -2)]
