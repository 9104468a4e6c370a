"""Promises about delivered event logs: who, what, which title and when are there and can be read."""

import great_expectations.expectations as gxe

from expectations.suite import suite
from expectations.usual import Usual
from jobs.tables import bronze

SUITES = {
    bronze.INTERACTIONS.name: suite(
        bronze.INTERACTIONS,
        rows=(
            gxe.ExpectColumnValuesToNotBeNull(column="user_id"),
            # Printable, and short enough to be an identifier.
            gxe.ExpectColumnValuesToMatchRegex(column="user_id", regex=r"^[^\p{Cntrl}]{1,128}$"),
            gxe.ExpectColumnValuesToNotBeNull(column="title_id"),
            gxe.ExpectColumnValuesToMatchRegex(column="title_id", regex=r"^(tt\d{7,10}|[a-z]+:\d{1,10})$"),
            gxe.ExpectColumnValuesToNotBeNull(column="event_type"),
            gxe.ExpectColumnValuesToNotBeNull(column="occurred_at"),
            gxe.ExpectColumnValuesToMatchRegex(
                column="occurred_at",
                regex=r"^\d{4}-[01]\d-[0-3]\d[T ][0-2]\d:[0-5]\d(:[0-6]\d(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?$",
            ),
            gxe.ExpectColumnValuesToMatchRegex(column="value", regex=r"^-?\d+(\.\d+)?([eE][-+]?\d+)?$"),
        ),
        tolerates=0.05,
        # A day may have twice as many as another: a premiere, a holiday. Half of them gone is a logger that fell silent.
        usual=Usual(stops_at=0.9, nulls=("value",), distinct=("user_id",)),
    )
}
