"""The site: a page over the published tables, and what people say of titles; nothing else is written."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import jinja2
from fastapi import Depends, FastAPI
from fastapi.exception_handlers import request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

from jobs.errors import JobError, UnknownError
from jobs.explorer.indexing import Indexing
from jobs.explorer.pictures import Pictures
from jobs.explorer.posters import Posters, posters_at
from jobs.explorer.reading import Reading
from jobs.explorer.rendering import environment, render
from jobs.explorer.safety import Safety
from jobs.settings import Settings
from jobs.version import code_version

_STATIC = Path(__file__).parent / "static"
HERE = ("127.0.0.1", "localhost")
"""Names of this machine to itself."""
_UNKNOWN, _NOT_NOW = 404, 503


@dataclass(frozen=True)
class Site:
    """What every page has at hand."""

    settings: Settings
    reading: Reading
    templates: jinja2.Environment
    pictures: Pictures
    indexing: Indexing
    posters: Posters | None
    """Where browsers may load posters from; None: every poster is drawn."""
    now: Callable[[], datetime]

    @property
    def today(self) -> date:
        """Today's date in UTC, or the one that the settings name."""
        return self.settings.today or self.now().date()

    @property
    def airflow(self) -> str:
        """Address of Airflow's page on this machine."""
        return f"http://{HERE[0]}:{self.settings.airflow_port}"

    @property
    def mlflow(self) -> str:
        """Address of MLflow's page."""
        uri = self.settings.mlflow_uri or ""
        return uri if uri.startswith("http") else f"http://{HERE[0]}:{self.settings.mlflow_port}"


def site_of(request: Request) -> Site:
    """What a handler has at hand."""
    site: Site = request.app.state.site
    return site


Here = Annotated[Site, Depends(site_of)]


def create(settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> FastAPI:
    """The site over one home.

    Args:
        settings: Where everything is.
        now: The time, UTC.

    Raises:
        JobError: Posters may be loaded from what is no address of any.
    """
    from jobs.explorer import api, data, models, new_viewer, nights, saying, titles, tonight, viewers

    app = FastAPI(
        title="Reelhouse", version=code_version(), docs_url=None, redoc_url=None, openapi_url="/api/openapi.json"
    )
    app.state.site = Site(
        settings,
        Reading(settings.lake),
        environment(),
        Pictures(),
        Indexing(settings.root / "explorer"),
        posters_at(settings.explorer_posters),
        now,
    )
    for module in (tonight, viewers, saying, new_viewer, titles, nights, data, models):
        app.include_router(module.router)
    app.include_router(api.router)
    app.include_router(api.page_router)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    pages = settings.root / "docs"
    app.mount("/pages", StaticFiles(directory=pages, check_dir=False), name="pages")
    app.add_exception_handler(JobError, _refused)
    app.add_exception_handler(HTTPException, _not_found)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_api_route("/health", lambda: PlainTextResponse("ok"), include_in_schema=False)
    token = settings.explorer_token.get_secret_value() if settings.explorer_token else None
    app.add_middleware(Safety, token=token)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*HERE, *settings.explorer_names])
    return app


def _refused(request: Request, error: Exception) -> Response:
    """A page, or JSON for programs, that says in one line what is not shown and what to do."""
    status = _UNKNOWN if isinstance(error, UnknownError) else _NOT_NOW
    return _said(request, status, str(error))


def _not_found(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    said = "there is no such page" if error.status_code == _UNKNOWN else str(error.detail)
    answer = _said(request, error.status_code, said)
    answer.headers.update(error.headers or {})
    return answer


async def _misread(request: Request, error: Exception) -> Response:
    """An address of a page that means nothing is no page; programs are told what is wrong with it."""
    if not isinstance(error, RequestValidationError):
        raise error
    if request.url.path.startswith("/api/"):
        return await request_validation_exception_handler(request, error)
    return _said(request, _UNKNOWN, "there is no such page")


def _said(request: Request, status: int, said: str) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": said}, status)
    site = site_of(request)
    return render(request, site.templates, "said.html", status, said=said, is_unknown=status == _UNKNOWN)
