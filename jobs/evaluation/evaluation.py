"""Judging models on the viewers' own future: a global temporal split and ranking metrics at 10."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.errors import JobError
from jobs.scoring.histories import Block, blocks
from jobs.scoring.top_n import FactorModel, ranks_within, top_titles

K = 10
METRICS = ("ndcg", "precision", "recall", "map")
_JUDGED = "model string, ndcg double, precision double, recall double, map double, listed array<string>"


@dataclass(frozen=True)
class Split:
    """Events before and from one moment on: no event of the test is older than any of the training."""

    cutoff: datetime
    train: DataFrame
    test: DataFrame


def split_by_time(interactions: DataFrame, holdout_share: float) -> Split:
    """Hold out the newest events of all viewers.

    Args:
        interactions: silver.interactions, one row per event.
        holdout_share: Share of all events that are held out.

    Raises:
        JobError: All events happened at once: there is no future to judge by.
    """
    times = interactions.agg(
        F.percentile(F.unix_seconds("occurred_at"), 1.0 - holdout_share).alias("cutoff"),
        F.min(F.unix_seconds("occurred_at")).alias("first"),
    ).first()
    if times is None or times["cutoff"] is None or times["cutoff"] <= times["first"]:
        raise JobError(
            "no model was trained: silver.interactions spans no time to hold out; deliver more than one event log"
        )
    cutoff = datetime.fromtimestamp(int(times["cutoff"]), tz=UTC)
    is_test = F.col("occurred_at") >= F.lit(cutoff)
    return Split(cutoff, interactions.where(~is_test), interactions.where(is_test))


def hold_out(histories: DataFrame, test: DataFrame, likes: Column) -> DataFrame:
    """The viewers to judge on: those with a history and, after it, a liking for titles that are new to them.

    Args:
        histories: One row a viewer, as collect_histories makes them from the training part.
        test: The test part of silver.interactions.
        likes: Condition of an event that says the viewer likes the title.

    Returns:
        The rows of ``histories`` with ``held_out`` array<string>, the titles to find.
    """
    liked = test.where(likes).groupBy("user_id").agg(F.array_sort(F.collect_set("title_id")).alias("liked"))
    return (
        histories.join(liked, on="user_id", how="inner")
        .withColumn("held_out", F.array_except("liked", "title_ids"))
        .where(F.size("held_out") > 0)
        .drop("liked")
    )


def evaluate(models: Mapping[str, FactorModel], viewers: DataFrame) -> dict[str, dict[str, float]]:
    """Mean metrics of each model over the same viewers.

    Held-out titles that a model does not know count as missed.

    Args:
        models: Models by name.
        viewers: What :func:`hold_out` returned.

    Returns:
        Model → metric → mean over viewers: ndcg, precision, recall and map at 10; and coverage, the share of the titles
        of the training part that are on at least one viewer's first ten; viewers, how many were judged.

    Raises:
        JobError: There is nobody to judge on.
    """
    held = dict(models)
    titles = max(len(model.title_ids) for model in held.values())

    def judge(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for name, model in held.items():
                yield from (_judge_block(name, model, block) for block in blocks([batch], model.title_ids))

    judged = viewers.mapInArrow(judge, _JUDGED).persist()
    try:
        means = (
            judged.groupBy("model").agg(F.count("*").alias("viewers"), *(F.mean(m).alias(m) for m in METRICS)).collect()
        )
        listed = judged.select("model", F.explode("listed").alias("title_id")).groupBy("model")
        covered = {
            row["model"]: row["titles"] for row in listed.agg(F.countDistinct("title_id").alias("titles")).collect()
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
        | {"coverage": covered.get(row["model"], 0) / titles, "viewers": float(row["viewers"])}
        for row in means
    }


def _judge_block(name: str, model: FactorModel, block: Block) -> pa.RecordBatch:
    """Metrics of one model for the viewers of a block."""
    row, place, _ = top_titles(model, block.preferences, block.seen, K)
    lists = np.full((block.rows.num_rows, K), -1)
    lists[row, ranks_within(row)] = place
    relevant = block.rows.column("held_out")
    counts = np.asarray(pc.list_value_length(relevant))
    owner = np.repeat(np.arange(block.rows.num_rows), counts)
    titles = np.asarray(pc.fill_null(pc.index_in(relevant.flatten(), value_set=model.title_ids), -1))
    wanted = {(viewer, title) for viewer, title in zip(owner.tolist(), titles.tolist(), strict=True) if title >= 0}
    hits = np.array(
        [[(viewer, title) in wanted for title in ten] for viewer, ten in enumerate(lists.tolist())], dtype=bool
    )
    metrics = ranking_metrics(hits.reshape(-1, K), counts)
    names = model.title_ids.to_numpy(zero_copy_only=False)
    listed = [[names[title] for title in ten if title >= 0] for ten in lists.tolist()]
    columns = [
        pa.array([name] * len(lists)),
        *(pa.array(metrics[m]) for m in METRICS),
        pa.array(listed, pa.list_(pa.string())),
    ]
    return pa.RecordBatch.from_arrays(columns, names=["model", *METRICS, "listed"])


def ranking_metrics(hits: NDArray[np.bool_], relevant: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Metrics of each viewer's first K titles, with binary relevance.

    Järvelin and Kekäläinen (2002) for nDCG = DCG / IDCG with gains 1 / log2(1 + rank) and the ideal list of
    min(K, relevant) hits; precision = hits / K; recall = hits / relevant; average precision, whose mean is MAP, is the
    sum of the precisions at the ranks of hits / min(K, relevant) (Manning, Raghavan and Schütze, 2008, section 8.4).

    Args:
        hits: Viewers by ranks: whether the title there is relevant.
        relevant: Number of relevant titles of each viewer, at least 1.

    Returns:
        Metric → one value a viewer.
    """
    discounts = 1.0 / np.log2(np.arange(2, hits.shape[1] + 2))
    ideal = np.cumsum(discounts)[np.minimum(hits.shape[1], relevant) - 1]
    precision_at_rank = np.cumsum(hits, axis=1) / np.arange(1, hits.shape[1] + 1)
    return {
        "ndcg": (hits * discounts).sum(axis=1) / ideal,
        "precision": hits.sum(axis=1) / hits.shape[1],
        "recall": hits.sum(axis=1) / relevant,
        "map": (precision_at_rank * hits).sum(axis=1) / np.minimum(hits.shape[1], relevant),
    }
