"""The page on which somebody who is new picks films, sees at once what would be recommended, and becomes a viewer."""

from collections.abc import Mapping
from datetime import date
from threading import Lock
from urllib.parse import quote, urlencode
from uuid import uuid4

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from jobs.answers import title_search
from jobs.answers.choosing import genres, named, shelf
from jobs.answers.finding_viewers import is_known
from jobs.answers.viewers import ListedTitle, list_at_once
from jobs.errors import JobError
from jobs.explorer.helper import Helper
from jobs.explorer.reading import section
from jobs.explorer.rendering import render
from jobs.explorer.saying import (
    Fields,
    RefusedError,
    fields_in,
    fields_of,
    form_of,
    next_day,
    recorded,
    refused,
    require_title,
)
from jobs.explorer.site import Here, Site
from jobs.landing.feedback import Feedback, require_sound, said_by

router = APIRouter(include_in_schema=False)
_WANTED = 10
_MOST_PICKS = 20
_SHELF = 18
_FOUND = 12
_LONGEST_ASKED = 128
_UNDONE = "nothing was recorded"
_WRONG, _CONFLICT = 422, 409
_making = Lock()


def helper_of(request: Request, site: Site) -> Helper:
    """The process that makes lists at once, one for a site."""
    state = request.app.state
    with _making:
        if not hasattr(state, "helper"):
            state.helper = Helper(site.settings)
        helper: Helper = state.helper
        return helper


@router.get("/new-viewer")
def page(request: Request, site: Here, q: str = "", genre: str = "") -> HTMLResponse:
    """Films to pick, those picked, and the list that the champion makes of them."""
    views, helper = site.reading.views(), helper_of(request, site)
    asked, picks = q.strip()[:_LONGEST_ASKED], _picks(fields_in(request.url.query))
    picked = section(lambda: named(views, picks))
    words, index = title_search.Asked(asked), site.indexing.of(views) if asked else None
    chosen = picked.answer or ()
    held = tuple(one.title_id for one in chosen)
    if not held:
        helper.start()
    made = section(lambda: _made(site, helper, held)) if held else None
    return render(
        request,
        site.templates,
        "new_viewer.html",
        picked=picked,
        chosen=chosen,
        wanted=_WANTED,
        is_full=len(held) >= _MOST_PICKS,
        made=made,
        found=section(lambda: title_search.find(views, words, _FOUND, index)) if asked else None,
        shelf=section(lambda: shelf(views, genre[:_LONGEST_ASKED], _SHELF)),
        genres=genres(views),
        genre=genre[:_LONGEST_ASKED],
        asked=asked,
        address=lambda **other: _address(held, asked, genre[:_LONGEST_ASKED], other),
        without=lambda one: tuple(each for each in held if each != one),
        held=held,
        day=next_day(site),
        today=site.today,
        form=uuid4().hex,
        suggested=f"viewer-{uuid4().hex[:8]}",
    )


@router.post("/new-viewer")
async def save(request: Request, site: Here) -> Response:
    """Record the picks as likes of a viewer of whom nobody has heard."""
    fields = await fields_of(request)
    return await run_in_threadpool(_save, request, site, dict(fields), _picks(fields))


def _save(request: Request, site: Site, fields: Mapping[str, str], picks: tuple[str, ...]) -> Response:
    user_id = fields.get("user_id", "").strip()
    try:
        form, day = form_of(site, fields)
        likes = _likes(site, user_id, picks)
        # Each pick has the form's identifier and its place: sent again, whole or after half of it, it is recorded once.
        tokens = [f"{form}-{number}" for number in range(len(likes))]
        _require_new(site, user_id, day, tokens)
        is_new = [recorded(site, one, token, day) for one, token in zip(likes, tokens, strict=True)]
    except RefusedError as error:
        return refused(request, site, error, f"/new-viewer{_address(picks, '', '', {})}")
    again = "" if any(is_new) else "&again=1"
    return RedirectResponse(f"/viewers/{quote(user_id, safe='')}?said={tokens[-1]}{again}#said", 303)


def _made(site: Site, helper: Helper, held: tuple[str, ...]) -> tuple[dict[str, object], tuple[ListedTitle, ...]]:
    """What the champion says: which version, of which night, and the list."""
    told = helper.list_of(held)
    return told, list_at_once(site.reading.views(), told["rows"])


def _likes(site: Site, user_id: str, picks: tuple[str, ...]) -> list[Feedback]:
    """What is said of the picks.

    Raises:
        RefusedError: There are none, or one that no night would take.
    """
    if not picks:
        raise RefusedError(f"{_UNDONE}: pick a title first", _WRONG)
    likes = [Feedback(user_id, title_id, "like") for title_id in picks]
    for one in likes:
        try:
            require_sound(one)
        except JobError as error:
            raise RefusedError(str(error), _WRONG) from error
        require_title(site, one.title_id)
    return likes


def _require_new(site: Site, user_id: str, day: date, tokens: list[str]) -> None:
    """Refuse a viewer of whom somebody has heard otherwise than by this form.

    Raises:
        RefusedError: The name is taken.
    """
    told = {one.token for one in said_by(site.settings.landing, day, user_id)}
    if is_known(site.reading.views(), user_id) or not told <= set(tokens):
        raise RefusedError(f"{_UNDONE}: there is a viewer {user_id} already; choose another name", _CONFLICT)


def _picks(fields: Fields) -> tuple[str, ...]:
    """The titles picked, each once, in order."""
    return tuple(dict.fromkeys(value for name, value in fields if name == "pick" and value))[:_MOST_PICKS]


def _address(held: tuple[str, ...], asked: str, genre: str, other: Mapping[str, object]) -> str:
    """The address of this page with other picks, another search or genre."""
    picks = other.get("picks", held)
    told = {"q": asked, "genre": genre} | {name: value for name, value in other.items() if name != "picks"}
    pairs = [("pick", one) for one in picks] if isinstance(picks, tuple) else []
    return "?" + urlencode([*pairs, *((name, value) for name, value in told.items() if value)])
