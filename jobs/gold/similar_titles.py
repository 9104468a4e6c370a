"""Find the nearest titles of every title, by viewers' tastes and by content: gold.similar_titles."""

import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from expectations.gold.similar_titles import MOST, SUITE
from jobs import recommenders
from jobs.lakehouse.lake import Lake
from jobs.scoring.rules import Allowed, is_listable
from jobs.scoring.shared import Features
from jobs.scoring.similar import CONTENT, TASTE, Catalogue, Question, find_similar, taste_of
from jobs.scoring.title_vectors import described, watched_together
from jobs.tables import gold, silver
from jobs.tables.model import CHAMPION
from jobs.tracking import registry

MOST_TITLES = 100_000
"""Titles that are told of: those with the most viewers, then those with the most votes. All pairs of them are compared."""
MOST_LIKINGS = 5_000_000
"""Pairs of viewer and liked title that titles are compared by where the champion cannot: of more, some viewers'."""
_CO_WATCHING = "co-watching"


def run(lake: Lake, night: date) -> None:
    """Publish gold.similar_titles from the champion, the catalogue and, where it is needed, viewers' histories."""
    champion = registry.require_champion(lake.settings)
    lake.uses(CHAMPION.name, champion.version)
    model = registry.model_folder(lake.settings, champion.version)
    titles = lake.read(silver.TITLES, night)
    profiles = lake.read(silver.TITLE_PROFILES, night)
    preferences = lake.read(silver.PREFERENCES, night)

    told = taste_of(recommenders.load(model), champion.recommender)
    allowed = Allowed(lake.settings.listed_title_types, adult=lake.settings.lists_adult)
    known = best_known(titles, profiles, preferences, is_listable(night, allowed)).toArrow()
    work = lake.settings.root / "work"
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="similar-", dir=work) as folder:
        _save(known, Path(folder), None if told else likings(preferences).toArrow())
        question = Question(folder, str(model) if told else None, champion.recommender, MOST)
        is_taste = F.col("kind") == TASTE
        found = find_similar(lake.spark, question).withColumns(
            {
                "method": F.when(is_taste, told[0] if told else _CO_WATCHING).otherwise("tf-idf"),
                "model_version": F.when(is_taste, F.lit(champion.version if told else None)).cast("int"),
                "night": F.lit(night),
            }
        )
        lake.publish(found.select(*gold.SIMILAR_TITLES.column_names), SUITE, night)


def best_known(titles: DataFrame, profiles: DataFrame, preferences: DataFrame, listable: Column) -> DataFrame:
    """The titles to tell of, with what is said of them: those with the most viewers, then those with the most votes.

    Args:
        titles: silver.titles, one row per title.
        profiles: silver.title_profiles, one row per title.
        preferences: silver.preferences, one row per viewer and title.
        listable: Condition of a title that may be told of as a similar one.

    Returns:
        At most ``MOST_TITLES`` rows of title_id, title, is_listable and the profile.
    """
    viewers = preferences.groupBy("title_id").agg(F.count("*").alias("viewers"))
    names = titles.select("title_id", "title", "vote_count", listable.alias("is_listable"))
    return (
        names.join(profiles, on="title_id", how="inner")
        .join(viewers, on="title_id", how="left")
        .orderBy(F.desc_nulls_last("viewers"), F.desc_nulls_last("vote_count"), "title_id")
        .limit(MOST_TITLES)
        .drop("vote_count", "viewers")
    )


def likings(preferences: DataFrame) -> DataFrame:
    """Who likes which titles: of at most about ``MOST_LIKINGS`` pairs, some viewers with all that they like.

    Returns:
        One row per viewer and title: viewer bigint, title_id.
    """
    viewer = F.xxhash64("user_id")
    every = max(1, -(-preferences.count() // MOST_LIKINGS))
    some = (F.col("weight") > 0) & (F.pmod(viewer, F.lit(every)) == 0)
    return preferences.where(some).select(viewer.alias("viewer"), "title_id")


def _save(known: pa.Table, folder: Path, liked: pa.Table | None) -> None:
    """Write what tasks need: the catalogue, and vectors of each kind that no model tells of."""
    title_ids = known["title_id"].combine_chunks()
    Catalogue(known.select(["title_id", "title", "is_listable"]), Features.of(title_ids, known)).save(folder)
    vectors = {CONTENT: described(known)}
    if liked is not None:
        position = np.asarray(pc.fill_null(pc.index_in(liked["title_id"], value_set=title_ids), -1)).astype(np.int64)
        is_known = position >= 0
        viewer = liked["viewer"].to_numpy()[is_known]
        vectors[TASTE] = watched_together(position[is_known], viewer, len(title_ids))
    for kind, made in vectors.items():
        (folder / kind).mkdir()
        made.save(folder / kind)
