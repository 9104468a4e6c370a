"""Run all jobs of a night in the order of their inputs, and say how each ended."""

from collections.abc import Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import date
from graphlib import TopologicalSorter

from jobs.errors import JobError
from jobs.landing.deliveries import require_delivery
from jobs.runs.ended import Ended, Watcher
from jobs.runs.job import Sessions, run_job
from jobs.settings import Settings
from jobs.tables import job_inputs

_JOBS_AT_ONCE = 2
"""A job waits for one thing after another (plans, small stages, commits): two of them keep a machine busy."""


def run_night(settings: Settings, night: date, run: str, sessions: Sessions, watcher: Watcher) -> list[Ended]:
    """Run every job of a night, inputs first, and two at once where neither waits for the other.

    Of the jobs that could begin, the one with the longest chain of jobs behind it does.

    A job that fails stops what is made from it and nothing else.

    Args:
        settings: Where everything is.
        night: The night.
        run: What runs it.
        sessions: Where jobs take a session from; one for all.
        watcher: Is told how it goes.

    Returns:
        How every job ended.

    Raises:
        JobError: Nothing was delivered for the night.
        KeyboardInterrupt: It was interrupted: jobs that ran were stopped, no other was begun.
    """
    require_delivery(settings.landing, night)
    return run_jobs(settings, job_inputs(), night, run, sessions, watcher)


def run_jobs(
    settings: Settings,
    waits: Mapping[str, tuple[str, ...]],
    night: date,
    run: str,
    sessions: Sessions,
    watcher: Watcher,
    again: Mapping[str, Collection[date]] | None = None,
) -> list[Ended]:
    """Run some jobs for a night, inputs first; as :func:`run_night`, which runs all.

    Args:
        settings: Where everything is.
        waits: Job → those of the jobs that it waits for, in an order that runs inputs first.
        night: The night.
        run: What runs it.
        sessions: Where jobs take a session from; one for all.
        watcher: Is told how it goes.
        again: Tables to be made again although nothing says so; of bronze, with the deliveries to be read again.
    """
    behind = _longest_chains(waits)
    jobs = TopologicalSorter(waits)
    jobs.prepare()
    ended: dict[str, Ended] = {}

    def run_one(job: str) -> Ended:
        watcher.start(job)
        try:
            return Ended(job, tuple(run_job(settings, job, night, run, sessions, again=again)))
        except JobError as error:
            return Ended(job, error=error)

    ready: list[str] = []
    with ThreadPoolExecutor(_JOBS_AT_ONCE) as threads:
        running: dict[Future[Ended], str] = {}
        try:
            while jobs.is_active():
                ready += jobs.get_ready()
                ready.sort(key=lambda job: -behind[job])
                while ready and len(running) < _JOBS_AT_ONCE:
                    job = ready.pop(0)
                    if causes := _causes(waits[job], ended):
                        ended[job] = Ended(job, waits_for=causes)
                        watcher.end(ended[job])
                        jobs.done(job)
                        ready += jobs.get_ready()
                    else:
                        running[threads.submit(run_one, job)] = job
                for future in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                    job = running.pop(future)
                    ended[job] = future.result()
                    watcher.end(ended[job])
                    jobs.done(job)
        except KeyboardInterrupt:
            sessions.interrupt()
            raise
    return list(ended.values())


def _longest_chains(waits: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """How many jobs wait one behind the other for each job: a night lasts as long as its longest chain.

    Args:
        waits: Job → the jobs it waits for, inputs first.
    """
    behind = dict.fromkeys(waits, 0)
    for job in reversed(list(waits)):
        for upstream in waits[job]:
            behind[upstream] = max(behind[upstream], behind[job] + 1)
    return behind


def _causes(upstream: tuple[str, ...], ended: dict[str, Ended]) -> tuple[str, ...]:
    """The failed jobs at the root of why a job cannot run; none if it can."""
    found = [cause for job in upstream for cause in (ended[job].waits_for or ((job,) if ended[job].error else ()))]
    return tuple(dict.fromkeys(found))
