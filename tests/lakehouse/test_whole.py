"""Promises about a table as a whole: what they ask of other tables, and what a person may overrule."""

import great_expectations.expectations as gxe
import pytest
from pyspark.sql import functions as F

from expectations.suite import suite
from jobs.errors import JobError
from jobs.lakehouse.lake import Lake
from jobs.tables import Column, Table
from tests.lakehouse.test_publications import JANUARY, LATER, NIGHT, SUITE, VISITS, entry_of, visits
from tests.rows import rows_of


def test_a_promise_asks_another_table_at_the_version_that_was_read(lake: Lake) -> None:
    lake.publish(visits(lake, *((name, 1.0, JANUARY) for name in "abc")), SUITE, NIGHT)
    shown = Table(
        name="gold.shown_visits",
        grain="One row per visit that is shown.",
        owner="viewing",
        key=("visit_id",),
        inputs=(VISITS,),
        columns=(Column("visit_id", "string", "The visit.", nullable=False),),
    )
    missing = gxe.UnexpectedRowsExpectation(
        unexpected_rows_query="SELECT visit_id FROM {visits} ANTI JOIN {batch} USING (visit_id) WHERE {night} = '2026-03-01'",
        description="all are shown",
    )
    covering = suite(shown, table=(missing,), once={"visits": "SELECT visit_id FROM silver.visits"})
    lake.read(VISITS, NIGHT)
    lake.publish(visits(lake, ("later", 1.0, JANUARY)), SUITE, LATER)

    with pytest.raises(JobError, match=r"all are shown: does not hold, 2 rows break it \(e\.g\. {\"visit_id\":\"b\"}"):
        lake.publish(rows_of(lake.spark, shown, [{"visit_id": "a"}]), covering, NIGHT)
    counted = lake.count(rows_of(lake.spark, shown, [{"visit_id": name} for name in "abc"]), all_shown=F.count("*"))
    outcome = lake.publish(counted, covering, NIGHT)

    entry = entry_of(lake, shown)
    assert (entry.inputs, entry.counts, outcome.note) == ({"silver.visits": 1}, {"all_shown": 3}, "all shown 3")
