"""The registered model as MLflow loads it: histories in, lists out.

The address of this module is written into every registered model; it stays.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from jobs import recommenders
from jobs.scoring.histories import Block, blocks
from jobs.scoring.top_n import Scorer, ranks_within, top_titles

_LIST_LENGTH = 50
_COLUMNS = {"title_ids": "title_id", "weights": "weight", "ratings": "rating", "ages": "age_days"}
"""Lists of a viewer's history, and the columns that they come from."""


@dataclass(frozen=True)
class Recommender:
    """Lists for viewers that need not have been known when the model was trained."""

    model: Scorer

    def predict(self, histories: pd.DataFrame) -> pd.DataFrame:
        """Top 50 unseen titles of each viewer.

        Args:
            histories: user_id, title_id and weight, one row per viewer and title in the viewer's history; optionally
                rating (0 to 10, or nothing) and age_days (days since the viewer last had to do with the title).

        Returns:
            user_id, rank from 1, title_id and score, ordered by user_id and rank.
        """
        there = {name: (column, list) for name, column in _COLUMNS.items() if column in histories.columns}
        known = histories.groupby("user_id", sort=True).agg(**there).reset_index()
        batch = pa.RecordBatch.from_pandas(known)
        lists = [self._list(block) for block in blocks([batch], self.model.title_ids)]
        return pd.concat(lists or [pd.DataFrame(columns=["user_id", "rank", "title_id", "score"])], ignore_index=True)

    def _list(self, block: Block) -> pd.DataFrame:
        """The lists of some viewers."""
        listed = top_titles(self.model, block.histories, _LIST_LENGTH)
        return pd.DataFrame(
            {
                "user_id": block.user_ids.take(pa.array(listed.rows)).to_pandas(),
                "rank": ranks_within(listed.rows) + 1,
                "title_id": self.model.title_ids.take(pa.array(listed.positions)).to_pandas(),
                "score": listed.scores.astype(np.float64),
            }
        )


def _load_pyfunc(folder: str) -> Recommender:
    """Called by mlflow.pyfunc.load_model."""
    return Recommender(recommenders.load(Path(folder)))
