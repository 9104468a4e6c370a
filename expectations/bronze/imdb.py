"""Promises about the IMDb dumps: the text is what IMDb documents, so that silver can type it."""

import great_expectations.expectations as gxe

from expectations.suite import suite
from expectations.usual import Usual
from jobs.tables import bronze

_TITLE_ID = r"^tt\d{7,10}$"
_NAME_ID = r"^nm\d{7,10}$"
_YEAR = r"^(\\N|\d{4})$"
# People of antiquity are credited as writers: their years have fewer digits.
_LIFE_YEAR = r"^(\\N|\d{1,4})$"
_WHOLE_NUMBER = r"^\d{1,9}$"
_OPTIONAL_NUMBER = r"^(\\N|\d{1,9})$"
_FLAG = r"^(\\N|0|1)$"
# Silver would read a list that was cut as none.
_TEXTS = r'^(\\N|\[\s*("[\s\S]*")?\s*\])$'
_NAME_IDS = r"^(\\N|nm\d{7,10}(,nm\d{7,10})*)$"

# IMDb's dumps hold a few rows a million with shifted columns; more means a broken delivery.
_TOLERATES = 0.01
# The dumps grow: half of one gone is a dump that was cut.
_USUAL = Usual(least=0.5)


def _matches(column: str, regex: str) -> gxe.ExpectColumnValuesToMatchRegex:
    return gxe.ExpectColumnValuesToMatchRegex(column=column, regex=regex)


def _not_null(column: str) -> gxe.ExpectColumnValuesToNotBeNull:
    return gxe.ExpectColumnValuesToNotBeNull(column=column)


SUITES = {
    promised.of.name: promised
    for promised in (
        suite(
            bronze.IMDB_TITLE_BASICS,
            rows=(
                _not_null("tconst"),
                _matches("tconst", _TITLE_ID),
                _not_null("primaryTitle"),
                _matches("isAdult", _FLAG),
                _matches("startYear", _YEAR),
                _matches("endYear", _YEAR),
                _matches("runtimeMinutes", _OPTIONAL_NUMBER),
            ),
            tolerates=_TOLERATES,
            usual=_USUAL,
        ),
        suite(
            bronze.IMDB_TITLE_RATINGS,
            rows=(
                _not_null("tconst"),
                _matches("tconst", _TITLE_ID),
                _matches("averageRating", r"^(\d|10)(\.\d+)?$"),
                _matches("numVotes", _WHOLE_NUMBER),
            ),
            tolerates=_TOLERATES,
            usual=_USUAL,
        ),
        suite(
            bronze.IMDB_TITLE_PRINCIPALS,
            rows=(
                _not_null("tconst"),
                _matches("tconst", _TITLE_ID),
                _matches("ordering", _WHOLE_NUMBER),
                _not_null("nconst"),
                _matches("nconst", _NAME_ID),
                _not_null("category"),
                _matches("characters", _TEXTS),
            ),
            tolerates=_TOLERATES,
            usual=_USUAL,
        ),
        suite(
            bronze.IMDB_TITLE_CREW,
            rows=(
                _not_null("tconst"),
                _matches("tconst", _TITLE_ID),
                _matches("directors", _NAME_IDS),
                _matches("writers", _NAME_IDS),
            ),
            tolerates=_TOLERATES,
            usual=_USUAL,
        ),
        suite(
            bronze.IMDB_TITLE_AKAS,
            rows=(
                _not_null("titleId"),
                _matches("titleId", _TITLE_ID),
                _matches("ordering", _WHOLE_NUMBER),
                _not_null("title"),
                _matches("isOriginalTitle", _FLAG),
            ),
            tolerates=_TOLERATES,
            usual=_USUAL,
        ),
        suite(
            bronze.IMDB_TITLE_EPISODE,
            rows=(
                _not_null("tconst"),
                _matches("tconst", _TITLE_ID),
                _not_null("parentTconst"),
                _matches("parentTconst", _TITLE_ID),
                _matches("seasonNumber", _OPTIONAL_NUMBER),
                _matches("episodeNumber", _OPTIONAL_NUMBER),
            ),
            tolerates=_TOLERATES,
            usual=_USUAL,
        ),
        suite(
            bronze.IMDB_NAME_BASICS,
            rows=(
                _not_null("nconst"),
                _matches("nconst", _NAME_ID),
                _not_null("primaryName"),
                _matches("birthYear", _LIFE_YEAR),
                _matches("deathYear", _LIFE_YEAR),
            ),
            tolerates=_TOLERATES,
            usual=_USUAL,
        ),
    )
}
