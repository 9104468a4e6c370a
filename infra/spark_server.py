"""The Spark Connect server: one warm driver for all jobs, started again when it ends.

``python -m infra.spark_server`` starts it where the settings say: in this process tree (``local[*]``), or as the one
long-running application of a cluster (``spark://…``, ``yarn``, ``k8s://…``). ``make up`` and docker-compose.yaml do so.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import pyspark

from jobs.errors import JobError
from jobs.lakehouse import spark
from jobs.settings import Settings, from_environment

_CLASS = "org.apache.spark.sql.connect.service.SparkConnectServer"
_AGAIN_AFTER = 5
"""Seconds until a server that ended is started again."""
_STARTED_AFTER = 30
"""Seconds. A server that ends earlier could not be started, and could not be the next time."""
_SERVER = {
    "spark.app.name": "reelhouse",
    # What a client left behind when it was killed is ended soon: its task is run again.
    "spark.connect.execute.manager.detachedTimeout": "60s",
    "spark.python.daemon.module": "infra.spark.worker_daemon",
}


def command(settings: Settings, host: str) -> list[str]:
    """What starts the server; the token is not part of it, as everyone on a machine can read command lines."""
    options = spark.options(settings) | _SERVER
    options |= {"spark.connect.grpc.binding.address": host, "spark.connect.grpc.binding.port": str(settings.spark_port)}
    # A driver without memory can do nothing more: it ends, and a new one is started.
    options["spark.driver.extraJavaOptions"] += " -XX:+ExitOnOutOfMemoryError"
    submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
    return [str(submit), "--class", _CLASS, *(word for pair in options.items() for word in ("--conf", "=".join(pair)))]


def token(settings: Settings) -> str:
    """What the server asks clients for: set, kept in the home, or made now and kept there."""
    if not settings.spark_token_value:
        file = settings.spark_token_file
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32) + "\n", encoding="ascii")
    return settings.spark_token_value or ""


def serve(settings: Settings, host: str) -> int:
    """Run the server until this process is told to end; when it ends by itself, start it again.

    Returns:
        The status of a server that could not be started.

    Raises:
        JobError: There is no Java, or the Delta jars were not installed.
    """
    spark.require_installed()
    # The server reads its token from here.
    environment = os.environ | spark.environment(settings) | {"SPARK_CONNECT_AUTHENTICATE_TOKEN": token(settings)}
    running: list[subprocess.Popen[bytes]] = []

    def end(number: int, _: FrameType | None) -> None:
        for server in running:
            server.terminate()
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    while True:
        began = time.monotonic()
        server = subprocess.Popen(command(settings, host), env=environment, stdin=subprocess.DEVNULL)
        running[:] = [server]
        status = server.wait()
        if time.monotonic() - began < _STARTED_AFTER:
            return status
        sys.stderr.write(f"the server ended with {status}; it is started again in {_AGAIN_AFTER} seconds\n")
        sys.stderr.flush()
        time.sleep(_AGAIN_AFTER)


def main(arguments: list[str]) -> int:
    """Serve on the address given, 127.0.0.1 unless one is; 1 after a JobError, told in one line."""
    try:
        return serve(from_environment(), arguments[0] if arguments else "127.0.0.1")
    except JobError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
