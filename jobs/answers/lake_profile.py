"""What a night's data look like: pictures with their numbers, from gold.lake_profile and what was set aside. Without Spark."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from jobs.answers.profile_words import TITLES, Points, describe, say
from jobs.errors import UnknownError
from jobs.lakehouse.opening import Edition
from jobs.lakehouse.views import Views
from jobs.tables.gold import LAKE_PROFILE
from jobs.tables.ops import QUARANTINE

READS = (LAKE_PROFILE, QUARANTINE)
SET_ASIDE = "set_aside"
"""The picture whose numbers stand in ops.quarantine: they are whole when the night has ended, not before."""
_MOST_REASONS = 20


@dataclass(frozen=True)
class Picture:
    """One picture of the data."""

    name: str
    title: str
    says: str
    """What it shows, in one sentence made of its numbers."""
    described: str
    """The same for who cannot see it: what is drawn, and between which ends."""
    sql: str
    """Finds its numbers."""
    points: Points


@dataclass(frozen=True)
class Profile:
    """What is known of the data of a night."""

    night: date
    nights: tuple[date, ...]
    """All nights of which there are pictures, the newest first."""
    pictures: tuple[Picture, ...]


def profile(views: Views, night: date | None = None) -> Profile:
    """What the data of a night look like.

    Args:
        views: Of ``READS``.
        night: Which; the newest, unless given.

    Raises:
        JobError: No night was profiled yet.
        UnknownError: That one was not.
    """
    night, nights = _night(views, night)
    held: dict[str, list[tuple[str, str, float | None, float, str]]] = {name: [] for name in TITLES}
    for picture, *point in views.rows(
        "SELECT picture, series, x, x_number, y, unit FROM gold.lake_profile WHERE night = ? "
        "ORDER BY picture, series, x_number NULLS FIRST, x",
        [night],
    ):
        if picture in held:  # a newer version of the project may tell of more
            held[picture].append((point[0], point[1], point[2], point[3], point[4]))
    held[SET_ASIDE] = _set_aside(views, night)
    pictures = tuple(_picture(name, night, Points(tuple(points))) for name, points in held.items())
    return Profile(night, nights, tuple(one for one in pictures if one.points or one.name == SET_ASIDE))


def version_of(views: Views, night: date | None = None) -> tuple[date, tuple[Edition | None, ...]]:
    """The night that is meant, and the editions of the tables that tell of it; as :func:`profile`, without looking.

    Raises:
        JobError: No night was profiled yet.
        UnknownError: That one was not.
    """
    night, _ = _night(views, night)
    return night, tuple(views.editions.get(table) for table in READS)


def _night(views: Views, night: date | None) -> tuple[date, tuple[date, ...]]:
    views.require(LAKE_PROFILE)
    nights = tuple(day for (day,) in views.rows("SELECT DISTINCT night FROM gold.lake_profile ORDER BY night DESC"))
    if not nights:
        raise UnknownError("no data were profiled yet; run `reelhouse run gold.lake_profile`")
    if night is not None and night not in nights:
        raise UnknownError(
            f"the data of night {night} were not profiled; nights that are kept: {nights[-1]} to {nights[0]}"
        )
    return night or nights[0], nights


def _set_aside(views: Views, night: date) -> list[tuple[str, str, float | None, float, str]]:
    """Rows set aside by table and reason, most first; all beyond the first twenty are one a state."""
    found = views.rows(
        "SELECT state, table_name || ' ' || reason AS x, count(*) AS n "
        "FROM (SELECT state, table_name, unnest(reasons) AS reason FROM ops.quarantine WHERE night = ?) "
        "GROUP BY ALL ORDER BY n DESC, x, state",
        [night],
    )
    told = [(state, x, float(rank), float(n), "rows") for rank, (state, x, n) in enumerate(found[:_MOST_REASONS], 1)]
    others = Counter[str]()
    for state, _, n in found[_MOST_REASONS:]:
        others[state] += n
    return [
        *told,
        *((state, "all others", _MOST_REASONS + 1.0, float(n), "rows") for state, n in sorted(others.items())),
    ]


def _picture(name: str, night: date, points: Points) -> Picture:
    return Picture(name, TITLES[name], say(name, points), describe(name, points), _sql(name, night), points)


def _sql(name: str, night: date) -> str:
    """A query to copy; neither part of it comes from outside."""
    if name == SET_ASIDE:
        return (
            "SELECT table_name, reason, state, count(*) AS row_count FROM (SELECT *, unnest(reasons) AS reason "  # noqa: S608
            f"FROM ops.quarantine WHERE night = DATE '{night}') GROUP BY ALL ORDER BY row_count DESC"
        )
    return (
        f"SELECT series, x, y, unit FROM gold.lake_profile WHERE night = DATE '{night}' AND picture = '{name}' "  # noqa: S608
        "ORDER BY series, x_number, x"
    )
