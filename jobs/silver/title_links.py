"""Link every catalogue's name of a title to one title_id: silver.title_links."""

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from expectations.silver.title_links import SUITE
from jobs.lake import Lake
from jobs.tables import bronze

# What tells two descriptions of one movie in one delivery apart, before the columns asked for.
_DETAILS_ORDER = ("night", "popularity", "vote_count", "imdb_id", "title")
_IMDB_DIGITS = 7


def run(lake: Lake, night: date) -> None:
    """Publish silver.title_links from the newest catalogues up to ``night``."""
    basics = lake.read(bronze.IMDB_TITLE_BASICS, night)
    exported = lake.read(bronze.TMDB_MOVIE_IDS, night)
    details = lake.read(bronze.TMDB_MOVIE_DETAILS, night)
    dump = lake.read(bronze.TMDB_5000_MOVIES, night)
    movies = lake.read(bronze.MOVIELENS_MOVIES, night)
    links = lake.read(bronze.MOVIELENS_LINKS, night)
    tweeted = lake.read(bronze.MOVIETWEETINGS_MOVIES, night)

    tmdb_links = link_tmdb(exported, details, dump, links, basics)
    parts = [link_imdb(basics, tweeted), tmdb_links, link_movielens(movies, links, tmdb_links)]
    lake.publish(reduce(DataFrame.unionByName, parts), SUITE, night)


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
    return (
        listed.unionByName(named)
        .groupBy("source_title_id")
        # "imdb" comes before "movietweetings": where both know a title it is IMDb's.
        .agg(F.min("source").alias("source"))
        .select(
            "source_title_id", "source", F.col("source_title_id").alias("title_id"), F.lit("same").alias("matched_by")
        )
    )


def link_tmdb(
    exported: DataFrame, details: DataFrame, dump: DataFrame, links: DataFrame, basics: DataFrame
) -> DataFrame:
    """Find the tconst of TMDb's movies: TMDb's own link, else MovieLens's, else equal title and year.

    Args:
        exported: bronze.tmdb_movie_ids.
        details: bronze.tmdb_movie_details, all deliveries.
        dump: bronze.tmdb_5000_movies.
        links: bronze.movielens_links.
        basics: bronze.imdb_title_basics.

    Returns:
        silver.title_links of TMDb, one row per TMDb id.
    """
    movies = _list_tmdb_movies(exported, details, dump)
    linked = (
        links.select(stated("tmdbId").alias("id"), tconst("imdbId").alias("linked_id"))
        .where(F.col("id").isNotNull() & F.col("linked_id").isNotNull())
        .groupBy("id")
        # A set may give two of its movies the same TMDb id.
        .agg(F.min("linked_id").alias("linked_id"))
    )
    link, named = F.coalesce("imdb_id", "linked_id"), F.concat(F.lit("tmdb:"), "id")
    how = F.when(link.isNotNull(), "link").when(F.col("matched_id").isNotNull(), "title_year").otherwise("same")
    return (
        movies.join(linked, on="id", how="left")
        .join(match_title_years(movies, basics), on="id", how="left")
        .select(
            named.alias("source_title_id"),
            F.lit("tmdb").alias("source"),
            F.coalesce(link, "matched_id", named).alias("title_id"),
            how.alias("matched_by"),
        )
    )


def link_movielens(movies: DataFrame, links: DataFrame, tmdb_links: DataFrame) -> DataFrame:
    """Find the title_id of MovieLens's movies: by its IMDb number, else where its TMDb id leads.

    Args:
        movies: bronze.movielens_movies.
        links: bronze.movielens_links.
        tmdb_links: What :func:`link_tmdb` returned.

    Returns:
        silver.title_links of MovieLens, one row per movieId.
    """
    numbers = F.struct(tconst("imdbId").alias("tconst"), F.concat(F.lit("tmdb:"), stated("tmdbId")).alias("tmdb_name"))
    linked = links.groupBy("movieId").agg(F.min(numbers).alias("link")).select("movieId", "link.*")
    found = tmdb_links.select(
        F.col("source_title_id").alias("tmdb_name"),
        F.col("title_id").alias("found_id"),
        F.col("matched_by").alias("found_by"),
    )
    named = F.concat(F.lit("movielens:"), "movieId")
    is_guessed = F.col("tconst").isNull() & (F.col("found_by") == "title_year")
    is_linked = F.coalesce("tconst", "tmdb_name").isNotNull()
    return (
        movies.select("movieId")
        .distinct()
        .join(linked, on="movieId", how="left")
        .join(found, on="tmdb_name", how="left")
        .select(
            named.alias("source_title_id"),
            F.lit("movielens").alias("source"),
            F.coalesce("tconst", "found_id", "tmdb_name", named).alias("title_id"),
            F.when(is_guessed, "title_year").when(is_linked, "link").otherwise("same").alias("matched_by"),
        )
    )


def match_title_years(movies: DataFrame, basics: DataFrame) -> DataFrame:
    """Pair TMDb's movies with IMDb's of the same title and year, where only one of each has them.

    Args:
        movies: Columns ``id``, ``title`` and ``year``, one row per TMDb movie.
        basics: bronze.imdb_title_basics.

    Returns:
        Columns ``id`` and ``matched_id`` (a tconst), one row per pair.
    """
    films = basics.where(F.col("titleType") == "movie").select(
        F.col("tconst").alias("matched_id"),
        F.col("primaryTitle").alias("title"),
        F.col("startYear").try_cast("int").alias("year"),
    )
    ours, theirs = _keep_unique(movies, "id"), _keep_unique(films, "matched_id")
    return ours.join(theirs, on=["spelling", "year"], how="inner").select("id", "matched_id")


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


def _list_tmdb_movies(exported: DataFrame, details: DataFrame, dump: DataFrame) -> DataFrame:
    """``id``, ``imdb_id``, ``title`` and ``year``, one row per TMDb id; details go before the dump."""
    described = newest_details(details, "imdb_id", "title", "release_date")
    nothing = F.lit(None).cast("string")
    parts = [
        described.select("id", stated("imdb_id").alias("imdb_id"), "title", "release_date", F.lit(0).alias("place")),
        dump.select("id", nothing.alias("imdb_id"), "title", "release_date", F.lit(1).alias("place")),
        exported.select(
            "id", nothing.alias("imdb_id"), nothing.alias("title"), nothing.alias("release_date"), F.lit(2)
        ),
    ]
    best = F.min(F.struct("place", "title", "release_date"))
    return (
        reduce(DataFrame.union, parts)
        .groupBy("id")
        .agg(F.max("imdb_id").alias("imdb_id"), best.alias("best"))
        .select("id", "imdb_id", "best.title", F.left("best.release_date", F.lit(4)).try_cast("int").alias("year"))
    )


def _keep_unique(titles: DataFrame, identifier: str) -> DataFrame:
    """``identifier``, ``spelling`` and ``year`` of the titles that no other has; case, accents, punctuation are nothing."""
    letters = F.regexp_replace(F.regexp_replace("title", "&", " and "), r"[^\p{L}\p{M}\p{N}]+", "")
    return (
        titles.select(identifier, letters.alias("letters"), "year")
        .where((F.col("letters") != "") & F.col("year").isNotNull())
        .groupBy(F.collate("letters", "UNICODE_CI_AI").alias("spelling"), "year")
        # A dump may repeat a row: that is still one title.
        .agg(F.min(identifier).alias(identifier), F.max(identifier).alias("last"))
        .where(F.col(identifier) == F.col("last"))
        .select(identifier, "spelling", "year")
    )
