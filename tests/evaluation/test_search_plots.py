"""Pictures of a search."""

from pathlib import Path

from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from jobs.evaluation.measures import ndcg
from jobs.evaluation.search_plots import draw_search

_ALL = {"size": FloatDistribution(0.1, 10.0, log=True), "kind": CategoricalDistribution((None, 1, 2))}


def tried(*values: float) -> list[FrozenTrial]:
    """Complete trials of rising size."""
    params = [{"size": 0.1 + 0.1 * at, "kind": (None, 1, 2)[at % 3]} for at in range(len(values))]
    return [
        create_trial(state=TrialState.COMPLETE, value=value, params=one, distributions=_ALL)
        for value, one in zip(values, params, strict=True)
    ]


def test_draws_what_each_parameter_reached_and_how_much_it_mattered(tmp_path: Path) -> None:
    outside = create_trial(
        state=TrialState.COMPLETE, value=0.3, params={"size": 1.0}, distributions={"size": _ALL["size"]}
    )

    drawn = draw_search([outside, *tried(0.1, 0.2, 0.25, 0.2, 0.1)], ndcg(), seed=1, folder=tmp_path)

    assert [file.name for file in drawn] == ["slices.png", "importance.png"]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in drawn)


def test_draws_no_importance_where_nothing_mattered_and_nothing_of_too_few(tmp_path: Path) -> None:
    assert [file.name for file in draw_search(tried(0.2, 0.2, 0.2, 0.2), ndcg(), 1, tmp_path)] == ["slices.png"]
    assert draw_search(tried(0.1, 0.2), ndcg(), 1, tmp_path) == []
    assert draw_search([], ndcg(), 1, tmp_path) == []
