"""How TMDb writes things: its API's answers about movies, its daily export of identifiers, and the 5000 dump."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.catalogues.fields import genres, rating, runtime, stated
from jobs.catalogues.imdb import CREW_BILLING

# What tells two descriptions of one movie in one delivery apart, before the columns asked for.
_DETAILS_ORDER = ("night", "popularity", "vote_count", "imdb_id", "title")

_CAST = "array<struct<id:bigint,name:string,gender:int,character:string,order:int>>"
_CREW = "array<struct<id:bigint,name:string,job:string>>"
_KEYWORDS = "array<struct<name:string>>"
# TMDb's jobs under IMDb's categories; its hundred other jobs tell viewers nothing.
_CATEGORIES = {
    "Director": "director",
    "Writer": "writer",
    "Screenplay": "writer",
    "Author": "writer",
    "Producer": "producer",
}
_WOMAN = 1  # TMDb's code


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


def describe_details(details: DataFrame) -> DataFrame:
    """Describe the movies of bronze.tmdb_movie_details by their newest delivery."""
    wanted = (
        *("title", "original_title", "original_language", "overview", "release_date", "runtime", "genres"),
        *("popularity", "vote_average", "vote_count", "adult", "status"),
    )
    return newest_details(details, *wanted).select(*_described(), _adult())


def describe_dump(dump: DataFrame) -> DataFrame:
    """Describe the movies of bronze.tmdb_5000_movies."""
    return dump.select(*_described())


def describe_export(exported: DataFrame) -> DataFrame:
    """Describe the movies of bronze.tmdb_movie_ids, which names them in their own language only."""
    return exported.select(
        F.concat(F.lit("tmdb:"), "id").alias("source_title_id"),
        stated("original_title").alias("title"),
        stated("original_title").alias("original_title"),
        # The export says each day what the details said once.
        F.col("popularity").try_cast("double").alias("popularity_of_the_day"),
        _adult(),
    )


def name_movies(exported: DataFrame, details: DataFrame, dump: DataFrame) -> list[DataFrame]:
    """Say how TMDb's three catalogues name a movie, and what they link and call it.

    Args:
        exported: bronze.tmdb_movie_ids.
        details: bronze.tmdb_movie_details, all deliveries.
        dump: bronze.tmdb_5000_movies.

    Returns:
        Rows for silver.title_links' ``link_movies``; details are the best of them.
    """
    tmdb_id, nothing = F.concat(F.lit("tmdb:"), "id").alias("movie"), F.lit(None).cast("string")
    name = F.struct(tmdb_id.alias("source_title_id"), F.lit("tmdb").alias("source"), nothing.alias("tconst"))
    known_as = F.struct("title", "release_date").alias("known_as")
    described = newest_details(details, "imdb_id", "title", "release_date")
    return [
        described.select(
            tmdb_id, name.alias("name"), F.lit(0).alias("precedence"), known_as, stated("imdb_id").alias("imdb_id")
        ),
        dump.select(tmdb_id, name.alias("name"), F.lit(1).alias("precedence"), known_as),
        exported.select(tmdb_id, name.alias("name")),
    ]


def list_keywords(details: DataFrame, dump: DataFrame) -> DataFrame:
    """List movies' keywords, sorted: the details', and behind them the dump's of old.

    Args:
        details: bronze.tmdb_movie_details, all deliveries.
        dump: bronze.tmdb_5000_movies.

    Returns:
        ``source_title_id``, ``precedence`` and ``keywords``, one row per movie and catalogue that has any.
    """
    answered = newest_details(details, "keywords").select(
        "id",
        F.lit(0).alias("precedence"),
        F.from_json("keywords", f"keywords {_KEYWORDS}")["keywords"].alias("keywords"),
    )
    dumped = dump.select("id", F.lit(1).alias("precedence"), F.from_json("keywords", _KEYWORDS).alias("keywords"))
    words = F.array_sort(F.array_distinct(F.array_compact(F.col("keywords.name"))))
    return (
        answered.unionByName(dumped)
        .select(F.concat(F.lit("tmdb:"), "id").alias("source_title_id"), "precedence", words.alias("keywords"))
        .where(F.size("keywords") > 0)
    )


def list_credits(details: DataFrame, dump: DataFrame) -> DataFrame:
    """List whom TMDb credits with a movie, of the categories that matter.

    Args:
        details: bronze.tmdb_movie_details, all deliveries.
        dump: bronze.tmdb_5000_credits.

    Returns:
        ``source_title_id``, ``is_dump`` (an older word than the details'), ``person_id``, ``name``, ``category``,
        ``billing`` and ``character``; one row per movie, catalogue and mention.
    """
    parsed = F.from_json("credits", f"cast {_CAST}, crew {_CREW}")
    answers = newest_details(details, "credits").select("id", parsed.alias("credits"))
    told = answers.select("id", F.lit(False).alias("is_dump"), "credits.cast", "credits.crew")  # noqa: FBT003
    dumped = dump.select(
        F.col("movie_id").alias("id"),
        F.lit(True).alias("is_dump"),  # noqa: FBT003
        F.from_json("cast", _CAST).alias("cast"),
        F.from_json("crew", _CREW).alias("crew"),
    )
    cast, crew = F.transform("cast", _cast_credit), F.transform("crew", _crew_credit)
    return (
        told.unionByName(dumped)
        .select("id", "is_dump", F.explode(F.flatten(F.array_compact(F.array(cast, crew)))).alias("credit"))
        .where(F.col("credit.category").isNotNull() & F.col("credit.person_id").isNotNull())
        .select(F.concat(F.lit("tmdb:"), "id").alias("source_title_id"), "is_dump", "credit.*")
    )


def _described() -> list[Column]:
    """What TMDb's details and its dump of old say of a movie in the same columns."""
    return [
        F.concat(F.lit("tmdb:"), "id").alias("source_title_id"),
        stated("title").alias("title"),
        stated("original_title").alias("original_title"),
        F.left("release_date", F.lit(4)).try_cast("int").alias("release_year"),
        stated("release_date").try_cast("date").alias("release_date"),
        stated("status").alias("release_status"),
        runtime("runtime"),
        genres(F.from_json("genres", "array<struct<name:string>>")["name"]),
        rating("vote_average", "vote_count").alias("rating"),
        F.col("popularity").try_cast("double").alias("popularity"),
        stated("original_language").alias("language"),
        stated("overview").alias("overview"),
    ]


def _adult() -> Column:
    """Null where TMDb does not say."""
    return (F.nullif(F.trim("adult"), F.lit("")) == "true").alias("is_adult")


def _cast_credit(member: Column, position: Column) -> Column:
    """A credit of somebody of the cast; TMDb counts from 0."""
    return F.struct(
        _person(member),
        F.trim(member["name"]).alias("name"),
        F.when(member["gender"] == _WOMAN, "actress").otherwise("actor").alias("category"),
        (F.coalesce(member["order"], position) + 1).alias("billing"),
        F.nullif(F.trim(member["character"]), F.lit("")).alias("character"),
    )


def _crew_credit(member: Column, position: Column) -> Column:
    """A credit of somebody of the crew, without a category if the job is none of ours."""
    category = F.create_map(*[F.lit(word) for pair in _CATEGORIES.items() for word in pair])
    return F.struct(
        _person(member),
        F.trim(member["name"]).alias("name"),
        category[member["job"]].alias("category"),
        (position + CREW_BILLING + 1).alias("billing"),
        F.lit(None).cast("string").alias("character"),
    )


def _person(member: Column) -> Column:
    return F.concat(F.lit("tmdb:"), member["id"].cast("string")).alias("person_id")
