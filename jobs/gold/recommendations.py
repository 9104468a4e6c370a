"""Score every viewer's unseen titles with the champion: gold.recommendations."""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.gold.recommendations import SUITE
from jobs.lakehouse.lake import Lake
from jobs.recommenders import als
from jobs.scoring.histories import collect_histories
from jobs.scoring.lists import recommend
from jobs.tables import silver
from jobs.tables.model import CHAMPION
from jobs.tracking import registry


def run(lake: Lake, night: date) -> None:
    """Publish every viewer's list, from tonight's preferences and the title factors of the champion."""
    champion = registry.require_champion(lake.settings)
    lake.uses(CHAMPION.name, champion.version)
    model = als.load(registry.model_folder(lake.settings, champion.version))
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
