"""Fetch TMDb's daily id export and the details of popular movies: what ``reelhouse fetch tmdb`` does."""

import gzip
import heapq
import json
import logging
import re
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO
from urllib.request import getproxies, proxy_bypass

import httpx
from pydantic import SecretStr
from rich.progress import Progress

from jobs.errors import JobError
from jobs.landing.fetch.archives import deliver
from jobs.landing.fetch.download import download
from jobs.landing.fetch.patience import (
    PATIENCE,
    InterruptedFetchError,
    Patience,
    RefusedFetchError,
    check_status,
    failure_of,
    public_url,
)

logger = logging.getLogger(__name__)

TMDB_API_URL = "https://api.themoviedb.org/3/"
TMDB_FILES_URL = "https://files.tmdb.org/p/exports/"
# About a minute of questions, one after the other: far under what TMDb allows (about 40 a second).
DETAILS_A_NIGHT = 500

# The export has about 25 MiB, the description of one movie at most a few hundred KiB.
EXPORT_LIMIT_BYTES = 1 << 30
DETAILS_LIMIT_BYTES = 16 << 20


def fetch_tmdb(
    landing: Path,
    night: date,
    *,
    key: SecretStr | None,
    details_count: int = DETAILS_A_NIGHT,
    base_url: str = TMDB_API_URL,
    files_url: str = TMDB_FILES_URL,
    progress: Progress | None = None,
    patience: Patience = PATIENCE,
    say: Callable[[str], None] = logger.info,
) -> list[Path]:
    """Fetch one night's TMDb delivery into ``landing/tmdb/<night>/``.

    It holds the id export of the night and, if there is a key, ``movie_details.jsonl.gz``: the most popular movies that
    no earlier delivery describes, one answer of the API a line. It is collected in ``landing/tmdb/.<night>/``, which
    gets its name without the dot when it is complete; a fetch that stopped goes on where it stopped.

    Args:
        landing: Folder of the files as delivered.
        night: Day of the export.
        key: API key, or access token; it is sent to ``base_url`` only and appears in no URL that is logged or shown.
        details_count: Number of movies to describe.
        base_url: Root of the API.
        files_url: Where the exports are.
        progress: Display of the downloads.
        patience: Waits, time-outs and attempts.
        say: Gets a line when something was not fetched on purpose.

    Returns:
        The files; empty if the night's delivery was there already.

    Raises:
        JobError: Something could not be fetched; what is complete is kept for the next call.
    """
    delivery = landing / "tmdb" / night.isoformat()
    if delivery.exists():
        say(f"tmdb was not fetched: {delivery} is there already")
        return []
    writing = delivery.with_name(f".{delivery.name}")
    export = writing / f"movie_ids_{night:%m_%d_%Y}.json.gz"
    if not export.exists():
        _fetch_export(export, files_url, progress, patience)
    if key is None or not key.get_secret_value().strip():
        say("tmdb details were not fetched: set REELHOUSE_TMDB_API_KEY to have them; the id export was")
    else:
        wanted = _popular_ids(export, _described_ids(landing / "tmdb", night), details_count)
        with _api_client(base_url, key) as client:
            _fetch_details(writing, wanted, client, base_url, progress, patience, say)
    deliver(writing, delivery)
    return sorted(delivery.iterdir())


def _fetch_export(export: Path, files_url: str, progress: Progress | None, patience: Patience) -> None:
    url = f"{files_url.rstrip('/')}/{export.name}"
    try:
        with httpx.Client() as client:
            download(url, export, limit_bytes=EXPORT_LIMIT_BYTES, client=client, progress=progress, patience=patience)
    except JobError as error:
        raise JobError(f"{error} (TMDb publishes a day's export at 08:00 UTC and keeps it for three months)") from None


