"""The daemon of Python workers ends when it is idle, and never beside a worker."""

import os
import socket
import struct
import subprocess
import sys
import time

_DAEMON = """
from infra.spark import worker_daemon
worker_daemon._LOOK_EVERY = 1
worker_daemon.main()
"""


def test_the_daemon_ends_when_it_has_no_workers_and_not_before() -> None:
    daemon = subprocess.Popen(
        [sys.executable, "-c", _DAEMON],
        env=os.environ | {"PYTHON_WORKER_FACTORY_SECRET": "of the test", "PYTHON_UNIX_DOMAIN_ENABLED": "false"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert daemon.stdout is not None
        (port,) = struct.unpack("!i", daemon.stdout.read(4))
        with socket.create_connection(("127.0.0.1", port)) as asks:
            (worker,) = struct.unpack("!i", asks.recv(4))
            time.sleep(3)
            os.kill(worker, 0)
            assert daemon.poll() is None
        daemon.wait(30)
    finally:
        daemon.kill()
        daemon.wait()
