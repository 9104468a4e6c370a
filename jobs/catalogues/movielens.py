"""How MovieLens writes things: titles with their year in brackets, articles behind them, genres with pipes."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.catalogues.fields import genres, stated
from jobs.catalogues.imdb import tconst

# "Death Note: Desu nôto (2006-2007)", with a hyphen or a dash.
_YEAR_AT_END = r"\s*\((\d{4})([-\u2013]\d{0,4})?\)\s*$"
# Articles stand behind their title, also within brackets: "Matrix, The", "Avventura, L' (Adventure, The)".
_BEFORE_ARTICLE, _AFTER_ARTICLE = r"(^|\()(a\.k\.a\. )?([^()]+), ", r"(?=\)| \(|$)"
_ARTICLES = "The|An?|La|Les?|Une?|El|L[oa]s|Una|Il|Lo|I|Gli|Der|Die|Das|Det|De[nt]?|En"


def describe_movies(movies: DataFrame) -> DataFrame:
    """Describe the movies of bronze.movielens_movies, articles before their titles."""
    elided = F.regexp_replace(without_year("title"), f"{_BEFORE_ARTICLE}(L'){_AFTER_ARTICLE}", "$1$2$4$3")
    title = F.regexp_replace(elided, f"{_BEFORE_ARTICLE}({_ARTICLES}){_AFTER_ARTICLE}", "$1$2$4 $3")
    return movies.select(F.concat(F.lit("movielens:"), "movieId").alias("source_title_id"), *described(title))


def name_movies(movies: DataFrame, links: DataFrame) -> DataFrame:
    """Say which of TMDb's movies, and which tconst, a MovieLens movie is.

    Args:
        movies: bronze.movielens_movies.
        links: bronze.movielens_links.

    Returns:
        Rows for silver.title_links' ``link_movies``, one per row of the movies.
    """
    numbers = F.struct(tconst("imdbId").alias("tconst"), F.concat(F.lit("tmdb:"), stated("tmdbId")).alias("tmdb_id"))
    linked = links.groupBy("movieId").agg(F.min(numbers).alias("link")).select("movieId", "link.*")
    own = F.concat(F.lit("movielens:"), "movieId")
    name = F.struct(own.alias("source_title_id"), F.lit("movielens").alias("source"), "tconst")
    return movies.join(linked, on="movieId", how="left").select(
        F.coalesce("tmdb_id", own).alias("movie"), name.alias("name"), F.col("tconst").alias("linked_id")
    )


def without_year(title: str) -> Column:
    """A title without the year at its end."""
    return F.regexp_replace(title, _YEAR_AT_END, "")


def described(title: Column) -> list[Column]:
    """What a rating set in MovieLens's manner says of a movie: title, year and genres."""
    return [
        F.nullif(F.trim(title), F.lit("")).alias("title"),
        F.regexp_extract("title", _YEAR_AT_END, 1).try_cast("int").alias("release_year"),
        genres(F.split(stated("genres"), r"\|")),
    ]
