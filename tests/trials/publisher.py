"""Publish a few rows in a process of its own, and die after a given step of the door.

``python -m tests.trials.publisher NIGHT PREFIX [STEP]``: the publication of NIGHT has rows named with PREFIX; the process kills
itself when STEP is done.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

import great_expectations.expectations as gxe

from expectations.suite import suite
from jobs.lakehouse import lake, staging
from jobs.lakehouse.audit import mark
from jobs.lakehouse.spark import session
from jobs.settings import Settings
from jobs.tables import silver
from tests.rows import rows_of

TABLE = silver.PREFERENCES
"""Any current table would do; its own suite is not needed here."""
SUITE = suite(TABLE, rows=(gxe.ExpectColumnValuesToBeBetween(column="weight", min_value=0.0),), tolerates=0.5)
STEPS = {"mark": mark, "write": staging, "commit": lake}
"""After which a process may die: when Spark knows what is broken, has written files, and they are a version of the table."""


def deadly(step: Callable[..., Any]) -> Callable[..., Any]:
    def run(*arguments: Any, **named: Any) -> Any:
        step(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    return run


def main(night: date, prefix: str, last: str = "") -> None:
    """Publish three rows and a broken one; die after the given step."""
    if last:
        setattr(STEPS[last], last, deadly(getattr(STEPS[last], last)))
    settings = Settings()
    door = lake.Lake(session(settings), settings, run=prefix)
    rows = [
        {"user_id": f"{prefix}{n}", "title_id": "t", "weight": -1.0 if n == 3 else 1.0, "event_count": 1}
        for n in range(4)
    ]
    door.publish(rows_of(door.spark, TABLE, rows), SUITE, night)


if __name__ == "__main__":
    main(date.fromisoformat(sys.argv[1]), *sys.argv[2:])
