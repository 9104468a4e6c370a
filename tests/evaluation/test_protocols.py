"""Each protocol, to the letter: what is learned from, who is judged, what they wanted. No Spark session is started."""

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from jobs.errors import JobError
from jobs.evaluation.interactions import Interactions
from jobs.evaluation.protocols import kfold_rating, liang_strong, msr_stratified, ncf_100neg, replay_time, temporal
from jobs.evaluation.protocols.found import PROTOCOLS, find
from jobs.scoring.training_set import Split
from tests.evaluation import sets
from tests.evaluation.sets import START, learned, pairs_of

MANY = sets.random_ratings(60, 40, 12)


@pytest.fixture
def many(tmp_path: Path) -> Interactions:
    return sets.of(tmp_path / "many", MANY)


def inner(split: Split) -> Split:
    assert split.training.split is not None
    return split.training.split()


def named(data: Interactions, split: Split) -> set[tuple[str, str]]:
    """User and title of every row that is learned from."""
    users = data.user_ids.to_pylist()
    return {(users[viewer], title) for viewer, title in learned(split)}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_nothing_wanted_is_learned_from_or_known(many: Interactions, name: str) -> None:
    split = find(name).split(many, 3)

    assert pairs_of(split.viewers)
    assert not pairs_of(split.viewers) & named(many, split)
    assert not pairs_of(split.viewers) & pairs_of(split.viewers, "title_ids")


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_inner_division_knows_nothing_of_what_is_wanted_outside(many: Interactions, name: str) -> None:
    split = find(name).split(many, 3)
    within = inner(split)

    assert named(many, within) <= named(many, split)
    assert not pairs_of(within.viewers) & pairs_of(split.viewers)
    assert not pairs_of(within.viewers) & named(many, within)
    assert pairs_of(inner(within).viewers)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_same_seed_is_the_same_split(many: Interactions, name: str) -> None:
    first, second = find(name).split(many, 3), find(name).split(many, 3)

    assert first.viewers == second.viewers
    assert first.training.table == second.training.table


@pytest.mark.parametrize("name", PROTOCOLS)
def test_another_seed_is_another_split_where_the_protocol_says_so(many: Interactions, name: str) -> None:
    protocol = find(name)

    is_other = pairs_of(protocol.split(many, 3).viewers) != pairs_of(protocol.split(many, 4).viewers)

    if name == "ncf-100neg":  # the left-out ones are the newest: chance draws the other candidates
        is_other = protocol.split(many, 3).viewers != protocol.split(many, 4).viewers
    assert is_other == protocol.RULES.is_seeded


@pytest.mark.parametrize("name", ["temporal", "replay-time"])
def test_a_planted_future_event_is_not_learned_from(tmp_path: Path, name: str) -> None:
    """One more rating at the end of time changes what is wanted, and nothing of what is known before the cutoff."""
    before = find(name).split(sets.of(tmp_path / "a", MANY), 1)
    last = max(after for *_, stars, after in MANY if stars >= 3)
    unseen = next(t for t in range(1, 41) if not any(r[:2] == (1, t) for r in MANY))
    changed = [row for row in MANY if row[3] != last] + [(1, unseen, 5.0, last)]
    after = find(name).split(sets.of(tmp_path / "b", changed), 1)

    assert after.training.table == before.training.table
    assert after.training.as_of == before.training.as_of
    newest = pc.max(before.training.table["last_at"]).as_py()
    assert newest < before.training.as_of


def test_temporal_holds_out_the_newest_tenth_of_events_and_judges_new_likings(tmp_path: Path) -> None:
    old = [(viewer, title, 4.0, title) for viewer in (1, 2) for title in range(1, 10)]
    later = [(1, 10, 5.0, 100), (1, 11, 2.0, 101)]
    data = sets.of(tmp_path / "set", [*old, *later])

    split = temporal.split(data, 1)

    assert pairs_of(split.viewers) == {("movielens:1", "movielens:10")}  # two stars are no liking
    assert split.training.as_of.timestamp() == START + 100
    row = split.viewers.to_pylist()[0]
    ages = dict(zip(row["title_ids"], row["ages"], strict=True))
    assert ages["movielens:9"] == pytest.approx(91 / 86_400)
    assert all(0 < weight <= 1.2 for weight in row["weights"])  # 2 x (8 - 5) / 5, decayed by seconds


def test_msr_stratified_knows_three_quarters_of_each_title(tmp_path: Path) -> None:
    ratings = [
        (viewer, title, 1.0, viewer) for title, fans in ((1, 8), (2, 10), (3, 1)) for viewer in range(1, fans + 1)
    ]
    data = sets.of(tmp_path / "set", ratings)

    split = msr_stratified.split(data, 5)

    names = [title for _, title in learned(split)]
    # 7.5 is rounded to the even 8, as Python rounds; one star is as relevant as five.
    assert [names.count(f"movielens:{title}") for title in (1, 2, 3)] == [6, 8, 1]
    assert len(pairs_of(split.viewers)) == 4
    assert set(split.training.table["weight"].to_pylist()) == {1.0}


