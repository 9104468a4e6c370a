"""Pictures of a search: how much each parameter mattered, and what each value of it reached."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import optuna
from optuna.importance import FanovaImportanceEvaluator
from optuna.trial import FrozenTrial, TrialState
from optuna.visualization.matplotlib import plot_param_importances, plot_slice

from jobs.evaluation.measures import Measure

_DOTS_PER_INCH = 110
_FEWEST = 4
"""Trials below which a picture of them says nothing."""


def draw_search(trials: Sequence[FrozenTrial], measure: Measure, seed: int, folder: Path) -> list[Path]:
    """Draw what a search found.

    Importance after Hutter, Hoos and Leyton-Brown (2014), "An efficient approach for assessing hyperparameter
    importance": the share of the figure's variance that a parameter explains.

    Args:
        trials: Its trials; those whose parameters all lie in the space are drawn, so defaults may be left out.
        measure: What it made best.
        seed: Seed of the forest that importance is read from.
        folder: Where the pictures go.

    Returns:
        The pictures; none of too few trials, and none of importance where all trials reached the same.
    """
    most = max((len(trial.params) for trial in trials), default=0)
    drawn = [one for one in trials if len(one.params) == most and one.state is TrialState.COMPLETE]
    if len(drawn) < _FEWEST or not most:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    mpl.use("Agg")
    study = optuna.create_study(direction=measure.direction)
    study.add_trials(drawn)
    found = []
    with warnings.catch_warnings():
        # Optuna calls its own pictures experimental.
        warnings.simplefilter("ignore")
        with mpl.rc_context({"figure.max_open_warning": 0}):
            pictures = {"slices": plot_slice(study, target_name=measure.name)}
            if len({one.value for one in drawn}) > 1:
                evaluator = FanovaImportanceEvaluator(seed=seed)
                pictures["importance"] = plot_param_importances(study, evaluator=evaluator, target_name=measure.name)
            for name, axes in pictures.items():
                figure = np.ravel(np.asarray(axes, dtype=object))[0].figure
                figure.savefig(folder / f"{name}.png", dpi=_DOTS_PER_INCH, bbox_inches="tight")
                figure.clear()
                found.append(folder / f"{name}.png")
    return found
