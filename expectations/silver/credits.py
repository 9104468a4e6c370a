"""Promises about silver.credits."""

import great_expectations.expectations as gxe

from expectations.silver.people import PERSON_ID
from expectations.silver.title_links import TITLE_ID
from expectations.suite import Reference, suite
from expectations.usual import Usual
from jobs.tables import silver

# IMDb's categories; TMDb's jobs are put under them.
_CATEGORIES = (
    *("actor", "actress", "self", "archive_footage", "archive_sound"),
    *("director", "writer", "producer", "cinematographer", "composer", "editor"),
    *("production_designer", "casting_director"),
)

SUITE = suite(
    silver.CREDITS,
    rows=(
        gxe.ExpectColumnValuesToMatchRegex(column="title_id", regex=TITLE_ID),
        gxe.ExpectColumnValuesToMatchRegex(column="person_id", regex=PERSON_ID),
        gxe.ExpectColumnValuesToBeInSet(column="category", value_set=list(_CATEGORIES)),
        # From 1; the longest casts have some hundreds, crews of series some thousands.
        gxe.ExpectColumnValuesToBeBetween(column="billing", min_value=1, max_value=100_000),
    ),
    # Dumps are cut at different times: a credit waits for its title and for its person. Without a limit: who delivers a
    # part of name.basics has most credits wait, and nothing that is served needs them.
    references=(
        Reference(("title_id",), silver.TITLES, parks=True),
        Reference(("person_id",), silver.PEOPLE, parks=True),
    ),
    tolerates=0.01,
    # Catalogues grow: half of one gone is a dump that was cut, and no night may be built on it.
    usual=Usual(least=0.5),
)
