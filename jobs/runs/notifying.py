"""Tell people what failed: a line in a file, a message in a chat. That never fails, and holds nothing up for long."""

import fcntl
import json
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

import httpx

from jobs.errors import JobError
from jobs.landing.fetch.patience import InterruptedFetchError, Patience, RefusedFetchError, check_status, failure_of
from jobs.settings import Settings

_WITHIN_SECONDS = 20.0
"""After so long a command goes on, whatever was told until then."""
_PATIENCE = Patience(
    attempts=3,
    first_wait_seconds=0.5,
    jitter_seconds=0.5,
    longest_wait_seconds=3.0,
    connect_timeout_seconds=3.0,
    stall_timeout_seconds=4.0,
)
_LONGEST = 3000
"""Characters of a message: Slack cuts longer ones in pieces, others refuse them at some thousands."""
# What means something in a message (links, mentions) and may stand in what was delivered.
_SAID_PLAINLY = str.maketrans({"<": "\u2039", ">": "\u203a", "@": "@\u200b", "`": "'"})


@dataclass(frozen=True)
class Failure:
    """A task that failed for good."""

    task: str
    error: str
    """In the line that its command ended with."""
    night: str = ""
    run: str = ""
    """The Airflow run, or the command."""


def notify(
    settings: Settings,
    failures: Sequence[Failure],
    at: datetime,
    patience: Patience = _PATIENCE,
    within_seconds: float = _WITHIN_SECONDS,
) -> list[str]:
    """Tell of failures wherever the settings say: once each, all ways at once.

    Args:
        settings: `notify_file` and `notify_webhook`.
        failures: What failed.
        at: When, UTC.
        patience: How long the webhook is waited for, and how often it is asked again.
        within_seconds: How long all of it may take.

    Returns:
        Why people may not have been told, a line a way: empty if they were, or nobody is to be. It never holds the webhook's
        address, which is a secret.
    """
    ways: dict[str, Callable[[], object]] = {}
    if settings.notify_file:
        ways["REELHOUSE_NOTIFY_FILE"] = partial(_append, settings.root / settings.notify_file, failures, at)
    if settings.notify_webhook:
        address = settings.notify_webhook.get_secret_value()
        ways["REELHOUSE_NOTIFY_WEBHOOK"] = partial(_post_all, address, failures, patience)
    if not failures:
        return []
    said: dict[str, str] = {}
    # A file may lie on a disk that hangs, too. Threads that end with the process hold nothing up.
    threads = [Thread(target=_tell, args=(way, tell, said), daemon=True) for way, tell in ways.items()]
    until = time.monotonic() + within_seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(until - time.monotonic(), 0))
    unsaid = f"it took more than {within_seconds:g} seconds"
    return [f"{way} was not told: {why}" for way in ways if (why := said.get(way, unsaid))]


def _tell(way: str, tell: Callable[[], object], said: dict[str, str]) -> None:
    """Tell one way, and say how that went."""
    try:
        tell()
    except (InterruptedFetchError, RefusedFetchError, OSError) as failure:
        said[way] = str(failure)
    else:
        said[way] = ""


def _append(file: Path, failures: Sequence[Failure], at: datetime) -> None:
    """Add a line a failure, all or none of them, also where others add theirs at the same moment.

    Raises:
        OSError: The file cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps({"at": at.isoformat(timespec="seconds"), **asdict(one)}, ensure_ascii=False) for one in failures
    ]
    content = "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
    # Lines quote what was delivered: nobody else's business.
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "rb+", buffering=0) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        size = held.seek(0, os.SEEK_END)
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            content = b"\n" + content  # somebody's line was cut short
        written = os.writev(descriptor, [content])
        if written != len(content):
            held.truncate(size)
            raise OSError(f"{file} is full")


def _post_all(address: str, failures: Sequence[Failure], patience: Patience) -> None:
    """Post a message a failure.

    Raises:
        InterruptedFetchError: It could not be posted in as many attempts as patience allows.
        RefusedFetchError: The server does not take it.
    """
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)  # below that they log addresses
    # A redirect is not followed: whoever answers at another address was not told the secret.
    with httpx.Client(timeout=patience.timeout, follow_redirects=False) as client:
        for failure in failures:
            patience.retrying()(_post, client, address, {"text": _message(failure)})


def _post(client: httpx.Client, address: str, message: dict[str, str]) -> None:
    try:
        # What it answers beside the status is not read: it may be endless.
        with client.stream("POST", address, json=message) as response:
            check_status(response)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise failure_of(error) from None


def _message(failure: Failure) -> str:
    """What a chat shows: Slack, Mattermost and Teams take the same text."""
    of = f" of night {failure.night}" if failure.night else ""
    by = f" ({failure.run})" if failure.run else ""
    text = f"Reelhouse: {failure.task}{of} failed{by}: {failure.error}"
    shown = "".join(character if character.isprintable() else " " for character in text)
    cut = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    return cut.replace("](", "] (").translate(_SAID_PLAINLY)


class Telling:
    """Tells of what ends a night that is no failure of a job but a bug; a context manager that lets it pass on.

    Args:
        settings: Whom to tell.
        failure: The night as a task, without its error.
        at: When it began, UTC.
        warn: Is told why people may not have been told.
    """

    def __init__(self, settings: Settings, failure: Failure, at: datetime, warn: Callable[[str], None]) -> None:
        self._settings, self._failure, self._at, self._warn = settings, failure, at, warn

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind and issubclass(kind, Exception) and not issubclass(kind, JobError):
            said = " ".join(f"{kind.__name__}: {error}".split())
            self.tell([replace(self._failure, error=said)])

    def tell(self, failures: Sequence[Failure]) -> None:
        """Tell of failures."""
        for line in notify(self._settings, failures, self._at):
            self._warn(line)
