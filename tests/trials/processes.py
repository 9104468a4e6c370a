"""Start real programs, wait for what they do, end them; all of it bounded."""

import logging
import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import psutil

T = TypeVar("T")
logger = logging.getLogger(__name__)


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def without_ours(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without anything that configures Airflow, Spark, MLflow or us."""
    ours = ("AIRFLOW", "REELHOUSE", "SPARK", "PYSPARK", "MLFLOW")
    return {name: value for name, value in environment.items() if not name.startswith(ours)}


class Processes:
    """Programs in the background, each with a log file of its name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: list[str], environment: Mapping[str, str], **options: Any) -> int:
        """Start a program in the background; its process id."""
        with self.log(name).open("wb") as log:
            self._started[name] = subprocess.Popen(
                command, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True, **options
            )
        return self._started[name].pid

    def run(self, name: str, command: list[str], environment: Mapping[str, str], **options: Any) -> str:
        """Run a program to its end; what it printed."""
        with self.log(name).open("wb") as log:
            ended = subprocess.run(
                command,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                timeout=600,
                check=False,
                **options,
            )
        said = self.log(name).read_text(errors="replace")
        assert ended.returncode == 0, f"{name} ended with {ended.returncode}: {said[-3000:]}"
        return said

    def log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def wait_until(self, what: str, ask: Callable[[], T | None], seconds: float, every: float = 1) -> T:
        """Ask again and again until the answer is true; every program must live meanwhile."""
        begun = told = time.monotonic()
        while not (answer := ask()):
            for name, process in self._started.items():
                assert process.poll() is None, f"{name} ended: {self.log(name).read_text(errors='replace')[-3000:]}"
            assert time.monotonic() - begun < seconds, f"{what}: not within {seconds} s; logs are in {self._folder}"
            if time.monotonic() - told > 15:
                told = time.monotonic()
                logger.info("%4.0f s  waiting until %s", told - begun, what)
            time.sleep(every)
        return answer

    def end(self) -> None:
        """End what was started here, with everything it started."""
        asked = [psutil.Process(p.pid) for p in reversed(self._started.values()) if p.poll() is None]
        family = [child for process in asked for child in process.children(recursive=True)]
        for process in asked:
            process.terminate()
        _, left = psutil.wait_procs([*asked, *family], timeout=20)
        for process in left:
            if process.is_running():
                process.kill()
        psutil.wait_procs(left, timeout=10)
        for started in self._started.values():
            started.wait(timeout=10)
        self._started.clear()


def environment_of(root: Path, bin_folder: Path) -> dict[str, str]:
    """What every program here is told: our programs first on the path, our packages importable."""
    path = os.pathsep.join([str(bin_folder), os.environ.get("PATH", os.defpath)])
    return without_ours(os.environ) | {"PATH": path, "PYTHONPATH": str(root)}
