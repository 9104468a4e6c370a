"""Publish a few rows in a process of its own, and die after a given step of the door.

``python -m tests.trials.publisher NIGHT PREFIX STEP``: the publication of NIGHT has rows named with PREFIX; the process kills
itself when STEP steps are done, or prints how many there were.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

import great_expectations.expectations as gxe

from expectations.suite import suite
from jobs.lakehouse import commit, lake, quarantine, staging
from jobs.lakehouse.audit import counts, mark, pages
from jobs.lakehouse.spark import session
from jobs.settings import Settings
from jobs.tables import silver
from tests.rows import rows_of

TABLE = silver.PREFERENCES
"""Any current table would do; its own suite is not needed here."""
SUITE = suite(TABLE, rows=(gxe.ExpectColumnValuesToBeBetween(column="weight", min_value=0.0),), tolerates=0.5)
STEPS: tuple[tuple[Any, str], ...] = (
    (quarantine, "settle"),
    (mark, "mark"),
    (staging, "write"),
    (staging, "staged_files"),
    (counts, "count"),
    (lake, "judge_rows"),
    (lake, "judge_whole"),
    (pages, "write_page"),
    (commit, "move_into"),
    (lake, "move_files"),
    (lake, "open_or_create"),
    (lake, "commit"),
    (quarantine, "replace"),
    (lake, "remove"),
)


def main(night: date, prefix: str, last: int) -> None:
    """Publish three rows and a broken one; die after the given step."""
    done = 0

    def counted(step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            nonlocal done
            result = step(*arguments, **named)
            done += 1
            if done == last:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return run

    for module, name in STEPS:
        setattr(module, name, counted(getattr(module, name)))
    settings = Settings()
    door = lake.Lake(session(settings), settings, run=prefix)
    rows = [
        {"user_id": f"{prefix}{n}", "title_id": "t", "weight": -1.0 if n == 3 else 1.0, "event_count": 1}
        for n in range(4)
    ]
    door.publish(rows_of(door.spark, TABLE, rows), SUITE, night)
    sys.stdout.write(f"{done} steps\n")


if __name__ == "__main__":
    main(date.fromisoformat(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
