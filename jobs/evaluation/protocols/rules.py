"""What a protocol says beside how it divides."""

from dataclasses import dataclass
from typing import Literal, Protocol

from jobs.evaluation.interactions import Interactions
from jobs.scoring.training_set import Split


@dataclass(frozen=True)
class Rules:
    """How a protocol judges."""

    asks_for: Literal["lists", "candidates", "ratings"] = "lists"
    """Top-N lists over all titles; over a few candidates of each viewer; or predicted ratings."""
    k: int = 10
    """Titles per list."""
    cutoffs: tuple[int, ...] = ()
    """Shorter lists that are looked at too."""
    is_seeded: bool = True
    """Whether another seed is another split; else seeds vary the model's own chance alone."""
    folds: int = 1
    """Splits of one seed."""
    averages_over_all: bool = False
    """Whether average precision is divided by the number of relevant titles, not by how many a list can hold."""


class EvaluationProtocol(Protocol):
    """What a module of this folder has."""

    RULES: Rules

    def split(self, data: Interactions, seed: int, fold: int = 0) -> Split:
        """Divide interactions."""
        ...
