"""Describe every title by the best of its catalogues: silver.titles."""

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from expectations.silver.titles import SUITE
from jobs.lakehouse.lake import Lake
from jobs.silver.title_links import newest_details, stated, tconst
from jobs.tables import bronze, silver

# The catalogues from best to worst: an attribute comes from the first that states it.
_IMDB, _DETAILS, _DUMP, _MOVIELENS, _MOVIETWEETINGS, _EXPORT = range(6)

# What other catalogues call IMDb's genres.
_IMDB_GENRES = {"Science Fiction": "Sci-Fi", "Children": "Family", "Children's": "Family"}
# A cinema's screen, a channel and "not from here" say nothing of what a title is like.
_NO_GENRES = ("(no genres listed)", "IMAX", "TV Movie", "Foreign")

# MovieLens: "Death Note: Desu nôto (2006-2007)", with a hyphen or a dash.
_YEAR_AT_END = r"\s*\((\d{4})([-\u2013]\d{0,4})?\)\s*$"
# MovieLens moves articles behind their title, also within brackets: "Matrix, The", "Avventura, L' (Adventure, The)".
_BEFORE_ARTICLE, _AFTER_ARTICLE = r"(^|\()(a\.k\.a\. )?([^()]+), ", r"(?=\)| \(|$)"
_ARTICLES = "The|An?|La|Les?|Une?|El|L[oa]s|Una|Il|Lo|I|Gli|Der|Die|Das|Det|De[nt]?|En"

_ATTRIBUTES = (
    *("title", "original_title", "title_type", "release_year", "end_year", "runtime_minutes", "genres", "is_adult"),
    *("rating", "popularity", "language", "overview"),
)


def run(lake: Lake, night: date) -> None:
    """Publish silver.titles from the newest catalogues up to ``night``."""
    links = lake.read(silver.TITLE_LINKS, night)
    basics = lake.read(bronze.IMDB_TITLE_BASICS, night)
    ratings = lake.read(bronze.IMDB_TITLE_RATINGS, night)
    exported = lake.read(bronze.TMDB_MOVIE_IDS, night)
    details = lake.read(bronze.TMDB_MOVIE_DETAILS, night)
    dump = lake.read(bronze.TMDB_5000_MOVIES, night)
    movies = lake.read(bronze.MOVIELENS_MOVIES, night)
    tweeted = lake.read(bronze.MOVIETWEETINGS_MOVIES, night)

    described = [
        read_imdb(basics),
        read_tmdb_details(details),
        read_tmdb_dump(dump),
        read_tmdb_export(exported),
        read_movielens(movies),
        read_movietweetings(tweeted),
    ]
    lake.publish(describe_titles(links, described, ratings), SUITE, night)


def describe_titles(links: DataFrame, described: list[DataFrame], ratings: DataFrame) -> DataFrame:
    """Take every attribute of a title from the best catalogue that states it.

    Args:
        links: silver.title_links.
        described: Descriptions, what the ``read_`` functions return, one row per catalogue and title, or more.
        ratings: bronze.imdb_title_ratings.

    Returns:
        silver.titles, one row per title_id of the catalogues.
    """
    titles = reduce(lambda some, more: some.unionByName(more, allowMissingColumns=True), described)
    rated = ratings.groupBy(F.col("tconst").alias("title_id")).agg(
        F.max(_rating("averageRating", "numVotes")).alias("imdb")
    )
    rating = F.coalesce("imdb", "rating")
    return (
        titles.join(links.select("source_title_id", "title_id"), on="source_title_id", how="inner")
        .groupBy("title_id")
        # The export says each day what the details said once.
        .agg(*map(_best, _ATTRIBUTES), _best("popularity", F.col("place") == _EXPORT).alias("exported_popularity"))
        .join(rated, on="title_id", how="left")
        .select(
            "title_id",
            "title",
            "original_title",
            F.coalesce("title_type", F.lit("movie")).alias("title_type"),
            "release_year",
            "end_year",
            "runtime_minutes",
            F.coalesce("genres", F.array().cast("array<string>")).alias("genres"),
            F.coalesce("is_adult", F.lit(False)).alias("is_adult"),  # noqa: FBT003
            rating["average_rating"].alias("average_rating"),
            rating["vote_count"].alias("vote_count"),
            F.coalesce("exported_popularity", "popularity").alias("popularity"),
            "language",
            "overview",
        )
    )


def read_imdb(basics: DataFrame) -> DataFrame:
    """Describe the titles of bronze.imdb_title_basics."""
    return basics.select(
        F.col("tconst").alias("source_title_id"),
        F.lit(_IMDB).alias("place"),
        stated("primaryTitle").alias("title"),
        stated("originalTitle").alias("original_title"),
        stated("titleType").alias("title_type"),
        _whole("startYear").alias("release_year"),
        _whole("endYear").alias("end_year"),
        _runtime("runtimeMinutes"),
        _genres(F.split(stated("genres"), ",")),
        (F.col("isAdult") == "1").alias("is_adult"),
    )


