"""The pages of nights: how each went, what changed, and how two differ; with the commands that mend one."""

from datetime import date
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from expectations.meanings import meaning
from jobs.answers import changes, quarantined
from jobs.answers.changes_words import cause_in_words, headline
from jobs.answers.nights import NightDone, nights, two_nights
from jobs.answers.tonight import STAGES
from jobs.errors import UnknownError
from jobs.explorer.pictures import Looked, Palette, drawn, stacked
from jobs.explorer.reading import section
from jobs.explorer.rendering import render
from jobs.explorer.site import Here

if TYPE_CHECKING:
    from matplotlib.axes import Axes

router = APIRouter(include_in_schema=False)
_EXAMPLES = 1


@router.get("/nights")
def page(request: Request, site: Here) -> HTMLResponse:
    """One row a night."""
    found = nights(site.settings, site.reading.views())
    return render(request, site.templates, "nights.html", nights=found, stages=STAGES, today=site.today)


@router.get("/nights/seconds.svg")
def seconds(request: Request, site: Here, look: Looked) -> Response:
    """Seconds of each night by stage."""
    found = list(reversed(nights(site.settings, site.reading.views())))
    key = ("seconds", look, tuple((one.night, tuple(one.seconds.items())) for one in found))
    return site.pictures.answer(request, key, lambda: drawn(lambda axes, ink: _draw(axes, ink, found), look))


@router.get("/nights/compare")
def compare(request: Request, site: Here, a: date | None = None, b: date | None = None) -> HTMLResponse:
    """Any two nights side by side; the newest two unless others are asked for."""
    found = two_nights(site.settings, site.reading.views(), a, b)
    return render(request, site.templates, "compare.html", two=found, stages=STAGES, today=site.today)


@router.get("/nights/{night}")
def night_(request: Request, site: Here, night: date) -> HTMLResponse:
    """What a night changed, and what it set aside."""
    views = site.reading.views()
    known = {one.night: one for one in nights(site.settings, views)}
    if night not in known:
        raise UnknownError(f"nothing that is kept was published for night {night}")
    changed = section(lambda: changes.night_changes(views, night))
    aside = quarantined.quarantined(views, night=night, examples=_EXAMPLES)
    before = max((other for other in known if other < night), default=None)
    return render(
        request,
        site.templates,
        "night.html",
        done=known[night],
        before=before,
        changed=changed,
        sentences=headline(changed.answer) if changed.answer else (),
        causes=cause_in_words,
        aside=aside,
        meaning=meaning,
        today=site.today,
    )


def _draw(axes: "Axes", colours: Palette, found: list[NightDone]) -> None:
    layers = [layer for layer in STAGES if any(layer in one.seconds for one in found)]
    heights = {layer: [one.seconds.get(layer, 0.0) for one in found] for layer in layers}
    stacked(axes, colours, [str(one.night) for one in found], heights, "seconds, one table after the other")
