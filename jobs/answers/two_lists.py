"""One viewer's lists of two nights, side by side: asked of the published tables, without Spark."""

from dataclasses import dataclass
from datetime import date

from jobs.errors import UnknownError
from jobs.lakehouse.views import Views
from jobs.tables.gold import RECOMMENDATION_CHANGES, RECOMMENDATION_HISTORY
from jobs.tables.silver import TITLES

READS = (RECOMMENDATION_CHANGES, RECOMMENDATION_HISTORY, TITLES)
_CHANGE = """
SELECT night, night_before, state, segment, overlap, rbo FROM gold.recommendation_changes
WHERE user_id = ? AND night = coalesce(?, (SELECT max(night) FROM gold.recommendation_changes))
"""
_LISTED = """
SELECT s.night, s.rank, s.title_id, coalesce(t.title, s.title_id), t.release_year, s.source
FROM gold.recommendation_history AS s LEFT JOIN silver.titles AS t USING (title_id)
WHERE s.user_id = ? AND s.night IN (?, ?) ORDER BY s.night, s.rank
"""


@dataclass(frozen=True)
class Place:
    """A title on one of two lists."""

    rank: int
    title_id: str
    title: str
    release_year: int | None
    source: str
    other_rank: int | None
    """Its place on the other list; None if it is not there."""


@dataclass(frozen=True)
class TwoLists:
    """One viewer's lists of two nights."""

    user_id: str
    night: date
    night_before: date
    state: str
    """both; new: no list before; gone: no list now."""
    segment: str
    overlap: float | None
    rbo: float | None
    before: tuple[Place, ...]
    after: tuple[Place, ...]


def two_lists(views: Views, user_id: str, night: date | None = None) -> TwoLists:
    """A viewer's list of a night beside the one whose place it took.

    Args:
        views: Of ``READS``.
        user_id: The viewer.
        night: The night; the newest of which it is known, if None.

    Raises:
        JobError: A table was never published, or nothing is known of the viewer's lists of the night.
    """
    views.require(RECOMMENDATION_CHANGES, RECOMMENDATION_HISTORY, TITLES)
    found = views.rows(_CHANGE, (user_id, night))
    if not found:
        when = f"of {night}" if night else "of the newest night"
        raise UnknownError(
            f"no changes were shown: gold.recommendation_changes has no lists of {user_id} {when}; "
            "`reelhouse diff` shows what there is"
        )
    ((asked, earlier, state, segment, overlap, rbo),) = found
    rows = views.rows(_LISTED, (user_id, asked, earlier))
    before, after = ([row[1:] for row in rows if row[0] == one] for one in (earlier, asked))
    return TwoLists(
        user_id,
        asked,
        earlier,
        state,
        segment,
        overlap,
        rbo,
        _places(before, beside=after),
        _places(after, beside=before),
    )


def _places(
    rows: list[tuple[int, str, str, int | None, str]], beside: list[tuple[int, str, str, int | None, str]]
) -> tuple[Place, ...]:
    other = {title_id: rank for rank, title_id, *_ in beside}
    return tuple(Place(*row, other_rank=other.get(row[1])) for row in rows)
