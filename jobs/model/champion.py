"""Train tonight's model and make it the champion: model.champion."""

import tempfile
import time
from datetime import date
from pathlib import Path

from jobs.evaluation.evaluation import METRICS, evaluate, hold_out, split_by_time
from jobs.lakehouse.lake import Lake
from jobs.recommenders import als, popularity
from jobs.scoring.histories import collect_histories
from jobs.scoring.top_n import FactorModel
from jobs.scoring.weighing import end_of, event_weight, weigh
from jobs.tables import silver
from jobs.tables.model import CHAMPION
from jobs.tracking import registry
from jobs.tracking.registry import Training

_METRIC_NAMES = {metric: f"{metric}_at_10" for metric in METRICS} | {"coverage": "coverage_at_10"}


def run(lake: Lake, night: date) -> None:
    """Judge ALS beside popularity on the newest events, refit it on all of them, register it with both."""
    began = time.monotonic()
    settings = lake.settings
    interactions = lake.read(silver.INTERACTIONS, night).persist()
    try:
        split = split_by_time(interactions, settings.holdout_share)
        known = weigh(split.train, split.cutoff, settings.weighing).persist()
        cores = lake.spark.sparkContext.defaultParallelism
        baselines = popularity.fit(split.train, split.cutoff)
        models: dict[str, FactorModel] = {"als": als.fit(known, settings.als, cores), **baselines}
        judged = evaluate(
            models,
            hold_out(collect_histories(known), split.test, event_weight(settings.weighing) > 0),
        )
        known.unpersist()
        model = als.fit(weigh(interactions, end_of(night), settings.weighing), settings.als, cores)
    finally:
        interactions.unpersist()
    best = max(baselines, key=lambda name: (judged[name]["ndcg"], name))
    training = Training(
        night=night,
        run=lake.run,
        parameters={
            **settings.als.model_dump(),
            "blocks": cores,
            "holdout_share": settings.holdout_share,
            **{f"weight_{name}": value for name, value in settings.weighing.model_dump().items()},
        },
        metrics={name: judged["als"][metric] for metric, name in _METRIC_NAMES.items()}
        | {f"popularity_{name}": judged[best][metric] for metric, name in _METRIC_NAMES.items()}
        | {f"popularity_{baseline}_ndcg_at_10": judged[baseline]["ndcg"] for baseline in baselines}
        | {"judged_viewers": judged["als"]["viewers"], "titles": float(len(model.title_ids))}
        # MLflow's own duration is that of logging: the run is opened when there is something to log.
        | {"training_seconds": time.monotonic() - began},
        inputs={
            name: (f"{settings.lake}/{name.replace('.', '/')}", version)
            for name, version in lake.reads.items()
            if version is not None
        },
        tags={"popularity": best, "split": f"global temporal, from {split.cutoff.isoformat()}"},
    )
    with tempfile.TemporaryDirectory() as folder:
        als.save(model, Path(folder) / "model")
        champion = registry.register(settings, training, Path(folder) / "model", loader_module="jobs.tracking.loader")
    lake.report(
        CHAMPION.name,
        "published",
        version=champion.version,
        rows=len(model.title_ids),
        note=f"nDCG@10 {champion.metrics['ndcg_at_10']:.3f}, popularity {champion.metrics['popularity_ndcg_at_10']:.3f}",
    )
