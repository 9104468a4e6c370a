"""A model judged on viewers: the lists that it would serve to each of them, held against what they wanted."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.evaluation.metrics import METRICS, ranking_metrics
from jobs.scoring.histories import Block, blocks
from jobs.scoring.rules import excluded_positions
from jobs.scoring.top_n import Scorer, ranks_within, top_titles


def judge(model: Scorer, viewers: pa.Table, listable: pa.Array, k: int) -> pa.Table:
    """Judge a model in memory.

    Held-out titles that the model does not know or may not list count as missed.

    Args:
        model: The model.
        viewers: Histories with ``held_out``, the titles to find, at least one per viewer.
        listable: The titles that may be listed.
        k: Titles per list.

    Returns:
        user_id, one column per metric, and listed array<string>, best first: one row per viewer, as they came.
    """
    excluded = excluded_positions(model.title_ids, listable)
    judged = [
        block for batch in viewers.combine_chunks().to_batches() for block in judge_batch(model, batch, excluded, k)
    ]
    return pa.Table.from_batches(judged)


def judge_batch(
    model: Scorer, viewers: pa.RecordBatch, excluded: NDArray[np.int32], k: int
) -> Iterator[pa.RecordBatch]:
    """The same of some viewers, block by block; ``excluded`` are positions of the model's titles."""
    for block in blocks([viewers], model.title_ids):
        yield _judge_block(model, block, excluded, k)


def _judge_block(model: Scorer, block: Block, excluded: NDArray[np.int32], k: int) -> pa.RecordBatch:
    """Metrics of the viewers of a block."""
    viewers, titles = block.rows.num_rows, len(model.title_ids)
    row, position, _ = top_titles(model, block.histories, k, excluded)
    relevant = block.rows.column("held_out")
    counts = np.asarray(pc.list_value_length(relevant))
    wanted = np.asarray(pc.fill_null(pc.index_in(relevant.flatten(), value_set=model.title_ids), -1))
    owner = np.repeat(np.arange(viewers), counts)[wanted >= 0]
    hits = np.zeros((viewers, k), dtype=bool)
    # One number for each viewer and title.
    hits[row, ranks_within(row)] = np.isin(
        row.astype(np.int64) * titles + position, owner.astype(np.int64) * titles + wanted[wanted >= 0]
    )
    metrics = ranking_metrics(hits, counts)
    ends = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=viewers))]).astype(np.int32)
    listed = pa.ListArray.from_arrays(pa.array(ends), model.title_ids.take(pa.array(position)))
    return pa.RecordBatch.from_arrays(
        [block.user_ids, *(pa.array(metrics[metric]) for metric in METRICS), listed],
        names=["user_id", *METRICS, "listed"],
    )
