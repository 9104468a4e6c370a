"""Gather what content-based models read of a title: silver.title_profiles."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from expectations.silver.title_profiles import LEADING_CAST, SUITE
from jobs.catalogues import tmdb
from jobs.lakehouse.audit.mark import OF_SPINE
from jobs.lakehouse.lake import Lake
from jobs.tables import bronze, silver

_CAST = ("actor", "actress", "self")


def run(lake: Lake, night: date) -> None:
    """Publish silver.title_profiles from the titles and credits of ``night``."""
    titles = lake.read(silver.TITLES, night)
    credited = lake.read(silver.CREDITS, night)
    people = lake.read(silver.PEOPLE, night)
    links = lake.read(silver.TITLE_LINKS, night)
    details = lake.read(bronze.TMDB_MOVIE_DETAILS, night)
    dump = lake.read(bronze.TMDB_5000_MOVIES, night)

    listed = lake.read(bronze.TMDB_KEYWORDS, night)
    dataset = lake.read(bronze.TMDB_MOVIE_DATASET, night)
    keywords = find_keywords(tmdb.list_keywords(details, dataset, listed, dump), links)
    lake.publish(profile_titles(titles, name_makers(credited, people), keywords), SUITE, night)


def profile_titles(titles: DataFrame, makers: DataFrame, keywords: DataFrame) -> DataFrame:
    """Put a title's attributes, its makers' names and its keywords into one row.

    Args:
        titles: silver.titles.
        makers: What :func:`name_makers` returned.
        keywords: What :func:`find_keywords` returned.

    Returns:
        silver.title_profiles, one row per title of silver.titles, each of the spine.
    """
    year = F.col("release_year")
    return (
        titles.join(makers, on="title_id", how="left")
        .join(keywords, on="title_id", how="left")
        .select(
            "title_id",
            "genres",
            _or_none("directors"),
            _or_none("writers"),
            _or_none("leading_cast"),
            _or_none("keywords"),
            "overview",
            (year - year % 10).alias("decade"),
            F.lit(True).alias(OF_SPINE),  # noqa: FBT003
        )
    )


def name_makers(credited: DataFrame, people: DataFrame) -> DataFrame:
    """Name a title's directors, writers and leading cast, each in order of billing.

    Args:
        credited: silver.credits.
        people: silver.people.

    Returns:
        ``title_id``, ``directors``, ``writers`` and ``leading_cast``, one row per title that has any.
    """
    category = F.col("category")
    return (
        credited.where(category.isin("director", "writer", *_CAST))
        .join(people.select("person_id", "name"), on="person_id", how="inner")
        .groupBy("title_id")
        .agg(
            _names(category == "director").alias("directors"),
            _names(category == "writer").alias("writers"),
            F.slice(_names(category.isin(*_CAST)), 1, LEADING_CAST).alias("leading_cast"),
        )
    )


def find_keywords(listed: DataFrame, links: DataFrame) -> DataFrame:
    """Find a title's keywords: those of the best catalogue that has any.

    Args:
        listed: Keywords by ``source_title_id`` and ``precedence``, one row per movie and catalogue that has any.
        links: silver.title_links.

    Returns:
        ``title_id`` and ``keywords``, sorted, one row per title that has any.
    """
    return (
        listed.join(links.select("source_title_id", "title_id"), on="source_title_id", how="inner")
        .groupBy("title_id")
        .agg(F.min(F.struct("precedence", "source_title_id", "keywords")).alias("best"))
        .select("title_id", "best.keywords")
    )


def _names(is_wanted: Column) -> Column:
    """Names of a group's people in order of billing, nobody twice."""
    billed = F.array_sort(F.collect_list(F.when(is_wanted, F.struct("billing", "person_id", "name"))))
    people = F.array_distinct(F.transform(billed, lambda credit: F.struct(credit["person_id"], credit["name"])))
    return F.transform(people, lambda person: person["name"])


def _or_none(names: str) -> Column:
    return F.coalesce(names, F.array().cast("array<string>")).alias(names)
