"""Download one file: resumable, bounded, verified, and visible only when it is whole."""

import fcntl
import gzip
import hashlib
import json
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from rich.progress import Progress

from jobs.errors import JobError
from jobs.landing.durable import sync_folder
from jobs.landing.fetch.patience import (
    PATIENCE,
    InterruptedFetchError,
    Patience,
    RefusedFetchError,
    check_status,
    failure_of,
    public_url,
)

# Blocks in which a finished file is read again: small against memory.
BLOCK_BYTES = 1 << 18


def download(
    url: str,
    target: Path,
    *,
    limit_bytes: int,
    client: httpx.Client,
    progress: Progress | None = None,
    md5: str | None = None,
    patience: Patience = PATIENCE,
) -> Path:
    """Download ``url`` to ``target``, going on where an earlier attempt or an earlier call stopped.

    Bytes are collected in ``.<name>.part`` beside the target, and the entity they belong to (its ETag or
    Last-Modified) in ``.<name>.part.json``. They are resumed only if the server still holds that entity. The target
    appears at the end, whole: of the declared length, of the published checksum, and a ``.gz`` or ``.zip`` with its
    own checksums right.

    Args:
        url: Where the file is.
        target: Path of the file when it is complete.
        limit_bytes: Size above which the file is not what it should be.
        client: Client to ask with.
        progress: Display that gets one bar for this file.
        md5: Published MD5 of the file, as hex digits.
        patience: Waits, time-outs and attempts.

    Returns:
        The target.

    Raises:
        JobError: The file could not be fetched.
    """
    part = _Part(target, url)
    transfer = _Transfer(url, part, limit_bytes, client, patience, _bar(progress, target.name))
    refusal = f"{target.name} was not fetched from {public_url(url)}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.locked():
            _collect(transfer, md5)
            part.publish()
    except RefusedFetchError as error:
        raise JobError(f"{refusal}: {error}; {_advice(error)}") from None
    except InterruptedFetchError as error:
        raise JobError(
            f"{refusal}: {error} ({patience.attempts} attempts); run it again later, it goes on where it stopped"
        ) from None
    except BlockingIOError:
        raise JobError(f"{refusal}: another fetch is downloading it now; wait for that one") from None
    except OSError as error:
        raise JobError(f"{refusal}: {error.strerror} ({part.path}); mend that and run it again") from error
    return target


def _bar(progress: Progress | None, name: str) -> Callable[[int, int | None], None]:
    """Return what shows the bytes held and the bytes expected, if there is a display."""
    if progress is None:
        return lambda _held, _total: None
    task = progress.add_task(name, total=None)
    return lambda held, total: progress.update(task, completed=held, total=total)


def _advice(error: RefusedFetchError) -> str:
    if error.status in (404, 410):
        return "check the address, or whether it is published yet"
    return "check the address and what it serves"


