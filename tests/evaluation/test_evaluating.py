"""Whole evaluations: what is searched on, and that the future moves nothing."""

from pathlib import Path
from typing import Any

import pytest

from jobs import recommenders
from jobs.errors import JobError
from jobs.evaluation.evaluating import Evaluation, Plan, evaluate
from jobs.evaluation.protocols.found import PROTOCOLS, find
from jobs.scoring.training_set import TrainingSet
from tests.evaluation import sets

RATINGS = sets.random_ratings(60, 40, 12)


def quietly(step: str) -> None:
    """Nobody listens."""


def run(folder: Path, ratings: list[sets.Rating], protocol: str, **more: Any) -> Evaluation:
    return evaluate(Plan("popularity", protocol, {}, **more), sets.of(folder, ratings), quietly)


@pytest.mark.parametrize("name", [name for name in PROTOCOLS if name != "kfold-rating"])
def test_every_split_is_searched_on_its_own_training_data(tmp_path: Path, name: str) -> None:
    data, searched = sets.of(tmp_path / "set", RATINGS), list[TrainingSet]()

    def tune(training: TrainingSet, seed: int) -> Any:
        searched.append(training)
        return recommenders.parameters_of("popularity", {"window_days": "7"})

    found = evaluate(Plan("popularity", name, {}, seeds=2, tune=tune), data, quietly)

    splits = [find(name).split(data, seed) for seed in (1, 2)]
    assert [one.table for one in searched] == [split.training.table for split in splits]
    assert [used["window_days"] for used in found.parameters] == [7, 7]


@pytest.mark.parametrize("name", ["temporal", "replay-time"])
def test_what_viewers_that_are_not_judged_do_in_the_future_moves_no_metric(tmp_path: Path, name: str) -> None:
    """Strangers who all rate the least popular title after the cutoff: no list, and so no figure, knows of it."""
    last = max(after for *_, after in RATINGS)
    crowd = [(1000 + n, 39 if n % 2 else 40, 5.0, last - 1 - n) for n in range(40)]
    # As many strangers' ratings as late ones, of which the other world has as many of title 1.
    other = [(viewer, 1, stars, after) for viewer, _, stars, after in crowd]

    one, two = (run(tmp_path / kind, RATINGS + extra, name) for kind, extra in (("a", crowd), ("b", other)))

    assert one.metrics == two.metrics
    assert one.viewers == two.viewers


def test_a_model_without_predictions_is_refused_by_the_rating_protocol_before_anything_begins(tmp_path: Path) -> None:
    begun = list[str]()

    with pytest.raises(JobError, match="popularity predicts no ratings"):
        evaluate(Plan("popularity", "kfold-rating", {}), sets.of(tmp_path, RATINGS), begun.append)

    assert not begun


def test_several_seeds_are_several_splits(tmp_path: Path) -> None:
    several, one = (run(tmp_path / str(n), RATINGS, "msr-stratified", seeds=n) for n in (4, 1))

    assert (several.seeds, one.seeds) == (4, 1)
    assert several.metrics["ndcg_at_10"].mean != one.metrics["ndcg_at_10"].mean
