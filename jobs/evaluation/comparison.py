"""Models side by side: the lists that each would serve to the same viewers, judged by what they wanted."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.errors import JobError
from jobs.evaluation.judging import judge_batch
from jobs.evaluation.metrics import METRICS
from jobs.recommenders import held
from jobs.scoring.rules import excluded_positions

K = 10
_JUDGED = ", ".join(
    ["model string", "user_id string", *(f"{metric} double" for metric in METRICS), "listed array<string>"]
)


def compare(models: Mapping[str, Path], viewers: DataFrame, listable: pa.Array) -> dict[str, dict[str, float]]:
    """Mean metrics of each model over the same viewers, of lists that leave out what served lists leave out.

    Held-out titles that a model does not know or may not list count as missed.

    Args:
        models: Folders of saved models by name, at paths that workers see too.
        viewers: Histories with ``held_out``, the titles to find, as a protocol makes them.
        listable: The titles that may be listed.

    Returns:
        Model → metric → mean over viewers: each of METRICS at 10; and coverage, the share of the
        listable titles that are on at least one viewer's first ten; viewers, how many were judged.

    Raises:
        JobError: There is nobody to judge on.
    """
    paths = {name: str(folder) for name, folder in models.items()}
    excluded = {name: excluded_positions(held(path).title_ids, listable) for name, path in paths.items()}

    def judge(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for name, path in paths.items():
                for judged in judge_batch(held(path), batch, excluded[name], K):
                    yield judged.add_column(0, "model", pa.array([name] * judged.num_rows))

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
