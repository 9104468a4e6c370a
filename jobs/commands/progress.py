"""The jobs of a night while they run: a live table on a terminal, otherwise a line an outcome."""

import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.live import Live
from rich.table import Table as Grid

from jobs import display
from jobs.tables import job_inputs

if TYPE_CHECKING:
    from jobs.lake import Outcome

_STYLES = {
    "published": "green",
    "unchanged": "",
    "superseded": "",
    "stale": "yellow",
    "failed": "red",
    "running": "bold",
}


@dataclass
class Step:
    """One job of a night, or what comes before the first."""

    name: str
    state: str = ""
    """Empty: has not begun."""
    outcomes: list["Outcome"] = field(default_factory=list)
    began: float = 0.0
    seconds: float = 0.0


class Progress:
    """Follows jobs and shows them; a context manager.

    Args:
        start_seconds: How long the session took to start.
        jobs: The jobs in order; all of a night unless given.
    """

    def __init__(self, start_seconds: float, jobs: tuple[str, ...] | None = None) -> None:
        self.steps = [Step("start", "done", seconds=start_seconds)]
        self.steps += [Step(name) for name in (job_inputs() if jobs is None else jobs)]
        self._running: Step | None = None
        self._console = display.console()
        self._live = Live(get_renderable=self._render, console=self._console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end("done")
        if self._console.is_terminal:
            self._live.stop()
            self._console.print(self._render())

    def start(self, job: str) -> None:
        """A job begins; the one before has ended."""
        self._end("done")
        self._running = next(step for step in self.steps if step.name == job)
        self._running.state = "running"
        self._running.began = time.monotonic()

    def add(self, outcome: "Outcome") -> None:
        """An outcome of the job that runs."""
        if self._running:
            self._running.outcomes.append(outcome)
        if not self._console.is_terminal:
            display.say(_line(outcome))

    def fail(self) -> None:
        """The job that runs was not done."""
        self._end("failed")

    def _end(self, state: str) -> None:
        if self._running:
            states = list(dict.fromkeys(outcome.state for outcome in self._running.outcomes))
            self._running.state = state if state == "failed" else ", ".join(states) or state
            self._running.seconds = time.monotonic() - self._running.began
        self._running = None

    def _render(self) -> Grid:
        grid = display.grid("job", "state", "rows", "set aside", "seconds", "", right=("rows", "set aside", "seconds"))
        for step in self.steps:
            rows = [outcome.rows for outcome in step.outcomes if outcome.rows is not None]
            aside = sum(outcome.set_aside for outcome in step.outcomes)
            seconds = time.monotonic() - step.began if step is self._running else step.seconds
            grid.add_row(
                step.name,
                display.plain(step.state, _STYLES.get(step.state, "")),
                display.count(sum(rows)) if rows else "",
                display.count(aside) if aside else "",
                f"{seconds:.1f}" if step.state else "",
                display.plain("; ".join(dict.fromkeys(o.note for o in step.outcomes if o.note)), "dim"),
                style="" if step.state else "dim",
            )
        return grid


def _line(outcome: "Outcome") -> str:
    """An outcome on one line, for a log."""
    parts = [
        outcome.state,
        outcome.name,
        f"version {outcome.version}" if outcome.version is not None else "",
        f"{outcome.rows:,} rows" if outcome.rows is not None else "",
        f"{outcome.set_aside:,} set aside" if outcome.set_aside else "",
        f"{outcome.seconds:.1f} s",
        outcome.note,
    ]
    return "  ".join(part for part in parts if part)
