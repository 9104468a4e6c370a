"""How the jobs of a night end, and who is told."""

from dataclasses import dataclass
from typing import Protocol

from jobs.errors import JobError
from jobs.lakehouse.outcome import Outcome

SESSION = "start"
"""What a watcher is told of the start of the Spark session, as if it were a job."""


@dataclass(frozen=True)
class Ended:
    """How one job of a night ended."""

    job: str
    outcomes: tuple[Outcome, ...] = ()
    """One per table; empty for a job that was not done."""
    error: JobError | None = None
    """Why it was not done."""
    waits_for: tuple[str, ...] = ()
    """The failed jobs because of which it could not run."""

    @property
    def is_done(self) -> bool:
        """Whether it did what there was to do."""
        return self.error is None and not self.waits_for


class Watcher(Protocol):
    """Is told what happens in a night, in the thread that runs the night or in that of a job."""

    def start(self, job: str) -> None:
        """A job begins."""

    def tell(self, job: str, step: str) -> None:
        """A job that takes long begins with another of its steps."""

    def end(self, ended: Ended) -> None:
        """A job has ended, failed, or could not run."""