class _Part:
    """The bytes of a download under way, and the entity they belong to, in dot-files beside the target."""

    def __init__(self, target: Path, url: str) -> None:
        self.target = target
        self.path = target.with_name(f".{target.name}.part")
        self.memo = target.with_name(f".{target.name}.part.json")
        self.url = public_url(url)

    @property
    def size_bytes(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def validator(self) -> str | None:
        """ETag or Last-Modified of the entity the bytes belong to; None if they cannot be resumed."""
        try:
            memo = json.loads(self.memo.read_text("utf-8"))
            return str(memo["validator"]) if memo["url"] == self.url and memo["validator"] else None
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes off; a killed process holds no lock."""
        with self.path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                yield
            finally:
                if self.path.exists() and not self.size_bytes:  # nothing that a later call could resume
                    self.path.unlink()
                    self.memo.unlink(missing_ok=True)

    def begin(self, validator: str | None) -> None:
        """Start over with another entity. The bytes go first: old bytes never stand beside a new memo."""
        os.truncate(self.path, 0)
        self.memo.write_text(json.dumps({"url": self.url, "validator": validator}), "utf-8")

    def publish(self) -> None:
        """Make the whole file visible, durably."""
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
        self.path.replace(self.target)
        self.memo.unlink(missing_ok=True)
        sync_folder(self.target.parent)


class _Transfer:
    """One file on its way from a server into its part."""

    def __init__(
        self,
        url: str,
        part: _Part,
        limit_bytes: int,
        client: httpx.Client,
        patience: Patience,
        show: Callable[[int, int | None], None],
    ) -> None:
        self.url = url
        self.part = part
        self.limit_bytes = limit_bytes
        self.client = client
        self.patience = patience
        self.show = show
        self.is_resumed = False

    def attempt(self) -> None:
        """Ask for what is missing and append it to the part; on return the part has the declared length."""
        held, validator = self.part.size_bytes, self.part.validator
        # A part is as the file is stored: a server that compresses on the way would change the bytes.
        headers = {"Accept-Encoding": "identity"}
        if held and validator:
            headers |= {"Range": f"bytes={held}-", "If-Range": validator}
        request = {"headers": headers, "timeout": self.patience.timeout, "follow_redirects": True}
        try:
            with self.client.stream("GET", self.url, **request) as response:  # type: ignore[arg-type]
                self._receive(response, held, validator)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise failure_of(error) from None

    def _receive(self, response: httpx.Response, held: int, validator: str | None) -> None:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            if _total_bytes(response) == held:  # every byte came, and the process ended before publishing them
                self.is_resumed = True
                return
            self.part.begin(None)
            raise InterruptedFetchError("the server has fewer bytes than before")
        check_status(response)
        if response.status_code == httpx.codes.PARTIAL_CONTENT:
            if not _continues(response, held, validator):
                self.part.begin(None)
                raise InterruptedFetchError("the server sent another part than was asked for")
            self.is_resumed = True
        else:
            held = 0
            self.is_resumed = False
            self.part.begin(_validator(response))
        total = _total_bytes(response)
        self._check_limit(total or 0)
        self.show(held, total)
        self._append(response, held, total)

    def _append(self, response: httpx.Response, held: int, total: int | None) -> None:
        with self.part.path.open("ab") as file:
            for block in response.iter_raw():
                held += len(block)
                self._check_limit(held)
                file.write(block)
                self.show(held, total)
        if total is not None and held != total:
            raise InterruptedFetchError(f"{held:,} of {total:,} bytes arrived")

    def _check_limit(self, size_bytes: int) -> None:
        if size_bytes > self.limit_bytes:
            self.part.begin(None)
            raise RefusedFetchError(f"it has {size_bytes:,} bytes or more, and the limit is {self.limit_bytes:,}")


def _collect(transfer: _Transfer, md5: str | None) -> None:
    """Fill the part, until it is whole and undamaged.

    As long as attempts bring new bytes they go on: a long download over a line that breaks every minute succeeds.
    """
    part = transfer.part
    most_bytes = part.size_bytes
    may_start_over = True
    while True:
        try:
            transfer.patience.retrying()(transfer.attempt)
        except InterruptedFetchError:
            if part.size_bytes <= most_bytes:
                raise
            most_bytes = part.size_bytes
            continue
        damage = _damage(part.path, part.target.suffix, md5)
        if damage is None:
            return
        part.begin(None)
        if not (transfer.is_resumed and may_start_over):
            raise RefusedFetchError(damage)
        # Bytes of two attempts need not fit together, whatever the server said: once more, from the start.
        may_start_over = False


def _damage(path: Path, suffix: str, md5: str | None) -> str | None:
    """Say what is wrong with a file of the declared length; None if nothing is."""
    if md5 is not None:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        if found != md5.lower():
            return f"its MD5 is {found}, and {md5.lower()} is published"
    try:
        if suffix == ".gz":
            with gzip.open(path) as stream:
                while stream.read(BLOCK_BYTES):
                    pass
        elif suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                broken = archive.testzip()
            if broken is not None:
                return f"its member {broken} is damaged"
    except (gzip.BadGzipFile, zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
        return f"what arrived is not a whole {suffix} file ({error})"
    return None


def _validator(response: httpx.Response) -> str | None:
    """Return what If-Range may hold: a strong ETag, else Last-Modified (RFC 9110, 13.1.5)."""
    etag: str | None = response.headers.get("ETag")
    modified: str | None = response.headers.get("Last-Modified")
    return etag if etag and not etag.startswith("W/") else modified


def _continues(response: httpx.Response, held: int, validator: str | None) -> bool:
    """Whether a 206 goes on after the bytes held, in the same entity (some servers ignore If-Range)."""
    start = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return held > 0 and start is not None and int(start[1]) == held and _validator(response) in (validator, None)


def _total_bytes(response: httpx.Response) -> int | None:
    """Size of the whole file as the answer declares it."""
    match = re.search(r"/(\d+)$", response.headers.get("Content-Range", ""))
    if match:
        return int(match[1])
    length = response.headers.get("Content-Length", "")
    is_whole = response.status_code == httpx.codes.OK
    return int(length) if is_whole and length.isdecimal() else None
