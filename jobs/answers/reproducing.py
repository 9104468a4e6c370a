"""One viewer's list of an old night made again, and held against the one that was served. Without Spark."""

from dataclasses import dataclass, fields
from datetime import date
from typing import Literal

from jobs.errors import GoneError, JobError
from jobs.lakehouse.views import Views
from jobs.scoring.remaking import PARTS, Past, Recipe
from jobs.scoring.served import kept_nights, made_of
from jobs.settings import Settings
from jobs.tables.gold import RECOMMENDATION_HISTORY
from jobs.tracking import registry
from jobs.version import code_hash, code_version

_LIST = """
SELECT rank, title_id, source, score, reasons FROM gold.recommendation_history WHERE user_id = ? AND night = ? ORDER BY rank
"""
_TOLD_SINCE = {"source", "reasons"}
"""Columns that older lists lack."""
_EQUAL_SCORES = 1e-5
"""Relative to the larger: products of other blocks of viewers are rounded otherwise, in the seventh digit."""


@dataclass(frozen=True)
class Row:
    """A row of a list."""

    rank: int
    title_id: str
    source: str | None
    """None of lists that were made before lists said so: they are refused."""
    score: float
    reasons: str | None


@dataclass(frozen=True)
class Reproduced:
    """A list that was served, and the same made again."""

    user_id: str
    night: date
    made_of: dict[str, str]
    """What it was made of, by part, in words."""
    code: str
    """Version of the code that made it."""
    code_now: str
    is_same_code: bool
    served: tuple[Row, ...]
    made: tuple[Row, ...]

    @property
    def verdict(self) -> Literal["equal", "ties", "different"]:
        """``ties``: titles of equal score, to rounding, have another order, or others of them are the last of the list."""
        if not self._has_equal_scores or not self._has_same_titles:
            return "different"
        return "ties" if self.differing else "equal"

    @property
    def other_reasons(self) -> int:
        """How many titles are at their place for another reason."""
        pairs = zip(self.served, self.made, strict=False)
        return sum(one.title_id == other.title_id and one.reasons != other.reasons for one, other in pairs)

    @property
    def _has_equal_scores(self) -> bool:
        pairs = zip(self.served, self.made, strict=False)
        return len(self.served) == len(self.made) and all(
            abs(one.score - other.score) <= _tolerance(one) and one.source == other.source for one, other in pairs
        )

    @property
    def _has_same_titles(self) -> bool:
        """Whether both hold the same titles, but for such as are worth no more than the last one."""
        served, made = ({row.title_id for row in rows} for rows in (self.served, self.made))
        others = [row for row in (*self.served, *self.made) if row.title_id in served ^ made]
        last = self.served[-1] if self.served else None
        return all(last and abs(row.score - last.score) <= _tolerance(last) for row in others)

    @property
    def differing(self) -> list[tuple[Row | None, Row | None]]:
        """Places at which the two differ: what was served there, and what was made again."""
        length = max(len(self.served), len(self.made))
        pairs = [
            tuple(rows[at] if at < len(rows) else None for rows in (self.served, self.made)) for at in range(length)
        ]
        return [(one, other) for one, other in pairs if (one and _key(one)) != (other and _key(other))]


def reproduce(settings: Settings, user_id: str, night: date) -> Reproduced:
    """Make a viewer's list of a night again from the versions, the model and the settings that the ledger names.

    Raises:
        JobError: The night's lists, the viewer's among them, or something that they were made of, are not kept.
    """
    root = settings.lake
    views = Views(root, (RECOMMENDATION_HISTORY,))
    views.require(RECOMMENDATION_HISTORY)
    nights, entry = kept_nights(root), made_of(root, night)
    if night not in nights:
        raise JobError(
            f"no list was made again: gold.recommendation_history does not keep {night}; it has {len(nights)} nights, "
            f"from {nights[-1]} to {nights[0]}"
            if nights
            else "no list was made again: gold.recommendation_history is empty"
        )
    served = _served(views, user_id, night)
    if not served:
        raise JobError(f"no list was made again: {user_id} had none on {night}; `reelhouse show {user_id}` tells more")
    if entry is None:
        raise JobError(f"no list was made again: the ledger of gold.recommendations does not go back to {night}")
    past = Past(root, lambda version: registry.kept_folder(settings, version), [user_id], explains=True)
    try:
        recipe = Recipe.of(root, entry)
        past.require(recipe)
    except GoneError as gone:
        raise GoneError(f"the list of {user_id} of {night} cannot be made again: {gone}") from gone
    lists = past.lists(recipe).select([field.name for field in fields(Row)])
    return Reproduced(
        user_id,
        night,
        {part: recipe.in_words(part) for part in PARTS},
        entry.code_version,
        code_version(),
        is_same_code=entry.code == code_hash(),
        served=served,
        made=tuple(Row(**row) for row in lists.to_pylist()),
    )


def _served(views: Views, user_id: str, night: date) -> tuple[Row, ...]:
    """The list that was served.

    Raises:
        JobError: Lists of that night lack what they are compared by.
    """
    columns = {name for name, *_ in views.rows("DESCRIBE gold.recommendation_history")}
    served = tuple(Row(*row) for row in views.rows(_LIST, (user_id, night))) if columns >= _TOLD_SINCE else None
    # Older nights have nulls there, once a later night has brought the columns.
    if served is None or any(row.source is None for row in served):
        raise JobError(
            f"no list was made again: lists of {night} were made before lists said where titles come from and why; such "
            "are made in another way now and cannot be compared"
        )
    return served


def _tolerance(row: Row) -> float:
    """What a score may differ by and be the same."""
    return _EQUAL_SCORES * max(1.0, abs(row.score))


def _key(row: Row) -> tuple[int, str, str | None]:
    return row.rank, row.title_id, row.source
