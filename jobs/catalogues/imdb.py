r"""How IMDb's datasets write things: identifiers called tconst and nconst, ``\N`` for unknown, lists with commas."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.catalogues.fields import genres, rating, runtime, spelling, stated, whole_number

CREW_BILLING = 1_000
"""Crew without a position in its title's list is billed after this one, in the order in which it is named."""

_DIGITS = 7
_STRINGS = "array<string>"


def tconst(number: str) -> Column:
    """IMDb's identifier from a column with its number: 114709 and 0114709 are tt0114709."""
    digits = stated(number)
    # lpad would cut the numbers that have outgrown seven digits.
    padded = F.when(F.length(digits) < _DIGITS, F.lpad(digits, _DIGITS, "0")).otherwise(digits)
    return F.concat(F.lit("tt"), padded)


def describe_titles(basics: DataFrame) -> DataFrame:
    """Describe the titles of bronze.imdb_title_basics."""
    flag = F.col("isAdult")
    return basics.select(
        F.col("tconst").alias("source_title_id"),
        stated("primaryTitle").alias("title"),
        stated("originalTitle").alias("original_title"),
        stated("titleType").alias("title_type"),
        whole_number("startYear").alias("release_year"),
        whole_number("endYear").alias("end_year"),
        runtime("runtimeMinutes"),
        genres(F.split(stated("genres"), ",")),
        # Neither 0 nor 1 is unknown: another catalogue may know.
        F.when(flag == "1", True).when(flag == "0", False).alias("is_adult"),  # noqa: FBT003
    )


def rate_titles(ratings: DataFrame) -> DataFrame:
    """``title_id`` and ``imdb`` (votes and average) of bronze.imdb_title_ratings, one row per title."""
    return ratings.groupBy(F.col("tconst").alias("title_id")).agg(
        F.max(rating("averageRating", "numVotes")).alias("imdb")
    )


def find_unique_films(basics: DataFrame) -> DataFrame:
    """``spelling``, ``year`` and ``matched_id`` of the films that share their title and year with no other."""
    return (
        basics.where(F.col("titleType") == "movie")
        .select("tconst", spelling("primaryTitle"), F.col("startYear").try_cast("int").alias("year"))
        .where(F.col("spelling").isNotNull() & F.col("year").isNotNull())
        .groupBy("spelling", "year")
        # The dump may repeat a row: that is still one film.
        .agg(F.min("tconst").alias("matched_id"), F.max("tconst").alias("last"))
        .where(F.col("matched_id") == F.col("last"))
        .select("spelling", "year", "matched_id")
    )


def list_people(names: DataFrame) -> DataFrame:
    """Type bronze.imdb_name_basics: ``person_id``, ``name``, years and ``professions``, one row per row."""
    return names.select(
        F.col("nconst").alias("person_id"),
        stated("primaryName").alias("name"),
        F.col("birthYear").try_cast("int").alias("birth_year"),
        F.col("deathYear").try_cast("int").alias("death_year"),
        F.coalesce(F.split(stated("primaryProfession"), ","), _nothing()).alias("professions"),
    )


def list_credits(principals: DataFrame, crew: DataFrame) -> DataFrame:
    """List IMDb's principals, and the directors and writers that its crew file names.

    Args:
        principals: bronze.imdb_title_principals.
        crew: bronze.imdb_title_crew.

    Returns:
        ``title_id``, ``person_id``, ``category``, ``billing``, ``characters`` and ``is_principal`` (of the first of
        the two files); one row per mention.
    """
    listed = principals.select(
        F.col("tconst").alias("title_id"),
        F.col("nconst").alias("person_id"),
        "category",
        F.col("ordering").try_cast("int").alias("billing"),
        F.coalesce(F.from_json(stated("characters"), _STRINGS), _nothing()).alias("characters"),
        F.lit(True).alias("is_principal"),  # noqa: FBT003
    )
    named = F.concat(_mentions("directors", "director"), _mentions("writers", "writer"))
    by_name_only = crew.select(
        F.col("tconst").alias("title_id"), F.posexplode(named).alias("position", "mention")
    ).select(
        "title_id",
        "mention.*",
        (F.col("position") + CREW_BILLING + 1).alias("billing"),
        _nothing().alias("characters"),
        F.lit(False).alias("is_principal"),  # noqa: FBT003
    )
    return listed.unionByName(by_name_only)


def _mentions(people: str, category: str) -> Column:
    """A list of people as credits."""
    nconsts = F.coalesce(F.split(stated(people), ","), _nothing())
    return F.transform(nconsts, lambda nconst: F.struct(nconst.alias("person_id"), F.lit(category).alias("category")))


def _nothing() -> Column:
    """No characters, people or professions."""
    return F.array().cast(_STRINGS)
