"""How MovieTweetings writes things: IMDb's numbers as names, the rest in MovieLens's manner."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.catalogues.imdb import tconst
from jobs.catalogues.movielens import described, without_year


def describe_movies(tweeted: DataFrame) -> DataFrame:
    """Describe the movies of bronze.movietweetings_movies."""
    return tweeted.select(tconst("movie_id").alias("source_title_id"), *described(without_year("title")))


def name_titles(tweeted: DataFrame) -> DataFrame:
    """``source_title_id`` of bronze.movietweetings_movies: their tconst."""
    return tweeted.select(tconst("movie_id").alias("source_title_id"), F.lit("movietweetings").alias("source"))
