"""Promises about silver.titles."""

from datetime import date

import great_expectations.expectations as gxe

from expectations.silver.title_links import TITLE_ID
from expectations.suite import suite
from expectations.usual import Usual
from jobs.tables import silver

# The first film was shot in 1874; IMDb lists announced titles some years ahead.
YEAR_MIN, YEAR_MAX = 1874, 2035
# The longest film ever shown ran 51,420 minutes.
_RUNTIME_MAX_MINUTES = 60_000

SUITE = suite(
    silver.TITLES,
    rows=(
        gxe.ExpectColumnValuesToMatchRegex(column="title_id", regex=TITLE_ID),
        gxe.ExpectColumnValuesToMatchRegex(column="title", regex=r"\S"),
        # One camel-cased word; anything else is another column's value.
        gxe.ExpectColumnValuesToMatchRegex(column="title_type", regex=r"^[a-z][A-Za-z]+$"),
        gxe.ExpectColumnValuesToBeBetween(column="release_year", min_value=YEAR_MIN, max_value=YEAR_MAX),
        gxe.ExpectColumnValuesToBeBetween(
            column="release_date", min_value=date(YEAR_MIN, 1, 1), max_value=date(YEAR_MAX, 12, 31)
        ),
        # Words; anything else is another column's value.
        gxe.ExpectColumnValuesToMatchRegex(column="release_status", regex=r"^[A-Z][A-Za-z ]+$"),
        gxe.ExpectColumnValuesToBeBetween(column="end_year", min_value=YEAR_MIN, max_value=YEAR_MAX),
        gxe.ExpectColumnValuesToBeBetween(column="runtime_minutes", min_value=1, max_value=_RUNTIME_MAX_MINUTES),
        # Both IMDb and TMDb rate from 0 or 1 to 10.
        gxe.ExpectColumnValuesToBeBetween(column="average_rating", min_value=0, max_value=10),
        # An average has votes behind it.
        gxe.ExpectColumnValuesToBeBetween(column="vote_count", min_value=1),
        # TMDb's figure grows without bound from 0.
        gxe.ExpectColumnValuesToBeBetween(column="popularity", min_value=0),
        gxe.ExpectColumnValuesToMatchRegex(column="language", regex=r"^[a-z]{2}$"),
        # One file's name, as pages put it behind an address. Unlike $, \z passes over no line break at the end.
        gxe.ExpectColumnValuesToMatchRegex(column="poster_path", regex=rf"^{silver.POSTER_PATH}\z"),
    ),
    table=(
        gxe.ExpectTableRowCountToBeBetween(min_value=1, description="at least one row (was a catalogue delivered?)"),
    ),
    tolerates=0.01,  # a larger share of broken rows means a broken delivery: publish nothing
    # Catalogues grow: half of one gone is a dump that was cut, and no night may be built on it.
    usual=Usual(least=0.5, new_keys=True, nulls=("release_year", "genres")),
)
