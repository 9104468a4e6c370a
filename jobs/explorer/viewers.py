"""The pages of viewers: whom there is, what one of them watched, is recommended and said."""

from dataclasses import dataclass
from datetime import date
from uuid import uuid4

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from jobs.answers import title_search
from jobs.answers.choosing import named
from jobs.answers.finding_viewers import find_viewers, is_known, unknown_of
from jobs.answers.said import Waiting, waiting_of
from jobs.answers.title_search import Found
from jobs.answers.titles import FoundTitle, find_title
from jobs.answers.two_lists import two_lists
from jobs.answers.viewers import ViewerList, viewer_list
from jobs.answers.watched import Span, watched
from jobs.explorer.reading import Section, section
from jobs.explorer.rendering import render
from jobs.explorer.saying import next_day
from jobs.explorer.site import Here, Site
from jobs.lakehouse.views import Views
from jobs.landing.feedback import who_spoke
from jobs.tables.gold import EVERYBODY_ELSE, TITLE_FACTS

router = APIRouter(include_in_schema=False)
_FOUND = 30
_LISTED = 50
"""Titles of a list."""
_MEANT = 12
"""Titles that words may mean."""
_NEWEST = 40
"""Titles of a history that are named."""
_LONGEST_ASKED = 256


@router.get("/viewers")
def search(request: Request, site: Here, q: str = "", about: str = "") -> HTMLResponse:
    """Viewers by their identifiers; with a title, who is to say something of it."""
    asked, views = q.strip()[:_LONGEST_ASKED], site.reading.views()
    found = section(lambda: find_viewers(views, asked, _FOUND))
    spoke = who_spoke(site.settings.landing, next_day(site), asked) if asked else ()
    title = section(lambda: named(views, (about[:_LONGEST_ASKED],))).answer if about else None
    return render(
        request,
        site.templates,
        "viewers.html",
        found=found,
        waiting=unknown_of(views, spoke)[:_FOUND] if spoke else (),
        asked=asked,
        about=title[0] if title else None,
    )


@router.get("/viewers/{user_id:path}")
def page(request: Request, site: Here, user_id: str, about: str = "", said: str = "", again: str = "") -> HTMLResponse:
    """What a viewer watched, is recommended, and said since the last night."""
    views, day = site.reading.views(), next_day(site)
    waiting = waiting_of(views, site.settings.landing, day, user_id)
    is_one = is_known(views, user_id)
    listed, whose = _list(views, user_id if is_one else EVERYBODY_ELSE)
    is_there = user_id != EVERYBODY_ELSE and (is_one or bool(waiting))
    history = section(lambda: watched(views, user_id, _NEWEST))
    return render(
        request,
        site.templates,
        "viewer.html",
        user_id=user_id,
        is_known=is_one,
        is_everybody_else=user_id == EVERYBODY_ELSE,
        may_say=is_there,
        near=() if is_there or user_id == EVERYBODY_ELSE else _near(views, user_id),
        listed=listed,
        whose=whose,
        history=history,
        bars=_bars(history.answer.spans) if history.answer else (),
        changes=section(lambda: two_lists(views, user_id)),
        waiting=waiting,
        waiting_for=_by_title(waiting),
        just_said=next((one for one in waiting if said and one.token == said), None),
        again=bool(again),
        about=_about(site, views, about.strip()) if about.strip() and is_there else None,
        asked=about[:_LONGEST_ASKED],
        day=day,
        today=site.today,
        fresh=lambda: uuid4().hex,
    )


def _list(views: Views, user_id: str) -> tuple[Section[ViewerList], str]:
    """The list that is served to a viewer, and whose it is."""
    own = section(lambda: viewer_list(views, user_id, _LISTED))
    if own.answer:
        return own, user_id
    instead = section(lambda: viewer_list(views, EVERYBODY_ELSE, _LISTED))
    return (instead, EVERYBODY_ELSE) if instead.answer else (own, user_id)


def _near(views: Views, user_id: str) -> tuple[str, ...]:
    found = section(lambda: find_viewers(views, user_id, 5))
    return tuple(one.user_id for one in found.answer.viewers) if found.answer else ()


def _about(site: Site, views: Views, name: str) -> Section[tuple[Found | FoundTitle, ...]]:
    """The titles that something may be said of: one, where it is clear which is meant."""
    asked = name[:_LONGEST_ASKED]

    def ask() -> tuple[Found | FoundTitle, ...]:
        if known := named(views, (asked,)):
            return known
        if TITLE_FACTS.name not in views.published:
            return (find_title(views, asked, "nothing can be said yet"),)
        words = title_search.Asked(asked)
        return tuple(title_search.find(views, words, _MEANT, site.indexing.of(views)))

    return section(ask)


def _by_title(waiting: tuple[Waiting, ...]) -> dict[str, list[str]]:
    """What was said of each title, the newest first."""
    found: dict[str, list[str]] = {}
    for one in waiting:
        found.setdefault(one.title_id, []).append(one.in_words)
    return found


@dataclass(frozen=True)
class Bar:
    """A span of a history as a picture shows it: heights are shares of the tallest, in hundredths."""

    begins: date
    titles: int
    height: float
    liked_height: float


def _bars(spans: tuple[Span, ...]) -> tuple[Bar, ...]:
    most = max((span.titles for span in spans), default=1) or 1
    return tuple(Bar(span.begins, span.titles, 100 * span.titles / most, 100 * span.liked / most) for span in spans)
