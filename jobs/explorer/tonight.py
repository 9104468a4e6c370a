"""The page of tonight: what is asked first in the morning."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from expectations.meanings import meaning
from jobs.answers.standing import Status
from jobs.answers.tonight import tonight
from jobs.explorer.rendering import render
from jobs.explorer.site import Here, Site
from jobs.tables.model import CHAMPION
from jobs.tracking.addresses import newest_night

router = APIRouter(include_in_schema=False)
TONES = {"fresh": "good", "stale": "bad", "damaged": "bad", "unknown": "bad"} | dict.fromkeys(
    ("behind", "late", "outdated", "old", "rolled back", "never published", "none yet"), "odd"
)
"""State → how it is coloured."""
_DAGS = {"bronze": "ingest", "silver": "refine", "model": "train", "gold": "recommend"}
"""Layer → the DAG that runs it."""
_OF_DAGS = ("manual__", "scheduled__", "backfill__", "asset_triggered__")
"""How Airflow's names of runs begin; others are commands."""


@router.get("/")
def page(request: Request, site: Here) -> HTMLResponse:
    """Whether the night is complete, fresh and trustworthy."""
    found = tonight(site.settings, site.reading.views(), site.today)
    links = {one.table: _links(site, one) for stage in found.stages for one in stage.tables}
    return render(
        request,
        site.templates,
        "tonight.html",
        tonight=found,
        links=links,
        meaning=meaning,
        tones=TONES,
        today=site.today,
    )


def _links(site: Site, one: Status) -> dict[str, str]:
    """Where more is told of a table: Data Docs here, its Airflow run there."""
    found = {}
    night = one.instead_of if one.state == "stale" else one.night
    if night and (site.settings.root / "docs" / "data-docs" / one.table / f"{night}.html").exists():
        found["Data Docs"] = f"/pages/data-docs/{one.table}/{night}.html"
    if one.table == CHAMPION.name and (runs := newest_night(site.settings, site.mlflow)):
        found["MLflow"] = runs
    if one.run.startswith(_OF_DAGS):
        layer = one.table.partition(".")[0]
        found["Airflow"] = f"{site.airflow}/dags/{_DAGS[layer]}/runs/{one.run}"
    return found
