"""The jobs of a night while they run: a live table on a terminal, otherwise a line an outcome."""

import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.live import Live
from rich.table import Table as Grid

from jobs.cli import display
from jobs.tables import job_inputs

if TYPE_CHECKING:
    from jobs.lakehouse.lake import Outcome

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
        self._console = display.console()
        self._live = Live(get_renderable=self._render, console=self._console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for step in self.steps:
            if step.state == "running":
                # Another job failed, and this one was let end: what it published counts, and nobody waits for the rest.
                self._end(step, "ended" if kind is None else "failed")
        if self._console.is_terminal:
            self._live.stop()
            self._console.print(self._render())

    def start(self, job: str) -> None:
        """A job begins."""
        step = self._step(job)
        step.began = time.monotonic()
        step.state = "running"

    def end(self, job: str, outcomes: list["Outcome"]) -> None:
        """A job has ended with these outcomes."""
        step = self._step(job)
        step.outcomes += outcomes
        self._end(step, ", ".join(dict.fromkeys(outcome.state for outcome in outcomes)))
        if not self._console.is_terminal:
            for outcome in outcomes:
                display.say(_line(outcome))

    def _step(self, job: str) -> Step:
        return next(step for step in self.steps if step.name == job)

    def _end(self, step: Step, state: str) -> None:
        step.state = state
        step.seconds = time.monotonic() - step.began

    def _render(self) -> Grid:
        grid = display.grid("job", "state", "rows", "set aside", "seconds", "", right=("rows", "set aside", "seconds"))
        for step in self.steps:
            rows = [outcome.rows for outcome in step.outcomes if outcome.rows is not None]
            aside = sum(outcome.set_aside for outcome in step.outcomes)
            seconds = time.monotonic() - step.began if step.state == "running" else step.seconds
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
