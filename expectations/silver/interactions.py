"""Promises about silver.interactions."""

from datetime import datetime, timedelta

import great_expectations.expectations as gxe

from expectations.suite import PARKED, Reference, suite
from expectations.usual import Usual
from jobs.tables import gold, silver

EVENT_TYPES = ("view", "complete", "rating", "like", "dislike", "watchlist", "dismiss")
RATING_MIN, RATING_MAX = 0.0, 10.0
EARLIEST = datetime(1995, 1, 1)  # noqa: DTZ001 - compared with Spark's UTC timestamps
"""No public set holds an older event: an earlier time is a clock that was never set."""
CLOCK_TOLERANCE = timedelta(hours=1)
"""How far a logger's clock may run ahead of the end of its delivery's night: what happened later is from the future."""
TOO_MANY = f"{PARKED}user_id:too_many"
"""Reason of the events of a viewer's day that has more of them than a person's: a bot's must not stop everybody's table."""

SUITE = suite(
    silver.INTERACTIONS,
    rows=(
        # Whose list is for everybody of whom nothing is known.
        gxe.ExpectColumnValuesToNotBeInSet(column="user_id", value_set=[gold.EVERYBODY_ELSE]),
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
    faults={
        "event_id:conflict": "an event says the same whenever it is delivered; what was delivered first counts",
        "occurred_at:after_delivery": "`occurred_at` is not later than an hour after the day of the delivery",
        "occurred_at:too_late": "`occurred_at` is at most `REELHOUSE_LATENESS_DAYS` before the day of the delivery, unless that "
        "is the oldest or the source one of `REELHOUSE_HISTORY_SOURCES`",
        "value:missing": "a rating has a `value`",
        TOO_MANY: "a viewer has at most `REELHOUSE_VIEWER_EVENTS_PER_DAY` events on a day, else all of them wait",
    },
    tolerates=0.05,
    # Some events wait for their titles; if most do, the catalogue they belong to was not delivered.
    parked_at_most=0.5,
    # History grows: half of it gone is a delivery that went missing or a catalogue that was cut.
    usual=Usual(least=0.5, distinct=("user_id", "title_id")),
)
