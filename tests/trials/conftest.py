"""Whole systems: the real services on this machine, each in a home of its own."""

import logging
from collections.abc import Iterator

import pytest

from jobs.settings import Settings
from tests.trials.processes import Processes
from tests.trials.sample_nights import run_two_nights

logging.getLogger("httpx").setLevel(logging.WARNING)  # one line per question would bury the progress


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    started = Processes(tmp_path_factory.mktemp("logs"))
    yield started
    started.end()


@pytest.fixture(scope="session")
def two_nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, list[str]]:
    """A home after two nights, and what they said; who changes it makes a copy."""
    return run_two_nights(tmp_path_factory.mktemp("sample"))
