"""Link every catalogue's name of a title to one title_id: silver.title_links."""

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from expectations.silver.title_links import SUITE
from jobs.lakehouse.lake import Lake
from jobs.tables import bronze

# What tells two descriptions of one movie in one delivery apart, before the columns asked for.
_DETAILS_ORDER = ("night", "popularity", "vote_count", "imdb_id", "title")
_IMDB_DIGITS = 7


def run(lake: Lake, night: date) -> None:
    """Publish silver.title_links from the newest catalogues up to ``night``."""
    basics = lake.read(bronze.IMDB_TITLE_BASICS, night)
    tweeted = lake.read(bronze.MOVIETWEETINGS_MOVIES, night)
    exported = lake.read(bronze.TMDB_MOVIE_IDS, night)
    details = lake.read(bronze.TMDB_MOVIE_DETAILS, night)
    dump = lake.read(bronze.TMDB_5000_MOVIES, night)
    movies = lake.read(bronze.MOVIELENS_MOVIES, night)
    links = lake.read(bronze.MOVIELENS_LINKS, night)

    named = [*name_tmdb_movies(exported, details, dump), name_movielens_movies(movies, links)]
    lake.publish(link_imdb(basics, tweeted).unionByName(link_movies(named, basics)), SUITE, night)


def link_imdb(basics: DataFrame, tweeted: DataFrame) -> DataFrame:
    """Name the titles that are called by their tconst: IMDb's, and MovieTweetings' that IMDb's dump lacks.

    Args:
        basics: bronze.imdb_title_basics.
        tweeted: bronze.movietweetings_movies.

    Returns:
        silver.title_links of both, one row per tconst.
    """
    listed = basics.select(F.col("tconst").alias("source_title_id"), F.lit("imdb").alias("source"))
    named = tweeted.select(tconst("movie_id").alias("source_title_id"), F.lit("movietweetings").alias("source"))
    own = F.col("source_title_id")
    return (
        listed.unionByName(named)
        .groupBy("source_title_id")
        # "imdb" comes before "movietweetings": where both know a title it is IMDb's.
        .agg(F.min("source").alias("source"))
        .select("source_title_id", "source", own.alias("title_id"), F.lit("same").alias("matched_by"))
    )


def name_tmdb_movies(exported: DataFrame, details: DataFrame, dump: DataFrame) -> list[DataFrame]:
    """Say how TMDb's three catalogues name a movie, and what they link and call it.

    Args:
        exported: bronze.tmdb_movie_ids.
        details: bronze.tmdb_movie_details, all deliveries.
        dump: bronze.tmdb_5000_movies.

    Returns:
        Rows for :func:`link_movies`; details are the best of them.
    """
    tmdb_id, nothing = F.concat(F.lit("tmdb:"), "id").alias("movie"), F.lit(None).cast("string")
    name = F.struct(tmdb_id.alias("source_title_id"), F.lit("tmdb").alias("source"), nothing.alias("tconst"))
    known_as = F.struct("title", "release_date").alias("known_as")
    described = newest_details(details, "imdb_id", "title", "release_date")
    return [
        described.select(
            tmdb_id, name.alias("name"), F.lit(0).alias("place"), known_as, stated("imdb_id").alias("imdb_id")
        ),
        dump.select(tmdb_id, name.alias("name"), F.lit(1).alias("place"), known_as),
        exported.select(tmdb_id, name.alias("name")),
    ]


def name_movielens_movies(movies: DataFrame, links: DataFrame) -> DataFrame:
    """Say which of TMDb's movies, and which tconst, a MovieLens movie is.

    Args:
        movies: bronze.movielens_movies.
        links: bronze.movielens_links.

    Returns:
        Rows for :func:`link_movies`, one per movieId.
    """
    numbers = F.struct(tconst("imdbId").alias("tconst"), F.concat(F.lit("tmdb:"), stated("tmdbId")).alias("tmdb_id"))
    linked = links.groupBy("movieId").agg(F.min(numbers).alias("link")).select("movieId", "link.*")
    own = F.concat(F.lit("movielens:"), "movieId")
    name = F.struct(own.alias("source_title_id"), F.lit("movielens").alias("source"), "tconst")
    return movies.join(linked, on="movieId", how="left").select(
        F.coalesce("tmdb_id", own).alias("movie"), name.alias("name"), F.col("tconst").alias("linked_id")
    )


