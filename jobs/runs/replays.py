"""Make again what has rows in quarantine, under today's rules, and then everything that is made from it.

A delivery is read from landing again although the lake holds it as it is; a table of silver or gold is made again although
nothing says so. What comes out as it was is not published, so nothing behind it is made again: replaying twice is replaying
once, and a replay that was killed goes on where it stopped.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from jobs.errors import JobError
from jobs.lakehouse import ledger
from jobs.landing.deliveries import deliveries, files_of
from jobs.runs.imports import load
from jobs.runs.night import run_jobs
from jobs.runs.resets import made_from
from jobs.settings import Settings
from jobs.tables import NODES, SOURCES, Model, Node, Table, job_inputs, job_of, nodes_of

if TYPE_CHECKING:
    from jobs.runs.ended import Ended, Watcher
    from jobs.runs.job import Sessions


@dataclass(frozen=True)
class Replay:
    """What a replay does."""

    night: date
    """The night that it is made as of: the latest that anything it concerns carries."""
    jobs: tuple[str, ...]
    """The job that was named, then those of everything made from it that was published, inputs first."""
    again: Mapping[str, Collection[date]]
    """Tables that are made again although nothing says so; of bronze, with the deliveries to be read again."""
    rows: Mapping[str, int]
    """Rows in quarantine of each of these tables."""
    stays: tuple[str, ...] = ()
    """What cannot be read again, and why, in words."""


def plan(settings: Settings, job: str, *, of_all: bool = False) -> Replay:
    """Find out what a replay does; nothing is changed.

    Args:
        settings: Where everything is.
        job: Name of a table or a source.
        of_all: Whether deliveries without rows in quarantine are read again too: a stricter rule may break some of theirs.

    Raises:
        JobError: It has no rows in quarantine by nature, or nothing of it was published or delivered.
    """
    named = [node for node in nodes_of(job) if isinstance(node, Table)]
    if not named:
        raise JobError(f"{job} was not replayed: a model has no rows in quarantine; name a table or a source")
    behind = [node for node in made_from(named) if _is_there(settings, node)]
    tables = [node for node in (*named, *behind) if isinstance(node, Table)]
    entries = [entry for table in tables if (entry := ledger.latest(settings.lake, table))]
    counts = load("jobs.lakehouse.quarantine").counts_by_part
    found = {table.name: counts(settings.lake, table) for table in named}
    if not entries and not any(found.values()):
        raise JobError(f"{job} was not replayed: nothing of it was published yet; run `reelhouse night`")
    rows = {name: sum(sum(states.values()) for states in parts.values()) for name, parts in found.items()}
    again, stays = dict[str, Collection[date]](), list[str]()
    for table in named:
        if table.layer == "bronze":
            days, left = _deliveries_to_read(settings, table, found[table.name], of_all=of_all)
            stays += left
            if days:
                again[table.name] = days
        else:
            again[table.name] = ()
    night = max([*(entry.night for entry in entries), *(day for days in again.values() for day in days)], default=None)
    if night is None:
        raise JobError(f"{job} was not replayed: {'; '.join(stays)}")
    jobs = dict.fromkeys(job_of(node) for node in (*named, *behind))
    return Replay(night, tuple(jobs), again, rows, tuple(stays))


def run(settings: Settings, replay: Replay, typed: str, sessions: "Sessions", watcher: "Watcher") -> "list[Ended]":
    """Do it, inputs first.

    Args:
        settings: Where everything is.
        replay: What :func:`plan` found.
        typed: What does it: a command.
        sessions: Where jobs take a session from.
        watcher: Is told how it goes.

    Returns:
        How every job ended; what came out as it was is ``unchanged``.
    """
    waits = {
        job: tuple(upstream for upstream in inputs if upstream in replay.jobs)
        for job, inputs in job_inputs().items()
        if job in replay.jobs
    }
    return run_jobs(settings, waits, replay.night, typed, sessions, watcher, replay.again)


def _is_there(settings: Settings, node: Node) -> bool:
    """Whether a table was published; of the model, whether a table that is made from it was."""
    if isinstance(node, Model):
        return any(_is_there(settings, made) for made in NODES if node in made.inputs)
    return ledger.latest(settings.lake, node) is not None


def _deliveries_to_read(
    settings: Settings, table: Table, found: Mapping[str, Mapping[str, int]], *, of_all: bool
) -> tuple[list[date], list[str]]:
    """The deliveries with rows in quarantine, or all, that are still in landing; and why the rows of others stay."""
    source = next(source for source in SOURCES if table in source.tables)
    folders = deliveries(settings.landing, source)
    held = _held(settings, table)
    days, stays = list[date](), list[str]()
    for part, states in found.items():
        day, rows = date.fromisoformat(part), sum(states.values())
        said = f"{table.name}  {day}  {rows:,} row{'' if rows == 1 else 's'} in quarantine stay"
        if day not in folders or not files_of(table, folders[day]):
            stays.append(f"{said}: the delivery is not in {settings.landing / source.folder / part} any more")
        elif table.kind == "snapshot" and day not in held and held and day < max(held):
            stays.append(f"{said}: it was refused, and a later delivery has taken its place")
        else:
            days.append(day)
    for day in sorted(held) if of_all else ():
        if str(day) in found:
            continue
        if day in folders and files_of(table, folders[day]):
            days.append(day)
        else:
            gone = settings.landing / source.folder / str(day)
            stays.append(f"{table.name}  {day}  stays as it was published: the delivery is not in {gone} any more")
    return sorted(days), stays


def _held(settings: Settings, table: Table) -> set[date]:
    """The deliveries that the lake holds."""
    entry = ledger.latest(settings.lake, table)
    return {date.fromisoformat(day) for day in entry.deliveries} if entry else set()