def read_tmdb_details(details: DataFrame) -> DataFrame:
    """Describe the movies of bronze.tmdb_movie_details by their newest delivery."""
    wanted = (
        *("title", "original_title", "original_language", "overview", "release_date", "runtime", "genres"),
        *("popularity", "vote_average", "vote_count", "adult"),
    )
    newest = newest_details(details, *wanted)
    return newest.select(*_tmdb_columns(_DETAILS), (F.col("adult") == "true").alias("is_adult"))


def read_tmdb_dump(dump: DataFrame) -> DataFrame:
    """Describe the movies of bronze.tmdb_5000_movies."""
    return dump.select(*_tmdb_columns(_DUMP))


def read_tmdb_export(exported: DataFrame) -> DataFrame:
    """Describe the movies of bronze.tmdb_movie_ids, which names them in their own language only."""
    return exported.select(
        F.concat(F.lit("tmdb:"), "id").alias("source_title_id"),
        F.lit(_EXPORT).alias("place"),
        stated("original_title").alias("title"),
        stated("original_title").alias("original_title"),
        F.col("popularity").try_cast("double").alias("popularity"),
        (F.col("adult") == "true").alias("is_adult"),
    )


def read_movielens(movies: DataFrame) -> DataFrame:
    """Describe the movies of bronze.movielens_movies, articles before their titles."""
    named = F.regexp_replace("title", _YEAR_AT_END, "")
    elided = F.regexp_replace(named, f"{_BEFORE_ARTICLE}(L'){_AFTER_ARTICLE}", "$1$2$4$3")
    title = F.regexp_replace(elided, f"{_BEFORE_ARTICLE}({_ARTICLES}){_AFTER_ARTICLE}", "$1$2$4 $3")
    return movies.select(
        F.concat(F.lit("movielens:"), "movieId").alias("source_title_id"), *_set_columns(_MOVIELENS, title)
    )


def read_movietweetings(tweeted: DataFrame) -> DataFrame:
    """Describe the movies of bronze.movietweetings_movies."""
    title = F.regexp_replace("title", _YEAR_AT_END, "")
    return tweeted.select(tconst("movie_id").alias("source_title_id"), *_set_columns(_MOVIETWEETINGS, title))


def _set_columns(place: int, title: Column) -> list[Column]:
    """What a rating set says of a movie: title, year and genres."""
    return [
        F.lit(place).alias("place"),
        F.nullif(F.trim(title), F.lit("")).alias("title"),
        F.regexp_extract("title", _YEAR_AT_END, 1).try_cast("int").alias("release_year"),
        _genres(F.split(stated("genres"), r"\|")),
    ]


def _tmdb_columns(place: int) -> list[Column]:
    """What TMDb's details and its dump of old say of a movie in the same columns."""
    return [
        F.concat(F.lit("tmdb:"), "id").alias("source_title_id"),
        F.lit(place).alias("place"),
        stated("title").alias("title"),
        stated("original_title").alias("original_title"),
        F.left("release_date", F.lit(4)).try_cast("int").alias("release_year"),
        _runtime("runtime"),
        _genres(F.from_json("genres", "array<struct<name:string>>")["name"]),
        _rating("vote_average", "vote_count").alias("rating"),
        F.col("popularity").try_cast("double").alias("popularity"),
        stated("original_language").alias("language"),
        stated("overview").alias("overview"),
    ]


def _best(attribute: str, among: Column | None = None) -> Column:
    """The attribute of the best row of a group that states it; of equally good ones, the smallest."""
    states_it = F.col(attribute).isNotNull() if among is None else F.col(attribute).isNotNull() & among
    return F.min(F.when(states_it, F.struct("place", "source_title_id", attribute)))[attribute].alias(attribute)


def _rating(average: str, votes: str) -> Column:
    """Average and votes as one attribute, led by the votes; TMDb writes 0 for what nobody rated."""
    count, mean = _whole(votes), F.col(average).try_cast("double")
    return F.when((count > 0) & mean.isNotNull(), F.struct(count.alias("vote_count"), mean.alias("average_rating")))


def _runtime(minutes: str) -> Column:
    """Running time; TMDb writes 0 for unknown."""
    return F.nullif(_whole(minutes), F.lit(0)).alias("runtime_minutes")


def _whole(number: str) -> Column:
    """A whole number that may be written as 162.0."""
    return F.col(number).try_cast("double").try_cast("int")


def _genres(names: Column) -> Column:
    """IMDb's names of genres, sorted; null if there are none."""
    pairs = [F.lit(word) for pair in _IMDB_GENRES.items() for word in pair]
    imdb_name = F.create_map(*pairs)
    harmonised = F.transform(F.array_compact(names), lambda name: F.coalesce(imdb_name[name], name))
    genres = F.array_sort(F.array_except(harmonised, F.array(*map(F.lit, _NO_GENRES))))
    return F.when(F.size(genres) > 0, genres).alias("genres")
