"""Viewers' histories in blocks: how rows of Spark become sparse matrices of a model, and lists become rows again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

_BLOCK_SCORES = 32_000_000
"""Scores in memory at once: 128 MB of float32 per task, whatever the number of titles."""
_LARGEST_BLOCK = 4096


@dataclass(frozen=True)
class Block:
    """Some viewers and their histories, over the titles of one model.

    ``preferences`` and ``seen`` have one row per viewer and one column per title of the model; ``preferences`` holds the
    positive weights, ``seen`` a one for every title known to the viewer.
    """

    user_ids: pa.Array
    preferences: csr_matrix
    seen: csr_matrix
    rows: pa.RecordBatch
    """The viewers' rows as they came, for what else they carry."""


def collect_histories(preferences: DataFrame) -> DataFrame:
    """One row per viewer: what the blocks are made from.

    Partitioned by ranges of user_id and sorted within: what is made of the blocks, many rows per viewer, comes out in
    order of user_id without being sorted.

    Args:
        preferences: silver.preferences, or rows with user_id, title_id and weight.

    Returns:
        user_id, title_ids array<string>, weights array<double>; the titles of a viewer in order of title_id.
    """
    known = F.array_sort(F.collect_list(F.struct("title_id", "weight")))
    return (
        preferences.groupBy("user_id")
        .agg(known.alias("known"))
        .select("user_id", F.col("known.title_id").alias("title_ids"), F.col("known.weight").alias("weights"))
        .repartitionByRange("user_id")
        .sortWithinPartitions("user_id")
    )


def blocks(batches: Iterable[pa.RecordBatch], title_ids: pa.Array) -> Iterator[Block]:
    """Cut Arrow batches of histories into blocks whose scores fit into memory.

    Args:
        batches: Rows of :func:`collect_histories`.
        title_ids: The model's titles; a title it does not know is left out of the matrices.
    """
    size = max(1, min(_LARGEST_BLOCK, _BLOCK_SCORES // max(1, len(title_ids))))
    for batch in batches:
        for start in range(0, batch.num_rows, size):
            yield _block(batch.slice(start, size), title_ids)


def _block(rows: pa.RecordBatch, title_ids: pa.Array) -> Block:
    """Sparse matrices of some viewers."""
    lists = rows.column("title_ids")
    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0))
    viewer = np.repeat(np.arange(rows.num_rows), lengths)
    title = np.asarray(pc.fill_null(pc.index_in(lists.flatten(), value_set=title_ids), -1))
    weight = np.asarray(rows.column("weights").flatten(), dtype=np.float32)
    known = title >= 0
    liked = known & (weight > 0)
    shape = (rows.num_rows, len(title_ids))
    return Block(
        user_ids=rows.column("user_id"),
        preferences=csr_matrix((weight[liked], (viewer[liked], title[liked])), shape=shape, dtype=np.float32),
        seen=csr_matrix((np.ones(known.sum(), dtype=np.float32), (viewer[known], title[known])), shape=shape),
        rows=rows,
    )
