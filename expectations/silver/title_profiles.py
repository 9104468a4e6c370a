"""Promises about silver.title_profiles."""

import great_expectations.expectations as gxe

from expectations.silver.title_links import TITLE_ID
from expectations.silver.titles import YEAR_MAX, YEAR_MIN
from expectations.suite import Reference, suite
from expectations.usual import Usual
from jobs.tables import silver

LEADING_CAST = 5
"""Names that a profile gives of a title's cast: those a viewer may come for."""

SUITE = suite(
    silver.TITLE_PROFILES,
    rows=(
        gxe.ExpectColumnValuesToMatchRegex(column="title_id", regex=TITLE_ID),
        gxe.ExpectColumnValuesToMatchRegex(column="overview", regex=r"\S"),
        # Decades of the years that silver.titles may hold.
        gxe.ExpectColumnValuesToBeInSet(column="decade", value_set=list(range(YEAR_MIN // 10 * 10, YEAR_MAX, 10))),
    ),
    table=(
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=f"SELECT title_id FROM {{batch}} WHERE SIZE(leading_cast) > {LEADING_CAST}",  # noqa: S608
            description=f"leading_cast has at most {LEADING_CAST} names",
        ),
    ),
    references=(Reference(("title_id",), silver.TITLES),),
    usual=Usual(least=0.5),  # as silver.titles
)
