"""Recommenders: each module of this folder is one, and its name is its address, ``jobs.recommenders.<name>``.

A module has

- ``Parameters``: a frozen dataclass of its hyper-parameters, which checks its own values;
- ``SPACE``: the values of them that a search tries (:mod:`jobs.scoring.space`);
- ``fit(training, parameters)``: a model, from a :class:`jobs.scoring.training_set.TrainingSet`;
- ``load(folder)``: the model that its ``save(folder)`` wrote, as arrays and JSON, never pickled.

A model scores blocks of viewers' histories (:class:`jobs.scoring.top_n.Scorer`). There is nothing to register: adding a
recommender is adding its module.
"""

import json
import pkgutil
from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from pydantic import ValidationError

from jobs.errors import JobError, nearest
from jobs.scoring.space import Space
from jobs.scoring.top_n import Scorer
from jobs.scoring.training_set import TrainingSet

DEFAULT = "als"
"""What is trained unless the settings name another."""
_BEFORE_THEY_SAID = "als"
"""Folders that do not name their recommender were saved when there was one."""
_NAMED_IN = "recommender.json"


class Recommender(Protocol):
    """What a module of this folder has."""

    Parameters: type[Any]
    SPACE: Space

    def fit(self, training: TrainingSet, parameters: Any) -> Scorer:
        """Learn from viewers' preferences."""
        ...

    def load(self, folder: Path) -> Scorer:
        """Read what the model's ``save`` wrote."""
        ...


def names() -> list[str]:
    """Every recommender there is."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def find(name: str) -> Recommender:
    """The module of a recommender.

    Raises:
        JobError: There is none of this name.
    """
    if name not in names():
        meant = nearest(name, names())
        raise JobError(
            f"there is no recommender {name}; {f'did you mean {meant}? ' if meant else ''}"
            f"a recommender is one of {', '.join(names())}"
        )
    return cast("Recommender", import_module(f"{__name__}.{name}"))


def parameters_of(name: str, given: Mapping[str, object]) -> Any:
    """A recommender's parameters: those given, and its own defaults.

    Args:
        name: The recommender.
        given: Values, of which those of the environment are text.

    Raises:
        JobError: Parameters that it does not have, or values that it does not take; every one is named.
    """
    kind = find(name).Parameters
    known = [field.name for field in fields(kind)]
    problems = [
        f"{unknown} is none of its parameters{f', did you mean {meant}?' if (meant := nearest(unknown, known)) else ''}"
        for unknown in given
        if unknown not in known
    ]
    parameters = None
    try:
        parameters = kind(**{key: value for key, value in given.items() if key in known})
    except ValidationError as refused:
        problems += [f"{error['loc'][0]}={error['input']}: {error['msg']}" for error in refused.errors()]
    if problems:
        raise JobError(
            f"recommender {name}: {'; '.join(problems)}; it has {', '.join(known)} "
            "(--param NAME=VALUE, or REELHOUSE_RECOMMENDER_PARAMETERS__NAME for nights)"
        )
    return parameters


def values_of(parameters: Any) -> dict[str, Any]:
    """A recommender's parameters by name, as :func:`parameters_of` made them."""
    return asdict(parameters)


def save(name: str, model: Scorer, folder: Path) -> None:
    """Write a model into a folder that says whose it is."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _NAMED_IN).write_text(json.dumps({"recommender": name}), encoding="utf-8")
    model.save(folder)


def load(folder: Path) -> Scorer:
    """Read what :func:`save` wrote.

    Raises:
        JobError: The folder names a recommender that there no longer is.
    """
    named_in = folder / _NAMED_IN
    name = json.loads(named_in.read_text(encoding="utf-8"))["recommender"] if named_in.exists() else _BEFORE_THEY_SAID
    return find(name).load(folder)


@lru_cache(maxsize=8)
def held(folder: str) -> Scorer:
    """A saved model as tasks use it: Python workers live on, so each reads a folder once."""
    return load(Path(folder))
