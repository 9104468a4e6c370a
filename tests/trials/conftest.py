"""Whole systems: the real services on this machine, each in a home of its own."""

import logging
from collections.abc import Iterator

import pytest

from tests.trials.processes import Processes

logging.getLogger("httpx").setLevel(logging.WARNING)  # one line per question would bury the progress


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    started = Processes(tmp_path_factory.mktemp("logs"))
    yield started
    started.end()
