"""How a run ended for one table or model: a word that needs neither Spark nor the auditor."""

from dataclasses import dataclass
from typing import Literal

State = Literal["published", "kept", "unchanged", "stale", "superseded"]
"""``kept``: work was done, and what was in force stays."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended for one table (or the model)."""

    name: str
    state: State
    version: int | None = None
    rows: int | None = None
    set_aside: int = 0
    """Broken rows."""
    parked: int = 0
    """Rows that wait for another table: no fault."""
    seconds: float = 0.0
    note: str = ""
