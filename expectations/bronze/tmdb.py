"""Promises about TMDb's exports, API objects and the TMDb 5000 dump."""

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import ColumnMapExpectation

from expectations.suite import suite
from expectations.usual import Usual
from jobs.tables import Table, bronze

_MOVIE_ID = r"^\d{1,9}$"
_NUMBER = r"^-?\d+(\.\d+)?([eE][-+]?\d+)?$"
# Silver would read 2026-02-31 as no date at all, without a word.
_DATE = (
    r"^(\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))"
    r"|(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)?$"
)
_TITLE_ID = r"^(tt\d{7,10})?$"
# Silver would read a number that is too large for it, or a list that was cut, as nothing at all.
_WHOLE_NUMBER = r"^-?(\d{1,9}(\.\d+)?|\d(\.\d+)?[eE](\+?0?[0-8]|-\d+))$"
_JSON_LIST = r"^\s*\[[\s\S]*\]\s*$"
_JSON_OBJECT = r"^\s*\{[\s\S]*\}\s*$"
_FLAG = r"^(True|False)$"
_JSON_FLAG = r"^(true|false)$"

# One hand-edited object must not stop a night; a broken export breaks every row.
_TOLERATES = 0.02
# Exports grow: half of one gone is an export that was cut. Details have no limit: a night fetches as many as it may.
_USUAL = Usual(least=0.5)


def _matches(column: str, regex: str) -> gxe.ExpectColumnValuesToMatchRegex:
    return gxe.ExpectColumnValuesToMatchRegex(column=column, regex=regex)


def _dated(column: str) -> gxe.ExpectColumnValuesToMatchRegex:
    return gxe.ExpectColumnValuesToMatchRegex(
        column=column, regex=_DATE, description=f"`{column}` is a day of the calendar such as 1994-09-23, or empty"
    )


def _identified(column: str) -> tuple[gxe.ExpectColumnValuesToNotBeNull, gxe.ExpectColumnValuesToMatchRegex]:
    return gxe.ExpectColumnValuesToNotBeNull(column=column), _matches(column, _MOVIE_ID)


def _described() -> tuple[ColumnMapExpectation, ...]:
    """What all dumps of movies promise of a row."""
    return (
        *_identified("id"),
        gxe.ExpectColumnValuesToNotBeNull(column="title"),
        _matches("imdb_id", _TITLE_ID),
        _dated("release_date"),
        _matches("runtime", _WHOLE_NUMBER),
        _matches("popularity", _NUMBER),
        _matches("vote_average", _NUMBER),
        _matches("vote_count", _WHOLE_NUMBER),
    )


def _literals(table: Table) -> dict[str, str]:
    """What the reader promises of columns that hold Python literals."""
    return {
        f"{column.name}:not_literal": f"{column.name} is a list or dictionary of strings and numbers, as Python writes it"
        for column in table.columns
        if column.literal
    }


SUITES = {
    promised.of.name: promised
    for promised in (
        suite(
            bronze.TMDB_MOVIE_IDS,
            rows=(*_identified("id"), _matches("popularity", _NUMBER), _matches("adult", _JSON_FLAG)),
            tolerates=_TOLERATES,
            usual=_USUAL,
        ),
        suite(
            bronze.TMDB_MOVIE_DETAILS,
            rows=(
                *_identified("id"),
                gxe.ExpectColumnValuesToNotBeNull(column="title"),
                _matches("imdb_id", _TITLE_ID),
                _dated("release_date"),
                _matches("runtime", _WHOLE_NUMBER),
                _matches("genres", _JSON_LIST),
                _matches("keywords", _JSON_OBJECT),
                _matches("credits", _JSON_OBJECT),
                _matches("popularity", _NUMBER),
                _matches("vote_average", _NUMBER),
                _matches("vote_count", _WHOLE_NUMBER),
                _matches("adult", _JSON_FLAG),
            ),
            tolerates=_TOLERATES,
            usual=Usual(stops_at=None, nulls=("overview",)),
        ),
        suite(
            bronze.TMDB_5000_MOVIES,
            rows=(
                *_identified("id"),
                gxe.ExpectColumnValuesToNotBeNull(column="title"),
                _dated("release_date"),
                _matches("runtime", _WHOLE_NUMBER),
                _matches("genres", _JSON_LIST),
                _matches("keywords", _JSON_LIST),
                _matches("popularity", _NUMBER),
                _matches("vote_average", _NUMBER),
                _matches("vote_count", _WHOLE_NUMBER),
            ),
            tolerates=_TOLERATES,
            usual=_USUAL,
        ),
        suite(
            bronze.TMDB_5000_CREDITS,
            rows=(*_identified("movie_id"), _matches("cast", _JSON_LIST), _matches("crew", _JSON_LIST)),
            tolerates=_TOLERATES,
            usual=_USUAL,
        ),
        suite(
            bronze.TMDB_MOVIES_METADATA,
            rows=(*_described(), _matches("adult", _FLAG)),
            tolerates=_TOLERATES,
            usual=_USUAL,
            faults=_literals(bronze.TMDB_MOVIES_METADATA),
        ),
        suite(
            bronze.TMDB_KEYWORDS,
            rows=_identified("id"),
            tolerates=_TOLERATES,
            usual=_USUAL,
            faults=_literals(bronze.TMDB_KEYWORDS),
        ),
        suite(
            bronze.TMDB_CREDITS,
            rows=_identified("id"),
            tolerates=_TOLERATES,
            usual=_USUAL,
            faults=_literals(bronze.TMDB_CREDITS),
        ),
        suite(
            bronze.TMDB_MOVIE_DATASET,
            rows=(*_described(), _matches("adult", _FLAG)),
            tolerates=_TOLERATES,
            usual=_USUAL,
        ),
    )
}
