"""The page of the data: what they look like on a night, a picture and a sentence each."""

from datetime import date

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from jobs.answers.lake_profile import profile, version_of
from jobs.answers.profile_words import TITLES
from jobs.errors import UnknownError
from jobs.explorer.pictures import Looked
from jobs.explorer.profile_pictures import draw, height_of
from jobs.explorer.reading import section
from jobs.explorer.rendering import render
from jobs.explorer.site import Here

router = APIRouter(include_in_schema=False)


@router.get("/data")
def page(request: Request, site: Here, night: date | None = None) -> HTMLResponse:
    """What the data of a night look like; of the newest unless another is asked for."""
    views = site.reading.views()
    found = section(lambda: profile(views, night)) if night is None else None
    return render(
        request,
        site.templates,
        "data.html",
        missing=found.missing if found else "",
        profile=found.answer if found else profile(views, night),
        height_of=height_of,
        today=site.today,
    )


@router.get("/data/{name}.svg")
def picture(request: Request, site: Here, name: str, look: Looked, night: date | None = None) -> Response:
    """One picture of a night's data."""
    if name not in TITLES:
        raise UnknownError("there is no such picture")
    views = site.reading.views()
    of, version = version_of(views, night)

    def drawing() -> bytes:
        shown = next((one for one in profile(views, of).pictures if one.name == name and one.points), None)
        if shown is None:
            raise UnknownError(f"nothing is drawn of {name} on night {of}: there was nothing to count")
        return draw(shown, look)

    return site.pictures.answer(request, ("data", name, of, version, look), drawing)
