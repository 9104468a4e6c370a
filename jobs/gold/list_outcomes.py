"""Tell what became of what was listed, night by night and rank by rank: gold.list_outcomes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from expectations.gold.list_outcomes import SUITE
from jobs.errors import JobError
from jobs.lakehouse.lake import Lake
from jobs.tables import gold, silver
from jobs.tracking import online, registry
from jobs.tracking.online import Online

WITHIN = timedelta(days=7)
"""Lists of night D are read from the day after on: what happens on these days is put down to them."""
FIRST = 10
"""Ranks that a model's figures are about, as when it is judged."""

_PLACE = ("night", "rank", "source", "model_name", "model_version")
_WATCHED = ("view", "complete", "rating")
_WORD_BITS = 21
"""A sieve has so many words, two to the power of this, of 64 bits each: 16 MiB, of which events of eleven million pairs
set a twelfth."""


def run(lake: Lake, night: date) -> None:
    """Publish what became of the lists of every kept night, and tell MLflow of those whose days have passed."""
    history = lake.read(gold.RECOMMENDATION_HISTORY, night)
    interactions = lake.read(silver.INTERACTIONS, night)

    # Lists that were made before there was a source hold what the model chose.
    source = F.coalesce("source", F.lit(gold.SOURCES[0]))
    lists = history.where(F.col("user_id") != gold.EVERYBODY_ELSE).withColumn("source", source)
    (first,) = history.agg(F.min("night")).head() or (None,)
    answers = find_answers(interactions, first or night, night, lake.settings.weighing.neutral_rating)
    # Nights times ranks: few enough to be looked at here, too.
    outcomes = count_outcomes(lists, answers, night).toArrow()
    outcome = lake.publish(lake.spark.createDataFrame(outcomes), SUITE, night)
    if outcome.state == "published":
        try:
            lake.remark(online.log(lake.settings, first_places(outcomes.to_pylist())))
        except JobError as lost:
            lake.remark(str(lost))


def find_answers(interactions: DataFrame, first: date, night: date, neutral_rating: float) -> DataFrame:
    """What viewers did with titles, by day.

    Args:
        interactions: silver.interactions, one row per event.
        first: The first night of which lists are kept.
        night: The last day that counts: what a fast clock says of the next counts then.
        neutral_rating: Ratings above it are likes, below it dislikes.

    Returns:
        ``user_id``, ``title_id``, ``day`` and whether it was ``watched``, ``liked``, ``disliked``, ``dismissed`` or put on
        the ``watchlist`` then; one row per viewer, title and day with an event.
    """
    day, kind, begins = F.to_date("occurred_at"), F.col("event_type"), first + timedelta(days=1)
    rating = F.when(kind == "rating", F.col("value"))
    said = {
        "watched": kind.isin(*_WATCHED),
        "liked": (kind == "like") | (F.coalesce(rating, F.lit(neutral_rating)) > neutral_rating),
        "disliked": (kind == "dislike") | (F.coalesce(rating, F.lit(neutral_rating)) < neutral_rating),
        "dismissed": kind == "dismiss",
        "watchlisted": kind == "watchlist",
    }
    return (
        interactions.where((F.col("month") >= F.lit(begins.replace(day=1))) & day.between(F.lit(begins), F.lit(night)))
        .groupBy("user_id", "title_id", day.alias("day"))
        .agg(*(F.bool_or(condition).alias(name) for name, condition in said.items()))
    )


def count_outcomes(lists: DataFrame, answers: DataFrame, night: date) -> DataFrame:
    """Count what became of what was listed.

    Of thirty nights' lists next to nothing was answered to: what cannot have been is sieved out before anything is moved.

    Args:
        lists: gold.recommendation_history, one row per night, viewer and rank.
        answers: What :func:`find_answers` returned.
        night: As of when.

    Returns:
        gold.list_outcomes.
    """
    within = F.col("day").between(F.date_add("night", 1), F.date_add("night", WITHIN.days))
    kinds = [name for name in answers.columns if name not in ("user_id", "title_id", "day")]
    answered = (
        sieve(lists, answers)
        .join(answers, on=["user_id", "title_id"], how="inner")
        .where(within)
        .groupBy(*_PLACE, "user_id", "title_id")
        .agg(*(F.bool_or(kind).alias(kind) for kind in kinds))
        .groupBy(*_PLACE)
        .agg(*(F.count_if(kind).alias(f"{kind}_count") for kind in kinds), F.count("*").alias("answered"))
    )
    count = {f"{kind}_count": F.coalesce(f"{kind}_count", F.lit(0)).cast("int") for kind in kinds}
    return (
        lists.groupBy(*_PLACE)
        .agg(F.count("*").alias("listed_count"))
        .join(F.broadcast(answered), on=[*_PLACE], how="left")
        .select(
            *("night", "rank", "source"),
            F.col("listed_count").cast("int").alias("listed_count"),
            *(column.alias(name) for name, column in count.items()),
            (F.col("listed_count") - F.coalesce("answered", F.lit(0))).cast("int").alias("ignored_count"),
            (F.date_add("night", WITHIN.days) <= F.lit(night)).alias("is_complete"),
            *("model_name", "model_version"),
        )
    )


def sieve(lists: DataFrame, answers: DataFrame) -> DataFrame:
    """Drop rows of lists to whose viewer and title there is no answer, all but a few: a Bloom filter of one hash.

    It is a table of words of bits that every task holds whole, so that no row of a list is moved (Bloom, "Space/time
    trade-offs in hash coding with allowable errors", 1970).
    """
    pair = F.xxhash64("user_id", "title_id")
    word = F.shiftrightunsigned(pair, 64 - _WORD_BITS)
    bit = pair.bitwiseAND(F.lit(63)).cast("int")
    words = (
        answers.select(word.alias("word"), _shifted(bit).alias("bits"))
        .groupBy("word")
        .agg(F.bit_or("bits").alias("bits"))
    )
    return (
        lists.withColumn("word", word)
        .join(F.broadcast(words), on="word", how="inner")
        .where(F.getbit("bits", bit) == 1)
        .drop("word", "bits")
    )


def _shifted(bit: Column) -> Column:
    """A word with one bit set."""
    return F.call_function("shiftleft", F.lit(1).cast("bigint"), bit)


def first_places(outcomes: Iterable[Mapping[str, Any]]) -> list[Online]:
    """What became of the first ten of each night's lists whose days have passed.

    Where the model chose for viewers, what other tiers added is left out: it says nothing of the model. A popularity
    has no lists of its own choice, so all of them are its.

    Args:
        outcomes: Rows of gold.list_outcomes.
    """
    rows = [
        row
        for row in outcomes
        if row["is_complete"] and row["rank"] <= FIRST and row["model_name"] == registry.MODEL_NAME
    ]
    personal = {(row["night"], row["model_version"]) for row in rows if row["source"] == gold.SOURCES[0]}
    sums: dict[tuple[date, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        of = row["night"], row["model_version"]
        if row["source"] == gold.SOURCES[0] or of not in personal:
            for kind in ("listed", *online.KINDS):
                sums[of][kind] += row[f"{kind}_count"]
            sums[of]["lists"] += row["listed_count"] * (row["rank"] == 1)
    return [Online(night, version, counts) for (night, version), counts in sorted(sums.items())]
