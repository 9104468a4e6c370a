"""Count what the data look like, one pass over each table: gold.lake_profile."""

from datetime import date
from functools import reduce

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from expectations.gold.lake_profile import SUITE
from jobs.lakehouse.lake import Lake
from jobs.lakehouse.schema import arrow_schema
from jobs.scoring.lake_shape import shape
from jobs.tables import Table, gold, silver

MOST_CREDITS = 20
"""People who are named."""
_CARRIES_VALUE = ("view", "rating")
_BY_NATURE = frozenset({"end_year", "death_year"})
"""Columns that are null of whatever goes on: nothing is missing there."""
_EXACT, _TWO_DIGITS = ("release_year", "runtime_minutes", "average_rating"), ("vote_count", "popularity")
"""Columns of silver.titles in which outliers are looked for: with each value, or with values of two digits."""
_FORM = ("part", "a", "b", "n")
_KEY = _FORM[:-1]


def run(lake: Lake, night: date) -> None:
    """Publish the numbers behind the pictures of a night's data."""
    interactions = lake.read(silver.INTERACTIONS, night)
    ratings = lake.read(silver.RATINGS, night)
    preferences = lake.read(silver.PREFERENCES, night)
    titles = lake.read(silver.TITLES, night)
    credits_ = lake.read(silver.CREDITS, night)
    people = lake.read(silver.PEOPLE, night)

    parts = [
        count_interactions(interactions),
        count_ratings(ratings),
        count_preferences(preferences),
        count_titles(titles),
        count_people(people, credits_),
    ]
    # Some thousand numbers, whatever the size of the lake: few enough to be looked at here.
    counted = reduce(DataFrame.unionByName, parts).toArrow().to_pylist()
    rows = shape(night, ((one["part"], one["a"], one["b"], one["n"]) for one in counted))
    offered = pa.Table.from_pylist(rows, arrow_schema(gold.LAKE_PROFILE))
    lake.publish(lake.spark.createDataFrame(offered), SUITE, night)


def count_interactions(interactions: DataFrame) -> DataFrame:
    """Count events by month and type and by hour of the week, and what they lack.

    Args:
        interactions: silver.interactions, one row per event.

    Returns:
        ``part``, ``a``, ``b``, ``n``: numbers of each part by what it is divided by; a row per part and division.
    """
    # Times are put into words once they are few.
    cells = interactions.groupBy(
        "month", F.weekday("occurred_at").alias("weekday"), F.hour("occurred_at").alias("hour"), "event_type"
    ).agg(
        F.count("*").alias("events"),
        F.count_if(F.col("value").isNull()).alias("no_value"),
        F.count_if(F.col("source").isNull()).alias("no_source"),
    )
    carries = F.col("event_type").isin(*_CARRIES_VALUE)
    value, source = (F.lit(f"silver.interactions.{name}") for name in ("value", "source"))
    nothing = F.lit("")
    return _added_up(
        cells,
        _one("events", _month("month"), F.col("event_type"), F.col("events")),
        _one("week", F.col("weekday").cast("string"), F.col("hour").cast("string"), F.col("events")),
        _one("rows", source, nothing, F.col("events")),
        _one("missing", source, nothing, F.col("no_source")),
        F.when(carries, _one("rows", value, nothing, F.col("events"))),
        F.when(carries, _one("missing", value, nothing, F.col("no_value"))),
    )


def count_ratings(ratings: DataFrame) -> DataFrame:
    """Count ratings by month and value, to a tenth; columns as of :func:`count_interactions`.

    Args:
        ratings: silver.ratings, one row per viewer and rated title.
    """
    rating = F.col("rating").cast("string").alias("b")
    return (
        ratings.groupBy(F.trunc("rated_at", "month").alias("month"), F.round("rating", 1).alias("rating"))
        .agg(F.count("*").alias("n"))
        .select(F.lit("ratings").alias("part"), _month("month").alias("a"), rating, "n")
    )


