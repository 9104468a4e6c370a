"""A toy: titles that are liked together. Tests put this file into jobs/recommenders/; no other changes."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
from pydantic import Field
from pydantic.dataclasses import dataclass as checked
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

from jobs.scoring.histories import Histories
from jobs.scoring.space import Real, Space
from jobs.scoring.top_n import Floats
from jobs.scoring.training_set import TrainingSet


@checked(frozen=True)
class Parameters:
    """What a pair counts."""

    shrinkage: Annotated[float, Field(ge=0)] = 1.0
    """Viewers added to each title's, so that rare titles do not look alike by chance."""


SPACE: Space = {"shrinkage": Real(0.1, 100.0, log=True)}


@dataclass(frozen=True)
class Model:
    """Titles by titles of how often they are liked together."""

    title_ids: pa.Array
    together: Floats
    parameters: Parameters

    def scores(self, histories: Histories) -> Floats:
        """Viewers by titles."""
        return np.asarray(histories.preferences @ self.together, dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write one array and one JSON file."""
        np.save(folder / "together.npy", self.together, allow_pickle=False)
        held = {"titles": self.title_ids.to_pylist(), "parameters": asdict(self.parameters)}
        (folder / "toy.json").write_text(json.dumps(held), encoding="utf-8")


def fit(training: TrainingSet, parameters: Parameters) -> Model:
    """Count pairs."""
    rows = training.preferences.where(F.col("weight") > 0).select("viewer", "title").toArrow()
    viewer, title = rows["viewer"].to_numpy(), rows["title"].to_numpy()
    likes = csr_matrix((np.ones(len(title), dtype=np.float32), (viewer, title)))
    fans = np.asarray(likes.sum(axis=0)).ravel()
    order = [t for t in np.lexsort((np.arange(len(fans)), -fans)) if fans[t]]
    together = (likes.T @ likes).toarray()[np.ix_(order, order)]
    together /= np.sqrt(np.outer(fans[order], fans[order])) + parameters.shrinkage
    return Model(training.title_ids.take(pa.array(order)), together.astype(np.float32), parameters)


def load(folder: Path) -> Model:
    """Read what was saved."""
    held = json.loads((folder / "toy.json").read_text(encoding="utf-8"))
    return Model(
        pa.array(held["titles"], pa.string()),
        np.load(folder / "together.npy", mmap_mode="r", allow_pickle=False),
        Parameters(**held["parameters"]),
    )
