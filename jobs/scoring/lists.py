"""Every viewer's list, scored in Spark tasks.

Python workers import this module for each task's function: it imports neither Great Expectations nor MLflow, which would
cost each worker more than the scoring.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame

from jobs.scoring.histories import Block, blocks
from jobs.scoring.top_n import FactorModel, ranks_within, top_titles

_LISTED = "user_id string, rank int, title_id string, score double"


def recommend(histories: DataFrame, model: FactorModel, allowed: NDArray[np.bool_], length: int) -> DataFrame:
    """The best unseen titles of every viewer.

    Args:
        histories: One row a viewer, as collect_histories makes them.
        model: The model.
        allowed: Which of its titles may be listed.
        length: Titles a list.

    Returns:
        user_id, rank, title_id, score: one row per viewer and rank; fewer than ``length`` ranks only for a viewer who
        has seen nearly everything.
    """
    shared = histories.sparkSession.sparkContext.broadcast((model, np.flatnonzero(~allowed).astype(np.int32)))

    def score(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        held, excluded = shared.value
        for block in blocks(batches, held.title_ids):
            yield list_block(held, block, excluded, length)

    return histories.mapInArrow(score, _LISTED)


def list_block(model: FactorModel, block: Block, excluded: NDArray[np.int32], length: int) -> pa.RecordBatch:
    """The lists of a block of viewers, as rows."""
    row, place, score = top_titles(model, block.preferences, block.seen, length, excluded)
    return pa.RecordBatch.from_arrays(
        [
            block.user_ids.take(pa.array(row)),
            pa.array(ranks_within(row) + 1),
            model.title_ids.take(pa.array(place)),
            pa.array(score.astype(np.float64)),
        ],
        names=["user_id", "rank", "title_id", "score"],
    )
