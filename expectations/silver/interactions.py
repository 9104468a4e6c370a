"""Promises about silver.interactions."""

from datetime import datetime

import great_expectations.expectations as gxe

from expectations.suite import Reference, suite
from jobs.tables import silver

EVENT_TYPES = ("view", "complete", "rating", "like", "dislike", "watchlist", "dismiss")
RATING_MIN, RATING_MAX = 0.0, 10.0
EARLIEST = datetime(1995, 1, 1)  # noqa: DTZ001 - compared with Spark's UTC timestamps
"""No public set holds an older event: an earlier time is a clock that was never set."""

SUITE = suite(
    silver.INTERACTIONS,
    rows=(
        gxe.ExpectColumnValuesToBeInSet(column="event_type", value_set=list(EVENT_TYPES)),
        gxe.ExpectColumnValuesToBeBetween(column="value", min_value=RATING_MIN, max_value=RATING_MAX),
        gxe.ExpectColumnValuesToBeBetween(column="occurred_at", min_value=EARLIEST),
    ),
    table=(
        gxe.ExpectTableRowCountToBeBetween(
            min_value=1,
            description="at least one event of a known title (were an event log and a catalogue delivered?)",
        ),
    ),
    references=(Reference(("title_id",), silver.TITLES, parks=True),),
    tolerates=0.05,
)
