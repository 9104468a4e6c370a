"""Promises about silver.title_links."""

import great_expectations.expectations as gxe

from expectations.suite import suite
from expectations.usual import Usual
from jobs.tables import silver

TITLE_ID = r"^(tt\d{7,10}|(tmdb|movielens):\d{1,10})$"
"""IMDb's numbers have 7 or 8 digits today, TMDb's and MovieLens's up to 7."""

SUITE = suite(
    silver.TITLE_LINKS,
    rows=(
        gxe.ExpectColumnValuesToMatchRegex(column="source_title_id", regex=TITLE_ID),
        gxe.ExpectColumnValuesToBeInSet(column="source", value_set=["imdb", "tmdb", "movielens", "movietweetings"]),
        gxe.ExpectColumnValuesToMatchRegex(column="title_id", regex=TITLE_ID),
        gxe.ExpectColumnValuesToBeInSet(column="matched_by", value_set=["same", "link", "title_year"]),
    ),
    table=(
        gxe.ExpectTableRowCountToBeBetween(min_value=1, description="at least one row (was a catalogue delivered?)"),
    ),
    # A link someone typed by hand must not stop a night; a broken catalogue breaks most rows.
    tolerates=0.01,
    # Catalogues grow: half of one gone is a dump that was cut, and no night may be built on it.
    usual=Usual(least=0.5),
)
