"""Describe every title by the best of its catalogues: silver.titles."""

from collections.abc import Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from expectations.silver.titles import SUITE
from jobs.catalogues import imdb, movielens, movietweetings, tmdb
from jobs.lakehouse.audit.mark import SUPERSEDED
from jobs.lakehouse.lake import Lake
from jobs.tables import bronze, silver

_ATTRIBUTES = (
    *("title", "original_title", "title_type", "release_year", "release_date", "release_status", "end_year"),
    *("runtime_minutes", "genres", "rating", "popularity", "popularity_of_the_day", "language", "overview"),
    "poster_path",
)


def run(lake: Lake, night: date) -> None:
    """Publish silver.titles from the newest catalogues up to ``night``."""
    links = lake.read(silver.TITLE_LINKS, night)
    basics = lake.read(bronze.IMDB_TITLE_BASICS, night)
    ratings = lake.read(bronze.IMDB_TITLE_RATINGS, night)
    exported = lake.read(bronze.TMDB_MOVIE_IDS, night)
    details = lake.read(bronze.TMDB_MOVIE_DETAILS, night)
    dump = lake.read(bronze.TMDB_5000_MOVIES, night)
    metadata = lake.read(bronze.TMDB_MOVIES_METADATA, night)
    dataset = lake.read(bronze.TMDB_MOVIE_DATASET, night)
    movies = lake.read(bronze.MOVIELENS_MOVIES, night)
    tweeted = lake.read(bronze.MOVIETWEETINGS_MOVIES, night)

    from_best_to_worst = [
        imdb.describe_titles(basics),
        tmdb.describe_details(details),
        tmdb.describe_dataset(dataset),
        tmdb.describe_metadata(metadata),
        tmdb.describe_dump(dump),
        movielens.describe_movies(movies),
        movietweetings.describe_movies(tweeted),
        tmdb.describe_export(exported),
    ]
    lake.publish(describe_titles(links, from_best_to_worst, imdb.rate_titles(ratings)), SUITE, night)


def describe_titles(links: DataFrame, described: Sequence[DataFrame], rated: DataFrame) -> DataFrame:
    """Take every attribute of a title from the best catalogue that states it.

    Args:
        links: silver.title_links.
        described: Descriptions by ``source_title_id``, from the best catalogue to the worst; one row per title of a
            catalogue, or more.
        rated: IMDb's ratings, one row per title.

    Returns:
        silver.titles, one row per title_id of the catalogues, with ``_superseded``: its other names.
    """
    titles = reduce(
        lambda some, more: some.unionByName(more, allowMissingColumns=True),
        (rows.withColumn("precedence", F.lit(precedence)) for precedence, rows in enumerate(described)),
    )
    rating = F.coalesce("imdb", "rating")
    return (
        links.select("source_title_id", "title_id")
        .join(titles, on="source_title_id", how="left")
        .groupBy("title_id")
        .agg(
            *map(_best, _ATTRIBUTES),
            # One catalogue that knows a title for an adult one is enough.
            F.bool_or("is_adult").alias("is_adult"),
            (F.size(F.collect_set("source_title_id")).cast("bigint") - 1).alias(SUPERSEDED),
        )
        .join(rated, on="title_id", how="left")
        .select(
            "title_id",
            "title",
            "original_title",
            F.coalesce("title_type", F.lit("movie")).alias("title_type"),
            "release_year",
            "release_date",
            "release_status",
            "end_year",
            "runtime_minutes",
            F.coalesce("genres", F.array().cast("array<string>")).alias("genres"),
            F.coalesce("is_adult", F.lit(False)).alias("is_adult"),  # noqa: FBT003
            rating["average_rating"].alias("average_rating"),
            rating["vote_count"].alias("vote_count"),
            F.coalesce("popularity_of_the_day", "popularity").alias("popularity"),
            "language",
            "overview",
            "poster_path",
            SUPERSEDED,
        )
    )


def _best(attribute: str) -> Column:
    """The attribute of the best row of a group that states it; of equally good ones, the smallest."""
    states_it = F.col(attribute).isNotNull()
    return F.min(F.when(states_it, F.struct("precedence", "source_title_id", attribute)))[attribute].alias(attribute)
