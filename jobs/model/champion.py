"""Train tonight's model and make it the champion: model.champion."""

import tempfile
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from jobs import recommenders
from jobs.evaluation.comparison import compare
from jobs.evaluation.metrics import METRICS
from jobs.evaluation.protocols import temporal
from jobs.lakehouse.lake import Lake
from jobs.recommenders import popularity
from jobs.scoring.rules import find_listable
from jobs.scoring.top_n import Scorer
from jobs.scoring.training_set import gather
from jobs.scoring.weighing import end_of, event_weight
from jobs.tables import silver
from jobs.tables.model import CHAMPION
from jobs.tracking import registry, runs

_METRIC_NAMES = {metric: f"{metric}_at_10" for metric in METRICS} | {"coverage": "coverage_at_10"}


def run(lake: Lake, night: date) -> None:
    """Judge tonight's recommender beside popularity on the newest events, refit it on all of them, register it."""
    began = time.monotonic()
    settings = lake.settings
    name = settings.recommender or recommenders.DEFAULT
    recommender = recommenders.find(name)
    parameters = recommenders.parameters_of(name, settings.recommender_parameters)
    interactions = lake.read(silver.INTERACTIONS, night)
    titles = lake.read(silver.TITLES, night)
    circumstances = runs.Circumstances(
        night,
        name,
        recommenders.values_of(parameters),
        runs.shaping(settings),
        {table: (f"{settings.lake}/{table.replace('.', '/')}", version) for table, version in lake.reads.items()},
        lake.run,
    )
    work = settings.root / "work"
    work.mkdir(parents=True, exist_ok=True)
    with runs.training(settings, circumstances) as run_id, tempfile.TemporaryDirectory(dir=work) as folder:
        cutoff = temporal.find_cutoff(interactions, settings.holdout_share)
        with gather(interactions, (cutoff, end_of(night)), settings.weighing, work) as known:
            before = known.training_set(cutoff)
            twins: dict[str, tuple[str, Scorer]] = {"model": (name, recommender.fit(before, parameters))} | {
                baseline: ("popularity", popularity.fit(before, counted))
                for baseline, counted in popularity.BASELINES.items()
            }
            wanted = temporal.hold_out(
                known.histories(cutoff), interactions, cutoff, event_weight(settings.weighing) > 0
            )
            judged = compare(_saved(twins, Path(folder)), wanted, find_listable(titles, known.title_ids, cutoff.date()))
            model = recommender.fit(known.training_set(end_of(night)), parameters)
        best = max(popularity.BASELINES, key=lambda baseline: (judged[baseline]["ndcg"], baseline))
        recommenders.save(name, model, Path(folder) / "registered")
        logged = runs.log_model(
            circumstances,
            run_id,
            Path(folder) / "registered",
            metrics=_metrics(judged, best)
            | {"titles": float(len(model.title_ids)), "training_seconds": time.monotonic() - began},
            tags={"popularity": best, "split": f"global temporal, from {cutoff.isoformat()}"},
        )
    champion = registry.register(settings, logged)
    lake.report(
        CHAMPION.name,
        "published",
        version=champion.version,
        rows=len(model.title_ids),
        note=f"nDCG@10 {champion.metrics['ndcg_at_10']:.3f}, popularity {champion.metrics['popularity_ndcg_at_10']:.3f}",
    )


def _saved(models: Mapping[str, tuple[str, Scorer]], folder: Path) -> dict[str, Path]:
    """Folders of models, from which tasks read them."""
    for name, (recommender, model) in models.items():
        recommenders.save(recommender, model, folder / name)
    return {name: folder / name for name in models}


def _metrics(judged: Mapping[str, Mapping[str, float]], best: str) -> dict[str, float]:
    """The model's metrics, those of the best popularity beside them, and the nDCG of each popularity."""
    return (
        {name: judged["model"][metric] for metric, name in _METRIC_NAMES.items()}
        | {f"popularity_{name}": judged[best][metric] for metric, name in _METRIC_NAMES.items()}
        | {f"popularity_{baseline}_ndcg_at_10": judged[baseline]["ndcg"] for baseline in popularity.BASELINES}
        | {"judged_viewers": judged["model"]["viewers"]}
    )
