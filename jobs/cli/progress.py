"""The jobs of a night while they run: a live table on a terminal, otherwise a line per outcome, and per step of long jobs."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.live import Live
from rich.table import Table as Grid

from jobs.cli import display
from jobs.lakehouse.outcome import Outcome
from jobs.runs.ended import SESSION, Ended
from jobs.tables import job_inputs

_STYLES = {
    "published": "green",
    "kept": "yellow",
    "unchanged": "",
    "superseded": "",
    "stale": "yellow",
    "failed": "red",
    "not run": "yellow",
    "stopped": "yellow",
    "running": "bold",
}


@dataclass
class Step:
    """One job of a night, or what comes before the first."""

    name: str
    state: str = ""
    """Empty: has not begun."""
    outcomes: list[Outcome] = field(default_factory=list)
    began: float = 0.0
    seconds: float = 0.0
    note: str = ""


class Progress:
    """Follows jobs and shows them; a context manager.

    Args:
        jobs: The jobs in order; all of a night unless given.
    """

    def __init__(self, jobs: tuple[str, ...] | None = None) -> None:
        self.steps = [Step(name) for name in (SESSION, *(job_inputs() if jobs is None else jobs))]
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
                self._end(step, "failed" if kind is None or issubclass(kind, Exception) else "stopped")
        if self._console.is_terminal:
            self._live.stop()
            self._console.print(self._render())

    def start(self, job: str) -> None:
        """A job begins."""
        step = self._step(job)
        step.began = time.monotonic()
        step.state = "running"

    def tell(self, job: str, step: str) -> None:
        """A job that takes long begins with another of its steps."""
        self._step(job).note = step
        if not self._console.is_terminal:
            display.warn(f"running  {job}  {step}")

    def end(self, ended: Ended) -> None:
        """A job has ended, failed, or could not run."""
        step = self._step(ended.job)
        step.note = ""
        step.outcomes += ended.outcomes
        if ended.waits_for:
            step.state, step.note = "not run", f"waits for {display.listing(ended.waits_for)}"
        elif ended.error:
            self._end(step, "failed")
        else:
            self._end(step, ", ".join(dict.fromkeys(outcome.state for outcome in ended.outcomes)) or "done")
        if not self._console.is_terminal:
            for line in _lines(step):
                display.say(line)

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
            notes = [step.note, *(outcome.note for outcome in step.outcomes)]
            seconds = time.monotonic() - step.began if step.state == "running" else step.seconds
            grid.add_row(
                step.name,
                display.plain(step.state, _STYLES.get(step.state, "")),
                display.count(sum(rows)) if rows else "",
                display.count(aside) if aside else "",
                f"{seconds:.1f}" if step.began else "",
                display.plain("; ".join(dict.fromkeys(filter(None, notes))), "dim"),
                style="" if step.state else "dim",
            )
        return grid


def _lines(step: Step) -> Iterator[str]:
    """A job that has ended, for a log: a line per outcome."""
    if step.name == SESSION:
        return
    yield from map(_line, step.outcomes)
    if not step.outcomes:
        yield "  ".join(filter(None, (step.state, step.name, f"{step.seconds:.1f} s" if step.began else "", step.note)))


def _line(outcome: Outcome) -> str:
    """An outcome on one line."""
    parts = [
        outcome.state,
        outcome.name,
        f"version {outcome.version}" if outcome.version is not None else "",
        f"{outcome.rows:,} rows" if outcome.rows is not None else "",
        f"{outcome.set_aside:,} set aside" if outcome.set_aside else "",
        f"{outcome.parked:,} parked" if outcome.parked else "",
        f"{outcome.seconds:.1f} s",
        outcome.note,
    ]
    return "  ".join(part for part in parts if part)
