"""How TMDb writes things: its API's answers about movies, its daily export of identifiers, and the 5000 dump."""

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.catalogues.fields import genres, rating, runtime, stated, whole_number
from jobs.catalogues.imdb import CREW_BILLING
from jobs.landing.literals import as_json
from jobs.tables.silver import POSTER_PATH

# What tells two descriptions of one movie in one delivery apart, before the columns asked for.
_DETAILS_ORDER = ("night", "popularity", "vote_count", "imdb_id", "title")

_CAST = "array<struct<id:bigint,name:string,gender:int,character:string,order:int>>"
_CREW = "array<struct<id:bigint,name:string,job:string>>"
_KEYWORDS = _NAMES = "array<struct<name:string>>"
# TMDb's jobs under IMDb's categories; its hundred other jobs tell viewers nothing.
_CATEGORIES = {
    "Director": "director",
    "Writer": "writer",
    "Screenplay": "writer",
    "Author": "writer",
    "Producer": "producer",
}
_WOMAN = 1  # TMDb's code


def newest_details(details: DataFrame, *columns: str | Column) -> DataFrame:
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
    # Deliveries have it as one of the columns that bronze does not know.
    poster_path = F.col("extra")["poster_path"].alias("poster_path")
    return newest_details(details, *wanted, poster_path).select(*_described(), _poster(), _adult())


def describe_dump(dump: DataFrame) -> DataFrame:
    """Describe the movies of bronze.tmdb_5000_movies."""
    return dump.select(*_described())


def describe_metadata(metadata: DataFrame) -> DataFrame:
    """Describe the movies of bronze.tmdb_movies_metadata; of one that is there twice, the row with the most votes."""
    literal = F.from_json(as_json("genres"), _NAMES)["name"]
    return _most_voted(metadata).select(*_described(literal), _poster(), _adult())


def describe_dataset(dataset: DataFrame) -> DataFrame:
    """Describe the movies of bronze.tmdb_movie_dataset; of one that is there twice, the row with the most votes."""
    return _most_voted(dataset).select(*_described(_listed("genres")), _poster(), _adult())


def _most_voted(dump: DataFrame) -> DataFrame:
    """One row per movie of a dump that holds some twice: that of most votes, the last in order among those."""
    columns = [name for name in dump.columns if name not in {"id", "extra", "file", "night"}]
    order = F.struct(whole_number("vote_count"), *columns)
    return (
        dump.groupBy("id")
        .agg(F.max(F.struct(order.alias("order"), F.struct(*columns).alias("row")))["row"].alias("row"))
        .select("id", "row.*")
    )


def _listed(column: str) -> Column:
    """What a cell lists, separated by commas."""
    return F.filter(F.transform(F.split(column, ","), lambda one: F.trim(one)), lambda one: one != "")


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


def name_movies(
    exported: DataFrame, details: DataFrame, dataset: DataFrame, metadata: DataFrame, dump: DataFrame
) -> list[DataFrame]:
    """Say how TMDb's catalogues name a movie, and what they link and call it.

    Args:
        exported: bronze.tmdb_movie_ids.
        details: bronze.tmdb_movie_details, all deliveries.
        dataset: bronze.tmdb_movie_dataset.
        metadata: bronze.tmdb_movies_metadata.
        dump: bronze.tmdb_5000_movies.

    Returns:
        Rows for silver.title_links' ``link_movies``; details are the best of them, the newest dump the next.
    """
    tmdb_id, nothing = F.concat(F.lit("tmdb:"), "id").alias("movie"), F.lit(None).cast("string")
    name = F.struct(tmdb_id.alias("source_title_id"), F.lit("tmdb").alias("source"), nothing.alias("tconst"))
    known_as = F.struct("title", "release_date").alias("known_as")
    described = newest_details(details, "imdb_id", "title", "release_date")
    return [
        described.select(
            tmdb_id, name.alias("name"), F.lit(0).alias("precedence"), known_as, stated("imdb_id").alias("imdb_id")
        ),
        *(
            _most_voted(rows).select(
                tmdb_id,
                name.alias("name"),
                F.lit(precedence).alias("precedence"),
                known_as,
                stated("imdb_id").alias("imdb_id"),
            )
            for precedence, rows in ((1, dataset), (2, metadata))
        ),
        dump.select(tmdb_id, name.alias("name"), F.lit(3).alias("precedence"), known_as),
        exported.select(tmdb_id, name.alias("name")),
    ]