def count_preferences(preferences: DataFrame) -> DataFrame:
    """Count viewers by the titles they know, and titles by the viewers who know them.

    Args:
        preferences: silver.preferences, one row per viewer and title.

    Returns:
        Columns as of :func:`count_interactions`: ``a`` is how many titles or viewers, ``n`` how many know or are known by
        so many. Whatever is said of activity and of the long tail follows from it exactly.
    """
    return (
        preferences.groupingSets([["user_id"], ["title_id"]], "user_id", "title_id")
        .agg(F.count("*").alias("known"))
        .groupBy(
            F.when(F.col("user_id").isNull(), "of_title").otherwise("of_viewer").alias("part"),
            F.col("known").cast("string").alias("a"),
        )
        .agg(F.count("*").alias("n"))
        .select("part", "a", F.lit("").alias("b"), "n")
    )


def count_titles(titles: DataFrame) -> DataFrame:
    """Count titles by year, genre, decade, language, running time and value, and what they lack.

    Args:
        titles: silver.titles, one row per title.
    """
    year = F.col("release_year")
    decade = (year - F.pmod(year, F.lit(10))).cast("string")
    minutes = F.col("runtime_minutes").cast("string")
    some = (
        _one("titles", year.cast("string")),
        _one("languages", F.coalesce("language", F.lit("unknown"))),
        F.when(year.isNotNull() & minutes.isNotNull(), _one("runtime", decade, minutes)),
        *(_one(f"value:silver.titles.{name}", F.col(name).cast("string")) for name in _EXACT),
        *(_one(f"value:silver.titles.{name}", _two_digits(F.col(name))) for name in _TWO_DIGITS),
        *_gaps(silver.TITLES),
    )
    genres = F.transform("genres", lambda genre: _one("genres", decade, genre))
    return _added_up(titles, *some, beside=genres)


def count_people(people: DataFrame, credits_: DataFrame) -> DataFrame:
    """Name the people with most credits, and count what is not known of people.

    Args:
        people: silver.people, one row per person.
        credits_: silver.credits, one row per title, person and category.
    """
    most = (
        credits_.groupBy("person_id")
        .agg(F.count("*").alias("credits"))
        .orderBy(F.desc("credits"), "person_id")
        .limit(MOST_CREDITS)
    )
    named = people.join(F.broadcast(most), on="person_id", how="left")
    credited = F.when(F.col("credits").isNotNull(), _one("people", F.col("person_id"), F.col("name"), F.col("credits")))
    return _added_up(named, credited, *_gaps(silver.PEOPLE))


def _month(name: str) -> Column:
    """A day as its month: 2026-03."""
    return F.date_format(name, "yyyy-MM")


def _one(part: str, a: Column, b: Column | None = None, n: Column | None = None) -> Column:
    """A number under its name; null where the division is unknown."""
    b, n = F.lit("") if b is None else b, F.lit(1) if n is None else n
    fields = zip((F.lit(part), a, b, n.cast("bigint")), _FORM, strict=True)
    return F.when(a.isNotNull() & b.isNotNull(), F.struct(*(column.alias(name) for column, name in fields)))


def _two_digits(value: Column) -> Column:
    """A number as text of two digits, 1.2e+03: few enough different ones to count; null where there is none."""
    return F.when(value.isNotNull(), F.format_string("%.1e", value.cast("double")))


def _gaps(table: Table) -> list[Column]:
    """Of each column that may lack a value, or hold an empty list: the row, and whether it does."""
    found = []
    for column in table.columns:
        is_list = column.type.startswith("array")
        if (column.nullable or is_list) and column.name not in _BY_NATURE:
            lacks = F.col(column.name).isNull() if not is_list else F.size(column.name) < 1
            name = F.lit(f"{table.name}.{column.name}")
            found += [_one("rows", name), F.when(lacks, _one("missing", name))]
    return found


def _added_up(rows: DataFrame, *some: Column, beside: Column | None = None) -> DataFrame:
    """Every number that rows hold, those of one name added up."""
    held = F.array_compact(F.array(*some))
    told = held if beside is None else F.concat(held, F.array_compact(beside))
    return (
        rows.select(F.explode(told).alias("one"))
        .groupBy(*(F.col(f"one.{name}").alias(name) for name in _KEY))
        .agg(F.sum("one.n").alias("n"))
    )
