"""Spark's daemon of Python workers, which ends when it has had nothing to do for a while.

The server starts one for every session that runs Python, and by itself keeps it for good: 40 MB more with each job. It
starts another when it finds that one has ended.
"""

import os
import signal
import sys
from types import FrameType

from pyspark.daemon import manager

_LOOK_EVERY = 120
"""Seconds. Spark ends workers that were idle for a minute."""


def _end_if_idle(_: int, __: FrameType | None) -> None:
    """End this process if it has no workers, else look again later."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        sys.exit(0)  # the manager tidies up
    signal.alarm(_LOOK_EVERY)


def main() -> None:
    """Start workers when asked; as ``python -m pyspark.daemon``."""
    signal.signal(signal.SIGALRM, _end_if_idle)
    signal.alarm(_LOOK_EVERY)  # workers, which are forked, do not inherit it
    manager()


if __name__ == "__main__":
    main()
