"""Which recipes a night tries: the champion's, another one, and every popularity."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs import recommenders
from jobs.errors import JobError
from jobs.evaluation.gate import CHALLENGER, CHAMPION
from jobs.recommenders import popularity
from jobs.scoring.training_set import TrainingSet
from jobs.tracking.proposals import Proposal
from jobs.tracking.registry import Champion

POPULARITIES = {f"popularity_{name}": parameters for name, parameters in popularity.BASELINES.items()}


@dataclass(frozen=True)
class Entrant:
    """A recipe that is fitted and judged tonight."""

    recommender: str
    parameters: Any

    @property
    def values(self) -> dict[str, Any]:
        """Its parameters by name."""
        return recommenders.values_of(self.parameters)

    @property
    def recipe(self) -> str:
        """One short word for the recommender and its parameters."""
        said = json.dumps([self.recommender, self.values], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def fit(self, training: TrainingSet, folder: Path) -> int:
        """Fit a model and save it.

        Returns:
            How many titles it knows.
        """
        fitted = recommenders.find(self.recommender).fit(training, self.parameters)
        recommenders.save(self.recommender, fitted, folder)
        return len(fitted.title_ids)


@dataclass(frozen=True)
class Entered:
    """What a night tries."""

    entrants: Mapping[str, Entrant]
    """By their names in the contest."""
    is_named: bool
    """Whether the settings say what is to be tried."""
    is_required: bool
    """Whether nothing serves yet and the settings say what shall: a challenger that cannot be fitted then ends the night."""


def enter(
    recommender: str | None, parameters: Mapping[str, object], serving: Champion | None, proposal: Proposal | None
) -> Entered:
    """The champion's recipe, another one, and every popularity.

    The other one is what a search proposes, else what the settings name. While popularity is the champion, the project's
    own choice challenges it unless the settings name another.

    Args:
        recommender: What the settings name, if they name one.
        parameters: Parameters that the settings give.
        serving: The champion, if there is one.
        proposal: What a search proposes, if one does.

    Raises:
        JobError: The champion's recipe, or what the settings name, is none that the recommender takes.
    """
    found: dict[str, Entrant] = {}
    if serving is not None and serving.recommender != "popularity":
        found[CHAMPION] = _entrant(serving.recommender, serving.parameters, said_of_champion(serving))
    named, is_named = None, bool(recommender or parameters)
    if proposal is not None:
        named = _entrant(proposal.recommender, proposal.parameters)
    elif is_named or not found:
        named = _entrant(recommender or recommenders.DEFAULT, parameters)
    if named is not None and named not in found.values():
        found[CHALLENGER] = named
    found |= {name: Entrant("popularity", one) for name, one in POPULARITIES.items()}
    return Entered(found, is_named, is_named and proposal is None and serving is None)


def not_fitted(recommender: str, why: JobError) -> str:
    """What is said of a challenger that leaves the contest."""
    said = str(why)
    for known in ("no model was trained: ", f"recommender {recommender}: ", "no model was fitted: "):
        said = said.removeprefix(known)
    return f"challenger {recommender} was not fitted: {said}"


def said_of_champion(serving: Champion) -> str:
    """What is said before the reason why the champion's own recipe cannot be fitted: whose it is, and what can be done."""
    return (
        f"version {serving.version}, the champion, serves on and can no longer be fitted; mend it or promote another: "
    )


def _entrant(name: str, given: Mapping[str, object], problem: str = "") -> Entrant:
    try:
        return Entrant(name, recommenders.parameters_of(name, given))
    except JobError as refused:
        raise JobError(f"no model was trained: {problem}{refused}") from refused
