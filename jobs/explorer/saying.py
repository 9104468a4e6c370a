"""What people say of titles by the site's forms: recorded as ``reelhouse feedback`` records it, then the page is shown anew.

A form carries an identifier of its own, made when its page was: whoever sends it twice says one thing. It holds for the
day it was made for and the next, as long as that identifier is looked for.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from jobs.answers.finding_viewers import find_viewers, is_known, some_known
from jobs.errors import JobError
from jobs.explorer.caching import kept
from jobs.explorer.reading import section
from jobs.explorer.rendering import render
from jobs.explorer.site import Here, Site
from jobs.landing.feedback import Feedback, has_spoken, record, require_sound
from jobs.runs.calendar import next_night
from jobs.tables.silver import TITLES

router = APIRouter(include_in_schema=False)
Fields = list[tuple[str, str]]
"""Of several of one name the last counts, unless all are asked for."""
_UNDONE = "nothing was recorded"
_FORM = re.compile(r"[0-9a-f]{32}")
_MOST_FIELDS = 64
_NEAR = 3
_ONE_DAY = timedelta(days=1)
_MOST_HELD = 100_000
"""Names of viewers, and of titles, that are held, as asking for each would cost more than recording; others are asked for."""
_TITLE = "SELECT 1 FROM silver.titles WHERE title_id = ?"
_TITLES = "SELECT title_id FROM silver.titles LIMIT ?"
_UNKNOWN, _CONFLICT, _WRONG, _NOT_NOW = 404, 409, 422, 503


class RefusedError(JobError):
    """A form that is not recorded.

    Args:
        said: Why, in one line.
        status: Of HTTP.
    """

    def __init__(self, said: str, status: int) -> None:
        super().__init__(said)
        self.status = status


async def fields_of(request: Request) -> Fields:
    """The fields of a form as browsers send them."""
    return fields_in((await request.body()).decode("utf-8", "replace"))


def fields_in(text: str) -> Fields:
    """Names and values of a form or an address, in order; none where there are more than a form has."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return []


@router.post("/feedback")
async def say(request: Request, site: Here) -> Response:
    """Record what a viewer says of a title."""
    fields = await fields_of(request)
    return await run_in_threadpool(_say, request, site, dict(fields))


def _say(request: Request, site: Site, fields: Mapping[str, str]) -> Response:
    user_id = fields.get("user_id", "")
    try:
        form, day = form_of(site, fields)
        said = _said(fields)
        require_title(site, said.title_id)
        _require_viewer(site, user_id, day)
        is_new = recorded(site, said, form, day)
    except RefusedError as error:
        return refused(request, site, error, f"/viewers/{quote(user_id, safe='')}" if user_id else "/viewers")
    again = "" if is_new else "&again=1"
    return RedirectResponse(f"/viewers/{quote(user_id, safe='')}?said={form}{again}#said", 303)


def refused(request: Request, site: Site, error: RefusedError, back: str) -> Response:
    """The page that says why nothing was recorded."""
    return render(
        request, site.templates, "refused.html", error.status, said=str(error).removeprefix(f"{_UNDONE}: "), back=back
    )


def next_day(site: Site) -> date:
    """The day of the night that answers to what is said now."""
    views, today = site.reading.views(), site.today
    return kept(views, ("day", str(today)), lambda: next_night(site.settings, today))


def form_of(site: Site, fields: Mapping[str, str]) -> tuple[str, date]:
    """The identifier of a form, and the day that what it says is for.

    Raises:
        RefusedError: It is none of this site's, or too old.
    """
    form, day = fields.get("form", ""), next_day(site)
    try:
        made_for = date.fromisoformat(fields.get("day", ""))
    except ValueError:
        made_for = None
    if not _FORM.fullmatch(form) or made_for is None:
        raise RefusedError(
            f"{_UNDONE}: this is no form of this site; open the viewer's page and use its buttons", _WRONG
        )
    if not timedelta() <= day - made_for <= _ONE_DAY:
        raise RefusedError(
            f"{_UNDONE}: the page with this form is of {made_for}, and what is said now is for {day}: open the page anew",
            _CONFLICT,
        )
    return form, day


def require_title(site: Site, title_id: str) -> None:
    """Refuse a title that nobody knows.

    Raises:
        RefusedError: It is in no published silver.titles.
    """
    views = site.reading.views()
    if TITLES.name in views.published:
        held = kept(views, ("titles", ""), lambda: frozenset(name for (name,) in views.rows(_TITLES, (_MOST_HELD,))))
        is_there = title_id in held or kept(views, ("title", title_id), lambda: bool(views.rows(_TITLE, (title_id,))))
    else:
        is_there = False
    if not is_there:
        raise RefusedError(f"{_UNDONE}: silver.titles has no title {title_id}", _UNKNOWN)


def recorded(site: Site, said: Feedback, form: str, day: date) -> bool:
    """Record an event; False if it was recorded before.

    Raises:
        RefusedError: The form said something else before, or landing cannot be written.
    """
    try:
        return record(site.settings.landing, said, form, day, site.now()).is_new
    except JobError as error:
        if isinstance(error.__cause__, OSError):
            raise RefusedError(str(error), _NOT_NOW) from error
        raise RefusedError(
            f"{_UNDONE}: this form has said something else already; open the page anew, and say it there", _CONFLICT
        ) from error


def _said(fields: Mapping[str, str]) -> Feedback:
    """What a form says.

    Raises:
        RefusedError: No night would take it.
    """
    kind, text = fields.get("event_type", ""), fields.get("value", "").strip()
    try:
        value = float(text) if kind == "rating" and text else None
    except ValueError as error:
        raise RefusedError(f"{_UNDONE}: a rating is a number from 0 to 10, not {text[:40]!r}", _WRONG) from error
    said = Feedback(fields.get("user_id", ""), fields.get("title_id", ""), kind, value)
    try:
        require_sound(said)
    except JobError as error:
        raise RefusedError(str(error), _WRONG) from error
    return said


def _require_viewer(site: Site, user_id: str, day: date) -> None:
    """Refuse a viewer of whom nobody has heard.

    Raises:
        RefusedError: Names the nearest.
    """
    views = site.reading.views()
    held = kept(views, ("viewers", ""), lambda: some_known(views, _MOST_HELD))
    if user_id in held or kept(views, ("viewer", user_id), lambda: is_known(views, user_id)):
        return
    if has_spoken(site.settings.landing, day, user_id):
        return
    found = section(lambda: find_viewers(views, user_id, _NEAR)).answer
    near = f"; the nearest are {', '.join(one.user_id for one in found.viewers)}" if found and found.viewers else ""
    raise RefusedError(f"{_UNDONE}: there is no viewer {user_id}{near}", _UNKNOWN)
