"""Score every viewer's unseen titles with the champion: gold.recommendations."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from pyspark.sql import Observation
from pyspark.sql import functions as F

from expectations.gold.recommendations import SUITE
from jobs import recommenders
from jobs.lakehouse.lake import Lake
from jobs.scoring.histories import collect_histories
from jobs.scoring.lists import recommend
from jobs.scoring.rules import excluded_positions, find_listable
from jobs.scoring.weighing import end_of
from jobs.tables import silver
from jobs.tables.model import CHAMPION
from jobs.tracking import registry


def run(lake: Lake, night: date) -> None:
    """Publish every viewer's list, from tonight's preferences and what the champion learned of titles."""
    champion = registry.require_champion(lake.settings)
    lake.uses(CHAMPION.name, champion.version)
    folder = registry.model_folder(lake.settings, champion.version)
    title_ids = recommenders.load(folder).title_ids
    preferences = lake.read(silver.PREFERENCES, night)
    titles = lake.read(silver.TITLES, night)

    excluded = excluded_positions(title_ids, find_listable(titles, title_ids, night))
    lists = recommend(
        collect_histories(preferences, end_of(night)), folder, excluded, lake.settings.list_length
    ).select(
        "*",
        F.lit(champion.name).alias("model_name"),
        F.lit(champion.version).alias("model_version"),
        F.lit(night).alias("night"),
    )
    counted, length = Observation("lists"), lake.settings.list_length
    lists = lists.observe(
        counted, *(F.count_if(F.col("rank") == rank).alias(name) for name, rank in (("all", 1), ("full", length)))
    )
    outcome = lake.publish(lists, SUITE, night)
    if outcome.state == "published" and (short := _shorter(counted.get, length)):
        lake.outcomes[-1] = replace(outcome, note=short)


def _shorter(counted: Mapping[str, int], length: int) -> str:
    """How many lists are shorter than they should be, in words; empty if none is."""
    short = counted["all"] - counted["full"]
    if not short:
        return ""
    return f"{short:,} of {counted['all']:,} lists hold fewer than {length} titles: no others were unseen that may be listed"
