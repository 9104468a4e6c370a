"""A small model, registered as a training registers its own."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from jobs import recommenders
from jobs.recommenders.als import Model, Parameters
from jobs.settings import Settings
from jobs.tracking import registry, runs

NIGHT = date(2026, 3, 1)
MODEL = Model(pa.array(["a", "b", "c"]), np.eye(3, dtype=np.float32), Parameters(rank=3))


def register(settings: Settings, folder: Path, night: date = NIGHT, model: Model = MODEL) -> registry.Champion:
    """Make a model the champion; ``folder`` holds it meanwhile."""
    recommenders.save("als", model, folder)
    inputs: dict[str, tuple[str, int | None]] = {"silver.interactions": (f"{settings.lake}/silver/interactions", 7)}
    circumstances = runs.Circumstances(night, "als", {"rank": 3}, runs.shaping(settings), inputs, "test")
    with runs.training(settings, circumstances) as run_id:
        logged = runs.log_model(
            circumstances, run_id, folder, metrics={"ndcg_at_10": 0.25}, tags={"popularity": "recent"}
        )
    registry.register(settings, logged)
    return registry.require_champion(settings)
