"""Whole systems: the real services on this machine, each in a home of its own."""

import logging
import os
import time
from collections.abc import Iterator

import pytest

from jobs.settings import Settings
from tests.trials.processes import Processes
from tests.trials.sample_nights import TinyNight, run_tiny_night, run_two_nights
from tests.trials.spark_server import Server

logging.getLogger("httpx").setLevel(logging.WARNING)  # one line per question would bury the progress


UNTIL = "REELHOUSE_TRIALS_UNTIL"
"""Seconds since 1970 after which no trial is begun, for machines that end a run at some time; unset, all are."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if time.time() > float(os.environ.get(UNTIL, "inf")):
        # With its name in the reason each has a line of its own in the summary.
        pytest.skip(f"{item.nodeid} was not begun: {UNTIL} had passed; `make trials` without it runs all")


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    started = Processes(tmp_path_factory.mktemp("logs"))
    yield started
    started.end()


@pytest.fixture(scope="session")
def two_nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, list[str]]:
    """A home after two nights, and what they said; who changes it makes a copy."""
    return run_two_nights(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One warm driver for the commands of all trials that do not harm it."""
    started = Processes(tmp_path_factory.mktemp("logs"))
    try:
        yield Server(tmp_path_factory.mktemp("server"), started, memory="2g")
    finally:
        started.end()


@pytest.fixture(scope="session")
def tiny_night(tmp_path_factory: pytest.TempPathFactory, server: Server) -> TinyNight:
    """A home before a night of a tiny world and after it, for whoever makes a copy."""
    return run_tiny_night(tmp_path_factory.mktemp("tiny"), server.environment)
