"""Lists that are made at once, by a process beside the site: it is started when somebody may want one, and ends by itself."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from pydantic import SecretStr

from jobs.errors import JobError
from jobs.settings import Settings

_MODULE = "jobs.scoring.at_once"
_ROOT = Path(__file__).parents[2]
_WAITS = 60.0
"""Seconds: what takes longer is ended."""
_QUEUES = 20.0
"""Seconds that one asks while others are answered."""


class Helper:
    """The process, and how it is asked: by one at a time.

    Args:
        settings: Where everything is.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._alone = Lock()
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Let it begin to start, so that it is there when somebody asks; nobody waits for it."""
        if self._alone.acquire(blocking=False):
            try:
                self._running()
            finally:
                self._alone.release()

    def list_of(self, title_ids: Sequence[str]) -> dict[str, Any]:
        """What :meth:`jobs.scoring.at_once.AtOnce.list_of` says.

        Raises:
            JobError: There is no list, in one line.
        """
        if not self._alone.acquire(timeout=_QUEUES):
            raise JobError("no list was made: others are waiting for theirs; ask again in a minute")
        try:
            told = self._ask({"titles": list(title_ids)})
        finally:
            self._alone.release()
        if "error" in told:
            raise JobError(str(told["error"]))
        return told

    def close(self) -> None:
        """End the process."""
        with self._alone:
            self._end()

    def _ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        process = self._running()
        asking, answering = process.stdin, process.stdout
        if asking is None or answering is None:
            raise ValueError("the process was started without pipes")
        try:
            print(json.dumps(asked), file=asking, flush=True)
            line = answering.readline() if select.select([answering], [], [], _WAITS)[0] else ""
        except BrokenPipeError:
            line = ""
        if not line:
            self._end()
            raise JobError(
                f"no list was made: the process that makes it ended, or took longer than {_WAITS:.0f} s; what it said is "
                "where the site writes its log"
            )
        told: dict[str, Any] = json.loads(line)
        return told

    def _running(self) -> "subprocess.Popen[str]":
        """The process; a new one where there is none, or where it ended as nobody asked."""
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OPENBLAS_NUM_THREADS": "1"}
            self._process = subprocess.Popen(
                [sys.executable, "-m", _MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
                encoding="utf-8",
                # A Ctrl-C is the site's: this ends as nobody asks any more.
                start_new_session=True,
            )
            # One that ended at once is noticed when it does not answer.
            with suppress(BrokenPipeError):
                print(_told(self._settings), file=self._process.stdin, flush=True)
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _told(settings: Settings) -> str:
    """The settings without what is secret: the process has the same environment."""
    secret = {name for name, value in settings if isinstance(value, SecretStr)}
    return settings.model_dump_json(exclude=secret, exclude_unset=True)
