"""What a viewer said that no night has answered to yet: read from landing, with the names of the titles."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jobs.answers.titles import names_of
from jobs.lakehouse.views import Views
from jobs.landing.feedback import said_by
from jobs.tables.silver import TITLES

READS = (TITLES,)
_WORDS = {
    "like": "likes",
    "dislike": "dislikes",
    "dismiss": "dismisses",
    "watchlist": "wants to watch",
    "view": "watched",
    "rating": "gives {:g} of 10 to",
}


@dataclass(frozen=True)
class Waiting:
    """Something said of a title, as it was recorded."""

    token: str
    title_id: str
    title: str
    """Its name; its identifier where silver.titles does not know it."""
    release_year: int | None
    in_words: str
    """What the viewer does: likes, gives 8.5 of 10 to."""


def waiting_of(views: Views, landing: Path, day: date, user_id: str) -> tuple[Waiting, ...]:
    """What a viewer said for a night that is to come, the newest first.

    Args:
        views: Of ``READS``.
        landing: Folder of the files as delivered.
        day: The night's.
        user_id: The viewer.
    """
    found = said_by(landing, day, user_id)
    names = names_of(views, {one.feedback.title_id for one in found})
    return tuple(
        Waiting(one.token, title.title_id, title.title, title.release_year, in_words(said.event_type, said.value))
        for one in reversed(found)
        for said in (one.feedback,)
        for title in (names[said.title_id],)
    )


def in_words(event_type: str, value: float | None) -> str:
    """What a viewer does with a title, to stand before its name."""
    words = _WORDS.get(event_type, event_type)
    return words if value is None else words.format(value)
