"""Models side by side: the lists that each would serve to the same viewers, judged by what they wanted."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.errors import JobError
from jobs.evaluation.metrics import METRICS, ranking_metrics
from jobs.recommenders import held
from jobs.scoring.histories import Block, blocks
from jobs.scoring.rules import excluded_positions
from jobs.scoring.top_n import Scorer, ranks_within, top_titles

K = 10
_JUDGED = "model string, ndcg double, precision double, recall double, map double, listed array<int>"


def compare(models: Mapping[str, Path], viewers: DataFrame, listable: pa.Array) -> dict[str, dict[str, float]]:
    """Mean metrics of each model over the same viewers, of lists that leave out what served lists leave out.

    Held-out titles that a model does not know or may not list count as missed.

    Args:
        models: Folders of saved models by name, at paths that workers see too.
        viewers: Histories with ``held_out``, the titles to find, as a protocol makes them.
        listable: The titles that may be listed.

    Returns:
        Model → metric → mean over viewers: ndcg, precision, recall and map at 10; and coverage, the share of the
        listable titles that are on at least one viewer's first ten; viewers, how many were judged.

    Raises:
        JobError: There is nobody to judge on.
    """
    paths = {name: str(folder) for name, folder in models.items()}
    excluded = {name: excluded_positions(held(path).title_ids, listable) for name, path in paths.items()}

    def judge(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for name, path in paths.items():
                model = held(path)
                for block in blocks([batch], model.title_ids):
                    yield _judge_block(name, model, block, excluded[name])

    judged = viewers.mapInArrow(judge, _JUDGED).persist()
    try:
        means = (
            judged.groupBy("model").agg(F.count("*").alias("viewers"), *(F.mean(m).alias(m) for m in METRICS)).collect()
        )
        listed = judged.select("model", F.explode("listed").alias("title")).groupBy("model")
        covered = {
            row["model"]: row["titles"] for row in listed.agg(F.countDistinct("title").alias("titles")).collect()
        }
    finally:
        judged.unpersist()
    if not means:
        raise JobError(
            "no model was trained: no viewer liked a new title in the held-out part of silver.interactions; "
            "deliver more events, or raise REELHOUSE_HOLDOUT_SHARE"
        )
    return {
        row["model"]: {m: row[m] for m in METRICS}
        | {"coverage": covered.get(row["model"], 0) / max(1, len(listable)), "viewers": float(row["viewers"])}
        for row in means
    }


def _judge_block(name: str, model: Scorer, block: Block, excluded: NDArray[np.int32]) -> pa.RecordBatch:
    """Metrics of one model for the viewers of a block."""
    viewers, titles = block.rows.num_rows, len(model.title_ids)
    row, position, _ = top_titles(model, block.preferences, block.seen, K, excluded)
    relevant = block.rows.column("held_out")
    counts = np.asarray(pc.list_value_length(relevant))
    wanted = np.asarray(pc.fill_null(pc.index_in(relevant.flatten(), value_set=model.title_ids), -1))
    owner = np.repeat(np.arange(viewers), counts)[wanted >= 0]
    hits = np.zeros((viewers, K), dtype=bool)
    # One number for each viewer and title.
    hits[row, ranks_within(row)] = np.isin(
        row.astype(np.int64) * titles + position, owner.astype(np.int64) * titles + wanted[wanted >= 0]
    )
    metrics = ranking_metrics(hits, counts)
    ends = np.cumsum(np.bincount(row, minlength=viewers))
    listed = pa.ListArray.from_arrays(
        pa.array(np.concatenate([[0], ends]).astype(np.int32)), pa.array(position.astype(np.int32))
    )
    return pa.RecordBatch.from_arrays(
        [pa.array([name] * viewers), *(pa.array(metrics[m]) for m in METRICS), listed],
        names=["model", *METRICS, "listed"],
    )
