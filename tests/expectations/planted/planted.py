"""What is planted for one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Planted:
    """A row that keeps every promise, and what breaks each promise when it is changed.

    What the definition itself promises is planted without being named here: a null in every column that may not be
    null, and two rows of one key.
    """

    row: Row
    """Keeps every promise, with a value in every column that has one."""
    breaks: Mapping[str, Sequence[object]] = field(default_factory=dict)
    """Reason code (``column:promise``) → values of that column, each of which breaks that promise only."""
    keeps: Mapping[str, Sequence[object]] = field(default_factory=dict)
    """Column → values at the edge that keep every promise."""
    refers: Mapping[str, Row] = field(default_factory=dict)
    """Reason code of a reference → what differs in a row that breaks it only."""
    tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    """Promise about the whole table, in its words → rows (what differs from ``row``) that break it only."""
    beside: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    """Table that promises name → its rows (what is not named is filled in)."""
    values: Mapping[str, object] = field(default_factory=dict)
    """What else promises name in braces: the night, settings."""
