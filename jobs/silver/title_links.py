"""Link every catalogue's name of a title to one title_id: silver.title_links."""

from datetime import date
from functools import reduce

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from expectations.silver.title_links import SUITE
from jobs.catalogues import imdb, movielens, movietweetings, tmdb
from jobs.catalogues.fields import spelling
from jobs.lakehouse.audit.mark import DUPLICATES, OF_SPINE
from jobs.lakehouse.lake import Lake
from jobs.tables import bronze


def run(lake: Lake, night: date) -> None:
    """Publish silver.title_links from the newest catalogues up to ``night``."""
    basics = lake.read(bronze.IMDB_TITLE_BASICS, night)
    tweeted = lake.read(bronze.MOVIETWEETINGS_MOVIES, night)
    exported = lake.read(bronze.TMDB_MOVIE_IDS, night)
    details = lake.read(bronze.TMDB_MOVIE_DETAILS, night)
    dump = lake.read(bronze.TMDB_5000_MOVIES, night)
    metadata = lake.read(bronze.TMDB_MOVIES_METADATA, night)
    dataset = lake.read(bronze.TMDB_MOVIE_DATASET, night)
    movies = lake.read(bronze.MOVIELENS_MOVIES, night)
    links = lake.read(bronze.MOVIELENS_LINKS, night)

    named = [*tmdb.name_movies(exported, details, dataset, metadata, dump), movielens.name_movies(movies, links)]
    of_imdb = link_imdb(basics, movietweetings.name_titles(tweeted))
    lake.publish(of_imdb.unionByName(link_movies(named, imdb.find_unique_films(basics))), SUITE, night)


def link_imdb(basics: DataFrame, tweeted: DataFrame) -> DataFrame:
    """Name the titles that are called by their tconst: IMDb's, and MovieTweetings' that IMDb's dump lacks.

    Args:
        basics: bronze.imdb_title_basics.
        tweeted: ``source_title_id`` and ``source`` of MovieTweetings' titles.

    Returns:
        silver.title_links of both, one row per tconst, with what stands behind it.
    """
    listed = basics.select(F.col("tconst").alias("source_title_id"), F.lit("imdb").alias("source"))
    own, of_imdb = F.col("source_title_id"), F.col("source") == "imdb"
    return (
        listed.unionByName(tweeted)
        .groupBy("source_title_id")
        # "imdb" comes before "movietweetings": where both know a title it is IMDb's.
        .agg(F.min("source").alias("source"), F.count_if(of_imdb).alias("rows"))
        .select(
            "source_title_id",
            "source",
            own.alias("title_id"),
            F.lit("same").alias("matched_by"),
            # What else a row of the dump says does not matter here.
            F.greatest(F.col("rows") - 1, F.lit(0)).alias(DUPLICATES),
            of_imdb.alias(OF_SPINE),
        )
    )


def link_movies(named: list[DataFrame], films: DataFrame) -> DataFrame:
    """Find the tconst behind every name of a movie.

    A name's own tconst goes first; then TMDb's link, MovieLens's, and the IMDb film of equal title and year: if there
    is only one on each side, and no other movie is linked to it.

    Args:
        named: ``movie`` (what is one movie to TMDb and MovieLens), ``name`` (``source_title_id``, ``source`` and the
            ``tconst`` it comes with), and if known ``imdb_id``, ``linked_id``, ``known_as`` and its ``precedence``.
        films: IMDb's films that share ``spelling`` and ``year`` with no other, by ``matched_id``.

    Returns:
        silver.title_links of TMDb and MovieLens, one row per name, none of the spine.
    """
    best = F.min(F.when(F.col("known_as.title").isNotNull(), F.struct("precedence", "known_as")))["known_as"]
    year = F.left("best.release_date", F.lit(4)).try_cast("int")
    matches = Window.partitionBy(F.coalesce("matched_id", "movie"))
    is_only = F.min("movie").over(matches) == F.max("movie").over(matches)
    link = F.coalesce("name.tconst", "imdb_id", "linked_id")
    # A movie that matches has no link of its own: whatever is linked to the film is another movie.
    is_free = F.count("link").over(Window.partitionBy(F.coalesce("link", "matched_id", "movie"))) == 0
    guess = F.when(F.col("is_only") & F.col("is_free"), F.col("matched_id"))
    is_own = F.col("movie") == F.col("name.source_title_id")
    return (
        reduce(lambda some, more: some.unionByName(more, allowMissingColumns=True), named)
        .groupBy("movie")
        # A set may give two of its movies the same TMDb id: the movie is then the first of their titles.
        .agg(
            F.min(F.when(F.col("imdb_id").isNotNull(), F.struct("precedence", "imdb_id")))["imdb_id"].alias("imdb_id"),
            F.min("linked_id").alias("linked_id"),
            best.alias("best"),
            F.collect_set("name").alias("names"),
        )
        .select("*", spelling("best.title"), year.alias("year"))
        .join(films, on=["spelling", "year"], how="left")
        .select(
            "movie", "imdb_id", "linked_id", "matched_id", is_only.alias("is_only"), F.explode("names").alias("name")
        )
        .select("movie", "name", "matched_id", "is_only", link.alias("link"))
        .withColumn("is_free", is_free)
        .select(
            "name.source_title_id",
            "name.source",
            F.coalesce("link", guess, "movie").alias("title_id"),
            F.when(F.col("link").isNotNull(), "link")
            .when(guess.isNotNull(), "title_year")
            .when(is_own, "same")
            .otherwise("link")
            .alias("matched_by"),
            F.lit(0).cast("bigint").alias(DUPLICATES),
            F.lit(False).alias(OF_SPINE),  # noqa: FBT003
        )
    )
