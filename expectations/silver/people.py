"""Promises about silver.people."""

import great_expectations.expectations as gxe

from expectations.suite import suite
from expectations.usual import Usual
from jobs.tables import silver

PERSON_ID = r"^(nm\d{7,10}|tmdb:\d{1,10})$"
"""IMDb's name identifiers have 7 or 8 digits today, TMDb's up to 7."""

# IMDb credits the writers of antiquity; nobody is credited before being born.
_YEAR_MIN, _YEAR_MAX = 1, 2035

SUITE = suite(
    silver.PEOPLE,
    rows=(
        gxe.ExpectColumnValuesToMatchRegex(column="person_id", regex=PERSON_ID),
        gxe.ExpectColumnValuesToMatchRegex(column="name", regex=r"\S"),
        gxe.ExpectColumnValuesToBeBetween(column="birth_year", min_value=_YEAR_MIN, max_value=_YEAR_MAX),
        gxe.ExpectColumnValuesToBeBetween(column="death_year", min_value=_YEAR_MIN, max_value=_YEAR_MAX),
    ),
    tolerates=0.01,  # dumps hold a few rows a million with shifted columns; more means a broken delivery
    # Catalogues grow: half of one gone is a dump that was cut, and no night may be built on it.
    usual=Usual(least=0.5),
)
