"""The loader's address is written into every registered model: what was registered stays loadable."""

from pathlib import Path

import mlflow
import pandas as pd

FIRST_ADDRESS = Path(__file__).parent / "data" / "registered_before_the_loader_moved"


def test_a_model_registered_under_the_first_address_is_loadable() -> None:
    assert "loader_module: jobs.model.pyfunc" in (FIRST_ADDRESS / "MLmodel").read_text(encoding="utf-8")

    model = mlflow.pyfunc.load_model(str(FIRST_ADDRESS))
    lists = model.predict(pd.DataFrame({"user_id": ["u"], "title_id": ["tt0000001"], "weight": [1.0]}))

    assert lists["title_id"].tolist() == ["tt0000002", "tt0000003"]
