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
from jobs.scoring.histories import collect_histories
from jobs.scoring.lists import recommend
from jobs.scoring.plan import plan_of, profiles_tonight, titles_tonight
from jobs.scoring.rules import Allowed, rules_in_force
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
    preferences = lake.read(silver.PREFERENCES, night)
    titles = lake.read(silver.TITLES, night)
    profiles = lake.read(silver.TITLE_PROFILES, night)
    rules = rules_in_force(lake.read(silver.TITLE_RULES, night), night)
    allowed = Allowed(lake.settings.listed_title_types, adult=lake.settings.lists_adult)
    length = lake.settings.list_length

    named = pa.chunked_array([model.title_ids, *rules["title_id"].chunks], pa.string())
    found = titles_tonight(titles, preferences, named, night, length, allowed)
    plan = plan_of(folder, model, found, profiles_tonight(profiles, model.title_ids), rules, length)
    work = lake.settings.root / "work"
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work) as kept:
        plan.save(Path(kept))
        histories = collect_histories(preferences, end_of(night), also=[gold.EVERYBODY_ELSE])
        # More viewers than lists: the others have seen all that may be listed.
        lists = recommend(lake.count(histories, viewers=F.count("*")), Path(kept)).select(
            "*",
            F.lit(champion.name).alias("model_name"),
            F.lit(champion.version).alias("model_version"),
            F.lit(champion.night).alias("model_night"),
            F.lit(night).alias("night"),
        )
        recipe = json.dumps([champion.recommender, champion.parameters], sort_keys=True)
        lake.compare_by(recipe=recipe, rules=json.dumps(rules.to_pylist()))
        lake.publish(lake.count(lists, **_shortfalls(length)), SUITE, night)


def _shortfalls(length: int) -> dict[str, Column]:
    """How many lists there are, how many are short, as their viewers have seen nearly all, and where titles come from."""
    is_list, is_whole = F.col("rank") == 1, F.col("rank") == length
    by_source = {f"{source}_titles": F.count_if(F.col("source") == source) for source in gold.SOURCES}
    return {"lists": F.count_if(is_list), "short_lists": F.count_if(is_list) - F.count_if(is_whole), **by_source}
