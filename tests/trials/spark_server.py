"""A Spark Connect server of a trial or a benchmark, and programs that use it."""

import socket
import subprocess
import sys
from datetime import date
from pathlib import Path

import psutil

from tests.trials.processes import Processes, environment_of, free_port

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


class Server:
    """A Spark Connect server, and programs that use it."""

    def __init__(self, home: Path, processes: Processes, memory: str = "") -> None:
        self.port = free_port()
        self._token = "a token of the trial"  # noqa: S105 - of a server that lives for a minute, on loopback
        self.environment = environment_of(ROOT, BIN) | {
            "REELHOUSE_SPARK_PORT": str(self.port),
            "REELHOUSE_SPARK_REMOTE": f"sc://127.0.0.1:{self.port}",
            "REELHOUSE_SPARK_TOKEN": self._token,
            "REELHOUSE_HOME": str(home),
            "REELHOUSE_DRIVER_MEMORY": memory,
        }
        # Memory that is not given is left to the machine: an empty variable counts as none.
        self.pid = processes.start("spark", [sys.executable, "-m", "infra.spark_server"], self.environment, cwd=ROOT)
        processes.wait_until("the server has started", self.listens, 120)

    def publish(self, home: Path, night: date, prefix: str, *last: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tests.trials.publisher", str(night), prefix, *last],
            env=self.environment | {"REELHOUSE_HOME": str(home)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def run(self, home: Path, job: str, night: date) -> subprocess.Popen[str]:
        """Begin a job of a night."""
        return subprocess.Popen(
            [str(BIN / "reelhouse"), "run", job, "--night", str(night)],
            env=self.environment | {"REELHOUSE_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def java(self) -> psutil.Process:
        """The driver that serves now."""
        return next(child for child in psutil.Process(self.pid).children(recursive=True) if "java" in child.name())

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
