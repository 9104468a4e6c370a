"""Make every viewer's list, by the champion and below it by what is popular: gold.recommendations."""

import json
import tempfile
from datetime import date
from pathlib import Path

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F

from expectations.gold.recommendations import SUITE
from jobs import recommenders
from jobs.lakehouse.lake import Lake
from jobs.scoring.lists import recommend
from jobs.scoring.plan import plan_of
from jobs.scoring.rules import Allowed
from jobs.scoring.sources import profiles_for_lists, rules_in_force, titles_for_lists, viewers_by_title
from jobs.scoring.training_set import cores_of
from jobs.scoring.viewer_ranges import ViewerRanges
from jobs.scoring.weighing import end_of
from jobs.tables import gold, silver
from jobs.tables.model import CHAMPION
from jobs.tracking import registry


def run(lake: Lake, night: date) -> None:
    """Publish every viewer's list, from tonight's preferences and what the champion learned of titles."""
    champion = registry.require_champion(lake.settings)
    lake.uses(CHAMPION.name, champion.version)
    folder = registry.model_folder(lake.settings, champion.version)
    model = recommenders.load(folder)
    views = lake.views(silver.PREFERENCES, silver.TITLES, silver.TITLE_PROFILES, silver.TITLE_RULES, night=night)
    rules = rules_in_force(views, night)
    allowed = Allowed(lake.settings.listed_title_types, adult=lake.settings.lists_adult)
    length = lake.settings.list_length

    named = pa.chunked_array([model.title_ids, *rules["title_id"].chunks], pa.string())
    found = titles_for_lists(views, viewers_by_title(views, night), named, night, length, allowed)
    plan = plan_of(folder, model, found, profiles_for_lists(views, model.title_ids), rules, length)
    work = lake.settings.root / "work"
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work) as kept:
        plan.save(Path(kept))
        known = ViewerRanges.of(views, end_of(night), cores_of(lake.spark), also=[gold.EVERYBODY_ELSE])
        # More viewers than lists: the others have seen all that may be listed.
        ranges = lake.count(known.rows(lake.spark), viewers=F.sum("viewers"))
        scored = recommend(ranges, known, Path(kept))
        # Counted as they come: behind the constants each row would be put together once more.
        lists = lake.count(scored, **_shortfalls(length)).select(
            "*",
            F.lit(champion.name).alias("model_name"),
            F.lit(champion.version).alias("model_version"),
            F.lit(champion.night).alias("model_night"),
            F.lit(night).alias("night"),
        )
        recipe = json.dumps([champion.recommender, champion.parameters], sort_keys=True)
        lake.compare_by(recipe=recipe, rules=json.dumps(rules.to_pylist()))
        lake.publish(lists, SUITE, night)


def _shortfalls(length: int) -> dict[str, Column]:
    """How many lists there are, how many are short, as their viewers have seen nearly all, and where titles come from."""
    is_list, is_whole = F.col("rank") == 1, F.col("rank") == length
    by_source = {f"{source}_titles": F.count_if(F.col("source") == source) for source in gold.SOURCES}
    return {"lists": F.count_if(is_list), "short_lists": F.count_if(is_list) - F.count_if(is_whole), **by_source}
