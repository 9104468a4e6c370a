"""The pages of titles: search and shelves, and all that is known of one."""

import hashlib
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from jobs.answers import title_search
from jobs.answers.text import cut, safe
from jobs.answers.title_figures import TitleFigures, title_figures
from jobs.answers.title_search import Asked
from jobs.answers.titles import facts_of, named
from jobs.errors import UnknownError
from jobs.explorer.caching import kept
from jobs.explorer.pictures import Looked, Palette, drawn, mark
from jobs.explorer.posters import NOTICE
from jobs.explorer.reading import section
from jobs.explorer.rendering import render
from jobs.explorer.safety import policy
from jobs.explorer.site import Here
from jobs.lakehouse.views import Views

if TYPE_CHECKING:
    from matplotlib.axes import Axes

router = APIRouter(include_in_schema=False)
_FOUND, _ON_SHELF, _SIMILAR, _SHELVES = 50, 10, 12, 12
_WINDOW = 30
"""Days of the shelves that are shown unless others are asked for."""
_LONGEST_ASKED = 256
_HUES = 360
_LINE, _LINES = 14, 5
"""Characters of a line of a poster, and lines."""
Text = Annotated[str, Query(max_length=_LONGEST_ASKED)]


@router.get("/titles")
def search(
    request: Request,
    site: Here,
    q: Text = "",
    genre: Text = "",
    decade: Text = "",
    language: Text = "",
    rating: Text = "",
    days: Annotated[int, Query(ge=0, le=10_000)] = _WINDOW,
) -> HTMLResponse:
    """Titles by words and by what they are; and what is popular, where nothing is asked."""
    views = site.reading.views()
    asked = Asked(q.strip(), genre, _whole(decade), language, float(min(_whole(rating), 10)))
    index = site.indexing.of(views) if asked.words else None
    found = section(lambda: title_search.find(views, asked, _FOUND, index)) if asked.is_anything else None
    shelves = None if asked.is_anything else section(lambda: title_search.shelves(views, days, _ON_SHELF))
    return render(
        request,
        site.templates,
        "titles.html",
        asked=asked,
        found=found,
        shelves=shelves,
        most=_FOUND,
        shown=_SHELVES,
        days=days,
        choices=section(lambda: title_search.choices(views)),
        is_index_awaited=bool(asked.words) and index is None,
    )


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 5 else 0


@router.get("/titles/{title_id}/poster.svg")
def poster(site: Here, title_id: str) -> Response:
    """A poster of a title's words, for want of a picture."""
    found = named(site.reading.views(), title_id)
    hue = int(hashlib.sha256(title_id.encode()).hexdigest(), 16) % _HUES
    text = site.templates.get_template("poster.svg").render(
        lines=_lines(safe(found.title)),
        year=found.release_year,
        genres=", ".join(found.genres[:3]),
        hue=hue,
        other=(hue + 40) % _HUES,
    )
    return Response(text, media_type="image/svg+xml")


@router.get("/titles/{title_id}/{picture}.svg")
def picture(request: Request, site: Here, title_id: str, picture: str, look: Looked) -> Response:
    """Ratings, viewers over time, and ranks of a title."""
    if picture not in _DRAWN:
        raise UnknownError("there is no such picture")
    bars = _DRAWN[picture].of(_figures(site.reading.views(), title_id))
    key = (picture, look, title_id, tuple(bars))
    return site.pictures.answer(
        request, key, lambda: drawn(lambda axes, ink: _draw(axes, ink, bars, _DRAWN[picture]), look)
    )


@router.get("/titles/{title_id:path}")
def page(request: Request, site: Here, title_id: str) -> HTMLResponse:
    """All that is known of a title."""
    views = site.reading.views()
    facts = facts_of(views, title_id)
    figures = _figures(views, title_id)
    loaded = site.posters.of(facts.facts["poster_path"]) if site.posters else None
    answer = render(
        request,
        site.templates,
        "title.html",
        facts=facts,
        figures=figures,
        today=site.today,
        loaded=loaded,
        notice=NOTICE,
    )
    if site.posters and loaded:
        answer.headers["Content-Security-Policy"] = policy(site.posters.origin)
    return answer


def _figures(views: Views, title_id: str) -> TitleFigures:
    """Asked for once: a page's pictures are made of what its words are."""

    def ask() -> TitleFigures:
        named(views, title_id)  # refuses one that nobody knows
        return title_figures(views, title_id, _SIMILAR)

    return kept(views, ("figures", title_id), ask)


@dataclass(frozen=True)
class Bars:
    """A picture of bars."""

    of: Callable[[TitleFigures], Sequence[tuple[str, int]]]
    """Its bars: what each is of, and how high it is."""
    across: str
    up: str


def _ratings(figures: TitleFigures) -> Sequence[tuple[str, int]]:
    return [(f"{at} to {at + 1}", viewers) for at, viewers in enumerate(figures.ratings or ())]


def _months(figures: TitleFigures) -> Sequence[tuple[str, int]]:
    return [(f"{month:%Y-%m}", viewers) for month, viewers in figures.months or ()]


def _ranks(figures: TitleFigures) -> Sequence[tuple[str, int]]:
    return [(str(rank), lists) for rank, lists in figures.ranks or ()]


_DRAWN = {
    "ratings": Bars(_ratings, "rating", "viewers"),
    "months": Bars(_months, "month", "viewers"),
    "ranks": Bars(_ranks, "rank on a list", "lists"),
}


def _draw(axes: "Axes", colours: Palette, bars: Sequence[tuple[str, int]], told: Bars) -> None:
    axes.bar(range(len(bars)), [height for _, height in bars], color=colours.main, width=0.8)
    mark(axes, [name for name, _ in bars], most=10)
    axes.set_xlabel(told.across)
    axes.set_ylabel(told.up)


def _lines(title: str) -> list[str]:
    """A title in lines that fit a poster."""
    lines = textwrap.wrap(cut(title, _LINE * _LINES), _LINE, break_long_words=True)
    return lines[:_LINES]
