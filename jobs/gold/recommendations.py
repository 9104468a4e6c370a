"""Score every viewer's unseen titles with the champion: gold.recommendations."""

from collections.abc import Iterable, Iterator
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.gold.recommendations import SUITE
from jobs import tracking
from jobs.lake import Lake
from jobs.model import als
from jobs.model.factors import FactorModel, top_titles
from jobs.model.histories import Block, blocks, collect_histories
from jobs.tables import CHAMPION, silver

_LISTED = "user_id string, rank int, title_id string, score double"


def run(lake: Lake, night: date) -> None:
    """Publish every viewer's list, from tonight's preferences and the title factors of the champion."""
    champion = tracking.require_champion(lake.settings)
    lake.uses(CHAMPION.name, champion.version)
    model = als.load(tracking.model_folder(lake.settings, champion.version))
    preferences = lake.read(silver.PREFERENCES, night)
    titles = lake.read(silver.TITLES, night)

    allowed = find_allowed(titles, model.title_ids)
    lists = recommend(collect_histories(preferences), model, allowed, lake.settings.list_length).select(
        "*",
        F.lit(champion.name).alias("model_name"),
        F.lit(champion.version).alias("model_version"),
        F.lit(night).alias("night"),
    )
    lake.publish(lists, SUITE, night)


def find_allowed(titles: DataFrame, title_ids: pa.Array) -> NDArray[np.bool_]:
    """Which of the model's titles may be recommended: those that silver.titles knows and that are not adult titles.

    Args:
        titles: silver.titles.
        title_ids: The model's titles.

    Returns:
        One truth value a title of the model, in its order.
    """
    known = titles.sparkSession.createDataFrame(pa.table({"title_id": title_ids}))
    allowed = (
        titles.where(~F.col("is_adult")).join(F.broadcast(known), on="title_id", how="left_semi").select("title_id")
    )
    return np.asarray(pc.is_in(title_ids, value_set=allowed.toArrow()["title_id"].combine_chunks()))


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
            yield _list_block(held, block, excluded, length)

    return histories.mapInArrow(score, _LISTED)


def _list_block(model: FactorModel, block: Block, excluded: NDArray[np.int32], length: int) -> pa.RecordBatch:
    """The lists of a block of viewers, as rows."""
    row, place, score = top_titles(model, block.preferences, block.seen, length, excluded)
    return pa.RecordBatch.from_arrays(
        [
            block.user_ids.take(pa.array(row)),
            pa.array((np.arange(len(row)) - np.searchsorted(row, row) + 1).astype(np.int32)),
            model.title_ids.take(pa.array(place)),
            pa.array(score.astype(np.float64)),
        ],
        names=["user_id", "rank", "title_id", "score"],
    )
