"""Interactions of power laws on both sides, in memory."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from jobs.lakehouse.spark import session
from jobs.scoring.training_set import TrainingSet
from jobs.settings import Settings, cores_here

_DRAWN = 1.35
"""So many times as many are drawn as are wanted: what is drawn twice counts once."""


def training_set(settings: Settings, viewers: int, titles: int, interactions: int) -> TrainingSet:
    """Viewers of lognormal activity, titles of Zipf's popularity, every weight 1."""
    rng = np.random.default_rng(1)
    activity = rng.lognormal(sigma=1.1, size=viewers)
    popularity = 1.0 / np.arange(20, titles + 20) ** 0.8
    drawn = int(interactions * _DRAWN)
    viewer = rng.choice(viewers, drawn, p=activity / activity.sum())
    title = rng.choice(titles, drawn, p=popularity / popularity.sum())
    pairs = rng.permutation(np.unique(viewer.astype(np.int64) * titles + title))[:interactions]
    rows = pa.table(
        {
            "viewer": pa.array((pairs // titles).astype(np.int32)),
            "title": pa.array((pairs % titles).astype(np.int32)),
            "weight": pa.array(np.ones(len(pairs), dtype=np.float32)),
            "rating": pa.nulls(len(pairs), pa.float32()),
            "last_at": pa.array(rng.integers(0, 10**15, len(pairs)), pa.timestamp("us", "UTC")),
        }
    )
    title_ids = pa.array([f"t{n:05d}" for n in range(titles)])
    return TrainingSet(title_ids, datetime(2026, 3, 1, tzinfo=UTC), cores_here(), rows, lambda: session(settings))