def test_replay_time_drops_low_ratings_and_what_training_does_not_know(tmp_path: Path) -> None:
    early = [(viewer, title, 3.0, 10 * title + viewer) for viewer in (1, 2) for title in (1, 2, 3, 4)]
    low = [(1, 5, 2.0, 30), (2, 3, 2.0, 1000)]
    late = [(1, 6, 5.0, 900), (3, 1, 5.0, 901)]
    data = sets.of(tmp_path / "set", [*early, *low, *late])

    with pytest.raises(JobError, match="nobody to judge on"):
        replay_time.split(data, 1)  # title 6 and viewer 3 are new, and a fifth of ten positives is two

    known = [*early, *low, (1, 7, 4.0, 1), (2, 8, 4.0, 2), (1, 8, 5.0, 900), (3, 1, 5.0, 901)]
    split = replay_time.split(sets.of(tmp_path / "other", known), 1)
    assert pairs_of(split.viewers) >= {("movielens:1", "movielens:8")}
    assert "movielens:5" not in {title for _, title in learned(split)}


def test_replay_time_cuts_where_four_fifths_lie_before(tmp_path: Path) -> None:
    ratings = [(1 + n % 2, n + 1, 5.0, n) for n in range(8)] + [(1, 2, 5.0, 8), (2, 1, 5.0, 9)]

    split = replay_time.split(sets.of(tmp_path / "set", ratings), 1)

    assert split.training.as_of.timestamp() == START + 8


def test_liang_strong_holds_viewers_out_whole(many: Interactions) -> None:
    split = liang_strong.split(many, 3)
    users = {user for user, _ in named(many, split)}
    judged = set(split.viewers["user_id"].to_pylist())
    validated = set(inner(split).viewers["user_id"].to_pylist())

    assert judged
    assert validated
    assert not judged & users
    assert not judged & validated
    assert not validated & users
    for row in split.viewers.to_pylist():
        whole = len(row["title_ids"]) + len(row["held_out"])
        assert len(row["held_out"]) == whole // 5
    # Tuning learns from the same viewers as the final fit does, and is judged on the validation viewers.
    assert inner(split).training.table == split.training.table


def test_liang_strong_asks_for_four_stars_and_five_titles(tmp_path: Path) -> None:
    ratings = [(v, t, 4.0, v) for v in range(1, 41) for t in range(1, 8)] + [(41, t, 4.0, 1) for t in range(1, 5)]
    ratings += [(1, 20, 3.0, 1)]

    split = liang_strong.split(sets.of(tmp_path / "set", ratings), 3)

    everything = {title for _, title in learned(split)} | {title for _, title in pairs_of(split.viewers)}
    assert "movielens:20" not in everything
    assert split.viewers.num_rows == 4  # a tenth of the forty with five titles


def test_ncf_ranks_the_newest_among_a_hundred_that_were_never_met(tmp_path: Path) -> None:
    ratings = sets.random_ratings(100, 300, 12)
    newest = {viewer: max((r for r in ratings if r[0] == viewer), key=lambda r: r[3])[1] for viewer, *_ in ratings}

    split = ncf_100neg.split(sets.of(tmp_path / "set", ratings), 3)

    met = {(f"movielens:{viewer}", f"movielens:{title}") for viewer, title, *_ in ratings}
    assert pairs_of(split.viewers) == {
        (f"movielens:{viewer}", f"movielens:{title}") for viewer, title in newest.items()
    }
    for row in split.viewers.to_pylist():
        others = set(row["candidates"]) - set(row["held_out"])
        assert len(others) == 100
        assert len(row["candidates"]) == 101
        assert not {(row["user_id"], title) for title in others} & met


def test_kfold_predicts_every_rating_once(many: Interactions) -> None:
    parts = [pairs_of(kfold_rating.split(many, 3, fold).viewers) for fold in range(5)]

    assert sum(len(part) for part in parts) == len(MANY) == len(set.union(*parts))
    assert {len(part) for part in parts} == {len(MANY) // 5}


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("rows", [[(1, t, 5.0, t) for t in range(1, 30)], [(v, 1, 5.0, v) for v in range(1, 30)]])
def test_one_viewer_or_one_title_is_said_in_one_line(tmp_path: Path, name: str, rows: list[sets.Rating]) -> None:
    with pytest.raises(JobError, match="nothing was evaluated: .*; give more ratings or events") as refused:
        find(name).split(sets.of(tmp_path / "set", rows), 1)
    assert "\n" not in str(refused.value)


def test_an_unknown_protocol_is_said_with_the_nearest() -> None:
    with pytest.raises(
        JobError, match=r"no protocol replay-tim; did you mean replay-time\? it is one of temporal, msr"
    ):
        find("replay-tim")
    assert find("msr_stratified") is find("msr-stratified")


def test_the_newest_of_a_viewers_ratings_of_a_title_counts(tmp_path: Path) -> None:
    data = sets.of(tmp_path / "set", [(1, 1, 1.0, 0), (1, 1, 5.0, 9), (1, 2, 3.0, 5), (2, 1, 4.0, 1)])

    pairs = data.pairs()

    assert np.column_stack([pairs.viewer, pairs.title, pairs.rating, pairs.seconds - START]).tolist() == [
        [0, 0, 10, 9],
        [0, 1, 6, 5],
        [1, 0, 8, 1],
    ]