def list_keywords(details: DataFrame, dataset: DataFrame, listed: DataFrame, dump: DataFrame) -> DataFrame:
    """List movies' keywords, sorted: the details', and behind them those of dumps, the newest first.

    Args:
        details: bronze.tmdb_movie_details, all deliveries.
        dataset: bronze.tmdb_movie_dataset.
        listed: bronze.tmdb_keywords.
        dump: bronze.tmdb_5000_movies.

    Returns:
        ``source_title_id``, ``precedence`` and ``keywords``, one row per movie and catalogue that has any.
    """
    answered = newest_details(details, "keywords").select(
        "id",
        F.lit(0).alias("precedence"),
        F.from_json("keywords", f"keywords {_KEYWORDS}")["keywords"].alias("keywords"),
    )
    dumps = {
        1: dataset.select(
            "id", F.transform(_listed("keywords"), lambda word: F.struct(word.alias("name"))).alias("keywords")
        ),
        2: listed.select("id", F.from_json(as_json("keywords"), _KEYWORDS).alias("keywords")),
        3: dump.select("id", F.from_json("keywords", _KEYWORDS).alias("keywords")),
    }
    dumped = [rows.withColumn("precedence", F.lit(precedence)) for precedence, rows in dumps.items()]
    words = F.array_sort(F.array_distinct(F.array_compact(F.col("keywords.name"))))
    return (
        reduce(DataFrame.unionByName, dumped, answered)
        .select(F.concat(F.lit("tmdb:"), "id").alias("source_title_id"), "precedence", words.alias("keywords"))
        .where(F.size("keywords") > 0)
    )


def list_credits(details: DataFrame, metadata: DataFrame, dump: DataFrame) -> DataFrame:
    """List whom TMDb credits with a movie, of the categories that matter.

    Args:
        details: bronze.tmdb_movie_details, all deliveries.
        metadata: bronze.tmdb_credits.
        dump: bronze.tmdb_5000_credits.

    Returns:
        ``source_title_id``, ``precedence`` (of the catalogue: IMDb has 0), ``person_id``, ``name``, ``category``,
        ``billing`` and ``character``; one row per movie, catalogue and mention.
    """
    parsed = F.from_json("credits", f"cast {_CAST}, crew {_CREW}")
    answers = newest_details(details, "credits").select("id", parsed.alias("credits"))
    told = answers.select("id", F.lit(1).alias("precedence"), "credits.cast", "credits.crew")
    literal = metadata.select(
        "id",
        F.lit(2).alias("precedence"),
        F.from_json(as_json("cast"), _CAST).alias("cast"),
        F.from_json(as_json("crew"), _CREW).alias("crew"),
    )
    dumped = dump.select(
        F.col("movie_id").alias("id"),
        F.lit(3).alias("precedence"),
        F.from_json("cast", _CAST).alias("cast"),
        F.from_json("crew", _CREW).alias("crew"),
    )
    cast, crew = F.transform("cast", _cast_credit), F.transform("crew", _crew_credit)
    return (
        told.unionByName(literal)
        .unionByName(dumped)
        .select("id", "precedence", F.explode(F.flatten(F.array_compact(F.array(cast, crew)))).alias("credit"))
        .where(F.col("credit.category").isNotNull() & F.col("credit.person_id").isNotNull())
        .select(F.concat(F.lit("tmdb:"), "id").alias("source_title_id"), "precedence", "credit.*")
    )


def _described(genre_names: Column | None = None) -> list[Column]:
    """What TMDb's details and its dumps say of a movie in the same columns; genres are JSON unless named."""
    names = F.from_json("genres", _NAMES)["name"] if genre_names is None else genre_names
    return [
        F.concat(F.lit("tmdb:"), "id").alias("source_title_id"),
        stated("title").alias("title"),
        stated("original_title").alias("original_title"),
        F.left("release_date", F.lit(4)).try_cast("int").alias("release_year"),
        stated("release_date").try_cast("date").alias("release_date"),
        stated("status").alias("release_status"),
        runtime("runtime"),
        genres(names),
        rating("vote_average", "vote_count").alias("rating"),
        F.col("popularity").try_cast("double").alias("popularity"),
        stated("original_language").alias("language"),
        stated("overview").alias("overview"),
    ]


def _poster() -> Column:
    """The name of a poster's file; null for all else, such as an address: it is optional, and costs no title its row."""
    path = stated("poster_path")
    return F.when(path.rlike(rf"^{POSTER_PATH}\z"), path).alias("poster_path")


def _adult() -> Column:
    """Null where TMDb does not say."""
    return (F.nullif(F.lower(F.trim("adult")), F.lit("")) == "true").alias("is_adult")


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
