"""The loader's address is written into every registered model: what was registered stays loadable."""

from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa

from jobs.scoring.histories import Histories
from jobs.tracking.loader import Recommender

FIRST_ADDRESS = Path(__file__).parent / "data" / "registered_before_the_loader_moved"


def test_a_model_registered_under_the_first_address_is_loadable() -> None:
    assert "loader_module: jobs.model.pyfunc" in (FIRST_ADDRESS / "MLmodel").read_text(encoding="utf-8")

    model = mlflow.pyfunc.load_model(str(FIRST_ADDRESS))
    lists = model.predict(pd.DataFrame({"user_id": ["u"], "title_id": ["tt0000001"], "weight": [1.0]}))

    assert lists["title_id"].tolist() == ["tt0000002", "tt0000003"]


class RatesAndAges:
    """Scores a title by what the viewer rated, and how long ago: the only thing that two viewers differ in."""

    title_ids = pa.array(["a", "b", "c"])

    def scores(self, histories: Histories) -> np.ndarray:
        newest = histories.ratings.sum(axis=1) - histories.ages.sum(axis=1)
        return np.asarray(newest, dtype=np.float32).reshape(-1, 1) * np.array([[0, 1, -1]], dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Nothing is saved."""


def test_ratings_and_ages_may_be_given_and_may_be_left_out() -> None:
    known = pd.DataFrame({"user_id": ["u", "v"], "title_id": ["a", "a"], "weight": [1.0, 1.0]})
    told = known.assign(rating=[9.0, np.nan], age_days=[2.0, 30.0])

    lists = Recommender(RatesAndAges()).predict(told)

    assert lists["title_id"].tolist() == ["b", "c", "c", "b"]
    assert lists["score"].tolist() == [7.0, -7.0, 30.0, -30.0]
    assert Recommender(RatesAndAges()).predict(known)["score"].tolist() == [0.0] * 4
