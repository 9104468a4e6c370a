"""Name everybody whom the catalogues credit: silver.people."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from expectations.silver.people import SUITE
from jobs.lakehouse.lake import Lake
from jobs.silver.title_links import newest_details, stated
from jobs.tables import bronze

CREW_BILLING = 1_000
"""Crew that has no place in its title's list is billed after this place, in the order in which it is named."""

_CAST = "array<struct<id:bigint,name:string,gender:int,character:string,order:int>>"
_CREW = "array<struct<id:bigint,name:string,job:string>>"
# TMDb's jobs under IMDb's categories; its hundred other jobs tell viewers nothing.
_CATEGORIES = {
    "Director": "director",
    "Writer": "writer",
    "Screenplay": "writer",
    "Author": "writer",
    "Producer": "producer",
}
_WOMAN = 1  # TMDb's code


def run(lake: Lake, night: date) -> None:
    """Publish silver.people from the newest catalogues up to ``night``."""
    names = lake.read(bronze.IMDB_NAME_BASICS, night)
    details = lake.read(bronze.TMDB_MOVIE_DETAILS, night)
    dump = lake.read(bronze.TMDB_5000_CREDITS, night)

    lake.publish(name_people(names, list_tmdb_credits(details, dump)), SUITE, night)


def name_people(names: DataFrame, tmdb_credits: DataFrame) -> DataFrame:
    """List the people of IMDb and of TMDb's credits; nobody knows who of them is the same person.

    Args:
        names: bronze.imdb_name_basics.
        tmdb_credits: What :func:`list_tmdb_credits` returned.

    Returns:
        silver.people, one row per person. Of two rows about one person the last in the order of their values counts.
    """
    nothing = F.array().cast("array<string>")
    listed = names.select(
        F.col("nconst").alias("person_id"),
        stated("primaryName").alias("name"),
        F.col("birthYear").try_cast("int").alias("birth_year"),
        F.col("deathYear").try_cast("int").alias("death_year"),
        F.coalesce(F.split(stated("primaryProfession"), ","), nothing).alias("professions"),
    )
    credited = tmdb_credits.select(
        "person_id",
        "name",
        F.lit(None).cast("int").alias("birth_year"),
        F.lit(None).cast("int").alias("death_year"),
        nothing.alias("professions"),
    )
    return (
        listed.unionByName(credited)
        .groupBy("person_id")
        .agg(F.max(F.struct("name", "birth_year", "death_year", "professions")).alias("last"))
        .select("person_id", "last.*")
    )


def list_tmdb_credits(details: DataFrame, dump: DataFrame) -> DataFrame:
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


def _cast_credit(member: Column, place: Column) -> Column:
    """A credit of somebody of the cast; TMDb counts from 0."""
    return F.struct(
        _person(member),
        F.trim(member["name"]).alias("name"),
        F.when(member["gender"] == _WOMAN, "actress").otherwise("actor").alias("category"),
        (F.coalesce(member["order"], place) + 1).alias("billing"),
        F.nullif(F.trim(member["character"]), F.lit("")).alias("character"),
    )


def _crew_credit(member: Column, place: Column) -> Column:
    """A credit of somebody of the crew, without a category if the job is none of ours."""
    category = F.create_map(*[F.lit(word) for pair in _CATEGORIES.items() for word in pair])
    return F.struct(
        _person(member),
        F.trim(member["name"]).alias("name"),
        category[member["job"]].alias("category"),
        (place + CREW_BILLING + 1).alias("billing"),
        F.lit(None).cast("string").alias("character"),
    )


def _person(member: Column) -> Column:
    return F.concat(F.lit("tmdb:"), member["id"].cast("string")).alias("person_id")
