"""The same answers for programs: a service reads lists here before it has a store of its own."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from jobs.answers import titles, viewers
from jobs.answers.titles import TitleFacts
from jobs.answers.tonight import Tonight, tonight
from jobs.answers.viewers import ViewerList
from jobs.errors import UnknownError
from jobs.explorer.caching import unless_known
from jobs.explorer.rendering import render
from jobs.explorer.site import Here, Site
from jobs.tables import Table
from jobs.tables.gold import EVERYBODY_ELSE

router = APIRouter(prefix="/api", tags=["answers"])
page_router = APIRouter(include_in_schema=False)
_LONGEST_ID = 128
_LONGEST_LIST = 1_000
Identifier = Annotated[str, Path(min_length=1, max_length=_LONGEST_ID)]


class Refusal(BaseModel):
    """Why nothing is answered."""

    error: str
    """One line: what is not there, and what to do."""


_REFUSALS: dict[int | str, dict[str, Any]] = {
    304: {"description": "Nothing was published since: what the caller has is still right."},
    404: {"model": Refusal, "description": "There is no such viewer or title."},
    503: {"model": Refusal, "description": "A table that the answer needs was never published, or cannot be read."},
}


@router.get("/tonight", response_model=Tonight, responses={key: _REFUSALS[key] for key in (503,)})
def tonight_(site: Here) -> Response:
    """Whether the night is complete: every stage and table, rows set aside, the model that serves, what changed."""
    return _json(tonight(site.settings, site.reading.views(), site.today))


@router.get("/viewers/{user_id}/list", response_model=ViewerList, responses=_REFUSALS)
def list_of(
    request: Request,
    site: Here,
    user_id: Identifier,
    limit: Annotated[int, Query(ge=1, le=_LONGEST_LIST, description="The most titles.")] = 50,
    fallback: Annotated[
        bool, Query(description="Whether a viewer without a list gets that of `*`, everybody of whom nothing is known.")
    ] = False,
) -> Response:
    """A viewer's list, best first, with the reason of each title in words; `*` is everybody of whom nothing is known."""

    def ask() -> ViewerList:
        views = site.reading.views()
        try:
            return viewers.viewer_list(views, user_id, limit)
        except UnknownError:
            if not fallback:
                raise
            return viewers.viewer_list(views, EVERYBODY_ELSE, limit)

    return _of_versions(request, site, viewers.READS, ask)


@router.get("/titles/{title_id}", response_model=TitleFacts, responses=_REFUSALS)
def title_of(request: Request, site: Here, title_id: Identifier) -> Response:
    """What is known about a title: facts, people, popularity, on how many lists it stands."""
    return _of_versions(request, site, titles.READS, lambda: titles.facts_of(site.reading.views(), title_id))


@page_router.get("/api")
def page(request: Request, site: Here) -> HTMLResponse:
    """What programs can ask, as a page."""
    told = request.app.openapi()
    asked = [(path, operation) for path, methods in told["paths"].items() for operation in methods.values()]
    example, base = viewers.first_listed(site.reading.views()), str(request.base_url).rstrip("/")
    return render(request, site.templates, "api.html", asked=asked, example=example, base=base)


def _of_versions(request: Request, site: Site, reads: Iterable[Table], ask: Callable[[], object]) -> Response:
    """An answer, unless the caller holds that of the same versions of its tables."""
    editions = site.reading.views().editions
    key = (request.url.query, *(editions.get(table) for table in reads))
    return unless_known(request, key, lambda: _json(ask()))


def _json(answer: object) -> JSONResponse:
    """A dataclass as JSON."""
    return JSONResponse(jsonable_encoder(answer))
