"""Promises about delivered event logs: who, what, which title and when are there and can be read."""

import great_expectations.expectations as gxe

from expectations.suite import suite
from expectations.usual import Usual
from jobs.tables import bronze

# Where a pattern ends with \\z a line break at the end is not passed over, as it is before a dollar.
SUITES = {
    bronze.INTERACTIONS.name: suite(
        bronze.INTERACTIONS,
        rows=(
            gxe.ExpectColumnValuesToNotBeNull(column="user_id"),
            # Printable, short enough to be an identifier, and without blanks around it, which nobody would see.
            gxe.ExpectColumnValuesToMatchRegex(
                column="user_id", regex=r"^[^\p{Z}\p{Cc}]([^\p{Cc}\p{Zl}\p{Zp}]{0,126}[^\p{Z}\p{Cc}])?\z"
            ),
            gxe.ExpectColumnValuesToMatchRegex(column="event_id", regex=r"^[^\p{Cc}]{0,256}\z"),
            gxe.ExpectColumnValuesToMatchRegex(column="source", regex=r"^[^\p{Cc}]{0,128}\z"),
            gxe.ExpectColumnValuesToNotBeNull(column="title_id"),
            gxe.ExpectColumnValuesToMatchRegex(column="title_id", regex=r"^(tt\d{7,10}|[a-z]+:\d{1,10})\z"),
            gxe.ExpectColumnValuesToNotBeNull(column="event_type"),
            gxe.ExpectColumnValuesToNotBeNull(column="occurred_at"),
            gxe.ExpectColumnValuesToMatchRegex(
                column="occurred_at",
                regex=r"^[12]\d{3}-[01]\d-[0-3]\d[T ][0-2]\d:[0-5]\d(:[0-6]\d(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?\z",
            ),
            gxe.ExpectColumnValuesToMatchRegex(column="value", regex=r"^-?\d+(\.\d+)?([eE][-+]?\d+)?\z"),
        ),
        tolerates=0.05,
        # A day may have twice as many as another: a premiere, a holiday. Half of them gone is a logger that fell silent.
        usual=Usual(stops_at=0.9, nulls=("value",), distinct=("user_id",)),
    )
}
