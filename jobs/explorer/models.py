"""The page of models: which is better, and how sure are we."""

from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from jobs.answers.models import Models, models, outcomes, two_versions
from jobs.explorer.pictures import Looked, Palette, drawn, is_narrow
from jobs.explorer.rendering import render
from jobs.explorer.site import Here
from jobs.tracking.addresses import newest_night

if TYPE_CHECKING:
    from matplotlib.axes import Axes

router = APIRouter(include_in_schema=False)
_MS, _GAP = 4, 0.07
"""Size of a point; of the highest number, the least between two names."""
_GROWS, _ASIDE = {"wide": 1.3, "narrow": 2.6}, {"wide": 0.03, "narrow": 0.13}
"""Of the widest number: how far the axis goes, for names of the last points, and how far names are from points."""


@router.get("/models")
def page(request: Request, site: Here) -> HTMLResponse:
    """Champion and challengers side by side, by segment, and what became of their lists."""
    views = site.reading.views()
    return render(
        request,
        site.templates,
        "models.html",
        models=models(site.settings),
        outcomes=outcomes(views),
        two=two_versions(views),
        mlflow=newest_night(site.settings, site.mlflow) or site.mlflow,
        today=site.today,
    )


@router.get("/models/accuracy.svg")
def accuracy(request: Request, site: Here, look: Looked) -> Response:
    """Accuracy with its interval against coverage, a point a model."""
    found = models(site.settings)
    key = ("accuracy", look, tuple((one.run_id, one.verdict) for one in found.judged))
    return site.pictures.answer(request, key, lambda: drawn(lambda axes, ink: _draw(axes, ink, found), look))


def _draw(axes: "Axes", colours: Palette, found: Models) -> None:
    shown = [one for one in found.judged if one.ndcg and one.coverage is not None]
    highest = max((one.ndcg.high for one in shown if one.ndcg), default=1.0)
    widest = max((100 * (one.coverage or 0) for one in shown), default=0.0) or 1.0
    height, size = float("inf"), "narrow" if is_narrow(axes) else "wide"
    for one in shown:
        if one.ndcg is None or one.coverage is None:
            continue
        is_serving = found.champion is not None and one.run_id == found.champion.run_id
        colour = colours.main if is_serving else colours.others[0]
        around = [[one.ndcg.value - one.ndcg.low], [one.ndcg.high - one.ndcg.value]]
        at = 100 * one.coverage
        axes.errorbar([at], [one.ndcg.value], yerr=around, fmt="o", color=colour, markersize=_MS, capsize=5)
        said = f"{one.name} (serves)" if is_serving else one.name
        # Names of models that are nearly alike stand one below the other.
        height = min(one.ndcg.value, height - _GAP * highest)
        axes.annotate(
            said,
            (at, one.ndcg.value),
            xytext=(at + _ASIDE[size] * widest, height),
            va="center",
            color=colours.ink,
            arrowprops={"arrowstyle": "-", "color": colours.line},
        )
    axes.set_xlim(0, _GROWS[size] * widest)
    axes.set_ylim(0, 1.1 * highest)
    axes.set_xlabel("coverage: titles on anybody's first ten, % of those that may be listed")
    axes.set_ylabel("nDCG@10, 95 % interval")
