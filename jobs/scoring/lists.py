"""Every viewer's list, scored in Spark tasks.

Python workers import this module for each task's function: it imports neither Great Expectations nor MLflow, which would
cost each worker more than the scoring.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame

from jobs.recommenders import held
from jobs.scoring.histories import Block, blocks
from jobs.scoring.top_n import Scorer, ranks_within, top_titles

_LISTED = "user_id string, rank int, title_id string, score double"


def recommend(histories: DataFrame, folder: Path, excluded: NDArray[np.int32], length: int) -> DataFrame:
    """The best unseen titles of every viewer.

    Tasks read the model's folder themselves, its arrays mapped into memory: a path is all that travels to them, however
    many titles there are, and all workers of a machine share one copy.

    Args:
        histories: One row per viewer, as collect_histories makes them; lists come out in their order.
        folder: A saved model, at a path that workers see too.
        excluded: Positions of its titles that may not be listed.
        length: Titles per list.

    Returns:
        user_id, rank, title_id, score: one row per viewer and rank; fewer than ``length`` ranks only for a viewer who
        has seen nearly everything.
    """
    path = str(folder)

    def score(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        model = held(path)
        for block in blocks(batches, model.title_ids):
            yield list_block(model, block, excluded, length)

    return histories.mapInArrow(score, _LISTED)


def list_block(model: Scorer, block: Block, excluded: NDArray[np.int32], length: int) -> pa.RecordBatch:
    """The lists of a block of viewers, as rows."""
    row, position, score, _ = top_titles(model, block.histories, length, excluded)
    return pa.RecordBatch.from_arrays(
        [
            block.user_ids.take(pa.array(row)),
            pa.array(ranks_within(row) + 1),
            model.title_ids.take(pa.array(position)),
            pa.array(score.astype(np.float64)),
        ],
        names=["user_id", "rank", "title_id", "score"],
    )
