"""Score every viewer's unseen titles with the champion: gold.recommendations."""

from datetime import date

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
    lake.publish(lists, SUITE, night)
