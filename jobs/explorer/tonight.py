"""The page of tonight: what is asked first in the morning."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from jobs.answers.standing import Status
from jobs.answers.tonight import tonight
from jobs.explorer.rendering import render
from jobs.explorer.site import Here, Site

router = APIRouter(include_in_schema=False)
_DAGS = {"bronze": "ingest", "silver": "refine", "model": "train", "gold": "recommend"}
"""Layer → the DAG that runs it."""
_OF_COMMANDS = "reelhouse "
"""How the run of a publication begins that no DAG made."""


@router.get("/")
def page(request: Request, site: Here) -> HTMLResponse:
    """Whether the night is complete, fresh and trustworthy."""
    found = tonight(site.settings, site.reading.views(), site.today)
    links = {one.table: _links(site, one) for stage in found.stages for one in stage.tables}
    return render(request, site.templates, "tonight.html", tonight=found, links=links, today=site.today)


def _links(site: Site, one: Status) -> dict[str, str]:
    """Where more is told of a table: Data Docs here, its Airflow run there."""
    found = {}
    night = one.instead_of if one.state == "stale" else one.night
    if night and (site.settings.root / "docs" / "data-docs" / one.table / f"{night}.html").exists():
        found["Data Docs"] = f"/pages/data-docs/{one.table}/{night}.html"
    if one.run and not one.run.startswith(_OF_COMMANDS):
        layer = one.table.partition(".")[0]
        found["Airflow"] = f"{site.airflow}/dags/{_DAGS[layer]}/runs/{one.run}"
    return found
