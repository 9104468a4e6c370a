"""What the fields of catalogues' files mean, where all of them write alike."""

from pyspark.sql import Column
from pyspark.sql import functions as F

# What other catalogues call IMDb's genres.
_IMDB_GENRES = {"Science Fiction": "Sci-Fi", "Children": "Family", "Children's": "Family"}
# A cinema's screen, a channel and "not from here" say nothing of what a title is like.
_NO_GENRES = ("(no genres listed)", "IMAX", "TV Movie", "Foreign")


def stated(column: str) -> Column:
    r"""What a catalogue states: null for IMDb's ``\N`` and for empty text."""
    text = F.trim(column)
    return F.when(~text.isin("", "\\N"), text)


def whole_number(column: str) -> Column:
    """A whole number that may be written as 162.0."""
    return F.col(column).try_cast("double").try_cast("int")


def runtime(minutes: str) -> Column:
    """Running time as ``runtime_minutes``; TMDb writes 0 for unknown."""
    return F.nullif(whole_number(minutes), F.lit(0)).alias("runtime_minutes")


def rating(average: str, votes: str) -> Column:
    """Average and votes as one attribute, led by the votes; TMDb writes 0 for what nobody rated."""
    count, mean = whole_number(votes), F.col(average).try_cast("double")
    return F.when((count > 0) & mean.isNotNull(), F.struct(count.alias("vote_count"), mean.alias("average_rating")))


def genres(names: Column) -> Column:
    """IMDb's names of genres as ``genres``, sorted; null if there are none."""
    pairs = [F.lit(word) for pair in _IMDB_GENRES.items() for word in pair]
    imdb_name = F.create_map(*pairs)
    harmonised = F.transform(F.array_compact(names), lambda name: F.coalesce(imdb_name[name], name))
    wanted = F.array_sort(F.array_except(harmonised, F.array(*map(F.lit, _NO_GENRES))))
    return F.when(F.size(wanted) > 0, wanted).alias("genres")


def spelling(title: str) -> Column:
    """Letters and digits of a title as ``spelling``, equal whatever their case and accents; null if it has none."""
    letters = F.regexp_replace(F.regexp_replace(title, "&", " and "), r"[^\p{L}\p{M}\p{N}]+", "")
    return F.collate(F.nullif(letters, F.lit("")), "UNICODE_CI_AI").alias("spelling")