def link_movies(named: list[DataFrame], basics: DataFrame) -> DataFrame:
    """Find the tconst behind every name of a movie.

    A name's own tconst goes first; then TMDb's link, MovieLens's, and the IMDb film of equal title and year, if there
    is only one on each side.

    Args:
        named: ``movie`` (what is one movie to TMDb and MovieLens), ``name`` (``source_title_id``, ``source`` and the
            ``tconst`` it comes with), and if known ``imdb_id``, ``linked_id``, ``known_as`` and its ``place``.
        basics: bronze.imdb_title_basics.

    Returns:
        silver.title_links of TMDb and MovieLens, one row per name.
    """
    best = F.min(F.when(F.col("known_as.title").isNotNull(), F.struct("place", "known_as")))["known_as"]
    year = F.left("best.release_date", F.lit(4)).try_cast("int")
    claims = Window.partitionBy(F.coalesce("matched_id", "movie"))
    is_only = F.min("movie").over(claims) == F.max("movie").over(claims)
    link, guess = F.coalesce("name.tconst", "imdb_id", "linked_id"), F.when(F.col("is_only"), F.col("matched_id"))
    is_own = F.col("movie") == F.col("name.source_title_id")
    return (
        reduce(lambda some, more: some.unionByName(more, allowMissingColumns=True), named)
        .groupBy("movie")
        # A set may give two of its movies the same TMDb id: the movie is then the first of their titles.
        .agg(
            F.max("imdb_id").alias("imdb_id"),
            F.min("linked_id").alias("linked_id"),
            best.alias("best"),
            F.collect_set("name").alias("names"),
        )
        .select("*", _spelling("best.title"), year.alias("year"))
        .join(_find_unique_films(basics), on=["spelling", "year"], how="left")
        .select(
            "movie", "imdb_id", "linked_id", "matched_id", is_only.alias("is_only"), F.explode("names").alias("name")
        )
        .select(
            "name.source_title_id",
            "name.source",
            F.coalesce(link, guess, "movie").alias("title_id"),
            F.when(link.isNotNull(), "link")
            .when(guess.isNotNull(), "title_year")
            .when(is_own, "same")
            .otherwise("link")
            .alias("matched_by"),
        )
    )


def newest_details(details: DataFrame, *columns: str) -> DataFrame:
    """Keep the newest delivery of each movie.

    Args:
        details: bronze.tmdb_movie_details, all deliveries.
        columns: The columns wanted beside ``id``.

    Returns:
        ``id`` and the columns, one row per TMDb id.
    """
    newest = F.max_by(F.struct(*columns), F.struct(*_DETAILS_ORDER, *columns))
    return details.groupBy("id").agg(newest.alias("newest")).select("id", "newest.*")


def tconst(number: str) -> Column:
    """IMDb's identifier from a column with its number: 114709 and 0114709 are tt0114709."""
    digits = stated(number)
    # lpad would cut the numbers that have outgrown seven digits.
    padded = F.when(F.length(digits) < _IMDB_DIGITS, F.lpad(digits, _IMDB_DIGITS, "0")).otherwise(digits)
    return F.concat(F.lit("tt"), padded)


def stated(column: str) -> Column:
    r"""What a catalogue states: null for IMDb's ``\N`` and for empty text."""
    text = F.trim(column)
    return F.when(~text.isin("", "\\N"), text)


def _find_unique_films(basics: DataFrame) -> DataFrame:
    """``spelling``, ``year`` and ``matched_id`` of the films that share their title and year with no other."""
    return (
        basics.where(F.col("titleType") == "movie")
        .select("tconst", _spelling("primaryTitle"), F.col("startYear").try_cast("int").alias("year"))
        .where(F.col("spelling").isNotNull() & F.col("year").isNotNull())
        .groupBy("spelling", "year")
        # The dump may repeat a row: that is still one film.
        .agg(F.min("tconst").alias("matched_id"), F.max("tconst").alias("last"))
        .where(F.col("matched_id") == F.col("last"))
        .select("spelling", "year", "matched_id")
    )


def _spelling(title: str) -> Column:
    """Letters and digits of a title, equal whatever their case and accents; null if it has none."""
    letters = F.regexp_replace(F.regexp_replace(title, "&", " and "), r"[^\p{L}\p{M}\p{N}]+", "")
    return F.collate(F.nullif(letters, F.lit("")), "UNICODE_CI_AI").alias("spelling")
