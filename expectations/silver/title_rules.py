"""Promises about block and boost lists under conformed names."""

import great_expectations.expectations as gxe

from expectations.silver.title_links import TITLE_ID
from expectations.suite import Reference, suite
from expectations.usual import Usual
from jobs.tables import silver

SUITE = suite(
    silver.TITLE_RULES,
    rows=(
        gxe.ExpectColumnValuesToBeInSet(column="rule", value_set=["block", "boost"]),
        gxe.ExpectColumnValuesToMatchRegex(column="title_id", regex=TITLE_ID),
        gxe.ExpectColumnValuesToBeBetween(column="boost", min_value=-1.0, max_value=1.0),
    ),
    table=(
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="SELECT * FROM {batch} WHERE (rule = 'boost') <> (boost IS NOT NULL)",
            description="a boost says how much, a block does not",
        ),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="SELECT * FROM {batch} WHERE until_date < from_date",
            description="no rule ends before it begins",
        ),
    ),
    # A rule about a title that nobody lists can wait.
    references=(Reference(("title_id",), silver.TITLES, parks=True),),
    faults={"title_id:twice": "a title stands on a list once for a night, whatever its names"},
    # The lists were held against their promises as they were delivered: what is broken here is two names of one title.
    tolerates=1.0,
    usual=Usual(stops_at=None),  # as many as people want
)