def _popular_ids(export: Path, described: set[int], count: int) -> list[int]:
    """Return the ids of the most popular movies that are not described yet; equals by the smaller id.

    Raises:
        JobError: A line of the export is not a movie.
    """

    def candidates() -> Iterator[tuple[float, int]]:
        with gzip.open(export, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    movie = json.loads(line)
                    movie_id, popularity = int(movie["id"]), float(movie["popularity"])
                except (ValueError, KeyError, TypeError):
                    raise JobError(
                        f"tmdb details were not fetched: {export} line {number} is not a movie with id and popularity "
                        f"({line[:80]!r}); remove the file and run it again"
                    ) from None
                if movie_id not in described:
                    yield -popularity, movie_id

    return [movie_id for _, movie_id in heapq.nsmallest(count, candidates())]


def _described_ids(source: Path, night: date) -> set[int]:
    """Return the ids of the movies that deliveries before the night describe.

    Raises:
        JobError: One of those files cannot be read.
    """
    described: set[int] = set()
    for path in sorted(source.glob("[0-9]*/movie_details*.jsonl*")):
        if path.parent.name >= night.isoformat():
            continue
        try:
            with _open_lines(path) as lines:
                described.update(json.loads(line)["id"] for line in lines if line.strip())
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
            raise JobError(
                f"tmdb details were not fetched: {path} cannot be read ({error}); remove or mend it"
            ) from None
    return described


def _open_lines(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _fetch_details(
    writing: Path,
    wanted: list[int],
    client: httpx.Client,
    base_url: str,
    progress: Progress | None,
    patience: Patience,
    say: Callable[[str], None],
) -> None:
    """Write ``movie_details.jsonl.gz``, one answer per line; lines of an interrupted fetch are kept."""
    collected = writing / ".movie_details.jsonl"
    held = _held_ids(collected)
    bar = progress.add_task("movie details", total=len(wanted), completed=len(held)) if progress else None
    gone = 0
    with collected.open("a", encoding="utf-8") as lines:
        for movie_id in (wanted_id for wanted_id in wanted if wanted_id not in held):
            answer = _fetch_movie(movie_id, client, base_url, patience)
            if answer is None:
                gone += 1
            else:
                lines.write(json.dumps(answer, ensure_ascii=False, separators=(",", ":")) + "\n")
                lines.flush()
            if progress and bar is not None:
                progress.advance(bar)
    if gone:
        say(f"tmdb no longer knows {gone} of the {len(wanted)} movies asked for")
    packed = writing / ".movie_details.jsonl.gz"
    # No time stamp and no name inside: the same lines are the same bytes.
    with collected.open("rb") as plain, packed.open("wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as out:
        shutil.copyfileobj(plain, out)
    packed.rename(writing / "movie_details.jsonl.gz")
    collected.unlink()


def _held_ids(collected: Path) -> set[int]:
    """Return the ids an interrupted fetch has written, cutting off a last line that is not whole."""
    if not collected.exists():
        return set()
    written = collected.read_bytes()
    whole = written[: written.rfind(b"\n") + 1]
    collected.write_bytes(whole)
    return {json.loads(line)["id"] for line in whole.splitlines()}


def _fetch_movie(movie_id: int, client: httpx.Client, base_url: str, patience: Patience) -> dict[str, object] | None:
    """Return the API's description of a movie, with keywords and credits; None if TMDb has removed it.

    Raises:
        JobError: The API refused, or went on failing.
    """
    url = f"{base_url.rstrip('/')}/movie/{movie_id}"

    def ask() -> dict[str, object] | None:
        with (
            _failures_told(),
            client.stream(
                "GET", url, params={"append_to_response": "keywords,credits"}, timeout=patience.timeout
            ) as response,
        ):
            if response.status_code == httpx.codes.NOT_FOUND:
                return None
            if response.status_code in (401, 403):
                raise RefusedFetchError("TMDb does not accept the key; check REELHOUSE_TMDB_API_KEY")
            check_status(response)
            return _parse_movie(_read_bounded(response), movie_id)

    try:
        return patience.retrying()(ask)
    except InterruptedFetchError as error:
        problem = f"{error} ({patience.attempts} attempts); run it again later, it goes on where it stopped"
    except RefusedFetchError as error:
        problem = str(error)
    raise JobError(f"tmdb details were not fetched from {public_url(url)}: {problem}")


@contextmanager
def _failures_told() -> Iterator[None]:
    """Turn httpx's errors into ours, whose texts hold no URL."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise failure_of(error) from None


def _read_bounded(response: httpx.Response) -> bytes:
    body = bytearray()
    for block in response.iter_bytes():
        body += block
        if len(body) > DETAILS_LIMIT_BYTES:
            raise RefusedFetchError(f"the answer has more than {DETAILS_LIMIT_BYTES:,} bytes; check the address")
    return bytes(body)


def _parse_movie(body: bytes, movie_id: int) -> dict[str, object]:
    try:
        answer = json.loads(body)
    except ValueError:
        raise RefusedFetchError("the answer is not JSON; check the address") from None
    if not isinstance(answer, dict) or answer.get("id") != movie_id:
        raise RefusedFetchError("the answer is not the movie asked for; check the address")
    return answer


class _KeyedTransport(httpx.BaseTransport):
    """Adds the key on the way out, below everything of httpx that logs or reports a request.

    httpx logs each request's URL, and its errors carry the request: neither ever sees the key.
    """

    def __init__(self, inner: httpx.BaseTransport, key: SecretStr) -> None:
        self._inner = inner
        self._key = key

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        key = self._key.get_secret_value().strip()
        headers, url = request.headers.copy(), request.url
        # An access token (v4) is a JSON web token; an API key (v3) is 32 hex digits.
        if re.fullmatch(r"eyJ[\w-]+\.[\w-]+\.[\w-]*", key):
            headers["Authorization"] = f"Bearer {key}"
        else:
            url = url.copy_add_param("api_key", key)
        return self._inner.handle_request(
            httpx.Request(request.method, url, headers=headers, stream=request.stream, extensions=request.extensions)
        )

    def close(self) -> None:
        self._inner.close()


def _api_client(base_url: str, key: SecretStr) -> httpx.Client:
    """Return a client that sends the key to the API's host only: it follows no redirects."""
    parts = httpx.URL(base_url)
    # A client with a transport of its own does not look for the proxy that the environment asks for.
    proxy = None if proxy_bypass(parts.host) else getproxies().get(parts.scheme)
    return httpx.Client(transport=_KeyedTransport(httpx.HTTPTransport(proxy=proxy), key), follow_redirects=False)
