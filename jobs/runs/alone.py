"""One night at a time on a home: a courtesy, for two of them only take the machine from one another.

Tables are safe without it: commits decide. So Airflow's tasks, and commands that run one job, do not ask. The lock is the
kernel's and ends with its process, however that ends.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.errors import JobError

_LOCK = "night.lock"


@contextmanager
def alone(home: Path, typed: str) -> Iterator[None]:
    """Hold the home for a night.

    Args:
        home: The home folder.
        typed: The command, to be told to whoever comes meanwhile.

    Raises:
        JobError: Another night runs here; names its process and what was typed.
    """
    home.mkdir(parents=True, exist_ok=True)
    place = home / _LOCK
    with place.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            who = place.read_text(encoding="utf-8").strip() or "another night"
            raise JobError(
                f"`{typed}` did not run: {who} runs on this home; wait until it has ended, or end it"
            ) from held
        place.write_text(f"process {os.getpid()}, `{typed}`,\n", encoding="utf-8")
        yield
