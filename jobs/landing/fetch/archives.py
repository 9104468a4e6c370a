"""Fetch the public IMDb datasets and the MovieLens sets: what ``reelhouse fetch imdb|movielens`` does."""

import logging
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import httpx
from rich.progress import Progress

from jobs.errors import JobError
from jobs.landing.durable import sync_folder
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

IMDB_URL = "https://datasets.imdbws.com/"
MOVIELENS_URL = "https://files.grouplens.org/datasets/movielens/"
IMDB_FILES = (
    "title.basics.tsv.gz",
    "title.ratings.tsv.gz",
    "title.principals.tsv.gz",
    "title.crew.tsv.gz",
    "title.akas.tsv.gz",
    "title.episode.tsv.gz",
    "name.basics.tsv.gz",
)

# The largest IMDb file (title.principals) has about 0.7 GiB.
IMDB_LIMIT_BYTES = 4 << 30
# ml-32m has 0.24 GiB; the largest set with ratings.csv beside extras stays under 1 GiB.
MOVIELENS_LIMIT_BYTES = 2 << 30


def fetch_imdb(
    landing: Path,
    night: date,
    *,
    base_url: str = IMDB_URL,
    limit_bytes: int = IMDB_LIMIT_BYTES,
    progress: Progress | None = None,
    patience: Patience = PATIENCE,
    say: Callable[[str], None] = logger.info,
) -> list[Path]:
    """Fetch the seven IMDb datasets into ``landing/imdb/<night>/``.

    They are collected in ``landing/imdb/.<night>/``, which gets its name without the dot when all seven are there; a
    fetch that stopped goes on where it stopped. IMDb serves only the newest state, whatever the night.

    Args:
        landing: Folder of the files as delivered.
        night: Day to which they are delivered.
        base_url: Where the seven files are.
        limit_bytes: Bound of one file.
        progress: Display of the downloads.
        patience: Waits, time-outs and attempts.
        say: Gets a line when nothing had to be fetched.

    Returns:
        The seven files; empty if the night's delivery was there already.

    Raises:
        JobError: A file could not be fetched; those that are complete are kept for the next call.
    """
    delivery = landing / "imdb" / night.isoformat()
    if delivery.exists():
        say(f"imdb was not fetched: {delivery} is there already")
        return []
    writing = delivery.with_name(f".{delivery.name}")
    with httpx.Client() as client:
        for name in IMDB_FILES:
            if not (writing / name).exists():
                download(
                    f"{base_url.rstrip('/')}/{name}",
                    writing / name,
                    limit_bytes=limit_bytes,
                    client=client,
                    progress=progress,
                    patience=patience,
                )
    deliver(writing, delivery)
    return [delivery / name for name in IMDB_FILES]


def deliver(writing: Path, delivery: Path) -> None:
    """Make a complete folder visible under its name, durably.

    Raises:
        JobError: Another process has delivered the same folder meanwhile.
    """
    try:
        writing.rename(delivery)
    except OSError as error:
        raise JobError(
            f"{delivery} was not delivered: {error.strerror}; keep one of it and {writing}, and remove the other"
        ) from error
    sync_folder(delivery.parent)


def fetch_movielens(
    downloads: Path,
    name: str = "ml-latest-small",
    *,
    base_url: str = MOVIELENS_URL,
    limit_bytes: int = MOVIELENS_LIMIT_BYTES,
    progress: Progress | None = None,
    patience: Patience = PATIENCE,
    say: Callable[[str], None] = logger.info,
) -> Path:
    """Fetch a MovieLens set as ``<downloads>/<name>.zip``, checked against its MD5 where GroupLens publishes one.

    Args:
        downloads: Folder for the zip.
        name: Name of the set, e.g. ml-latest-small, ml-25m, ml-32m.
        base_url: Where the zips are.
        limit_bytes: Bound of the zip.
        progress: Display of the download.
        patience: Waits, time-outs and attempts.
        say: Gets a line when nothing had to be fetched.

    Returns:
        The zip, to be imported with ``reelhouse import movielens``.

    Raises:
        JobError: There is no such set, or it could not be fetched.
    """
    if not re.fullmatch(r"ml-[a-z0-9][a-z0-9.-]*", name):
        raise JobError(f"movielens was not fetched: {name!r} is not the name of a set; try ml-latest-small or ml-32m")
    target = downloads / f"{name}.zip"
    if target.exists():
        say(f"movielens was not fetched: {target} is there already; remove it to fetch it anew")
        return target
    url = f"{base_url.rstrip('/')}/{name}.zip"
    with httpx.Client() as client:
        md5 = _published_md5(f"{url}.md5", client, patience)
        return download(
            url, target, limit_bytes=limit_bytes, client=client, progress=progress, md5=md5, patience=patience
        )


def _published_md5(url: str, client: httpx.Client, patience: Patience) -> str | None:
    """Return the MD5 in a checksum file, with or without a file name around it; None if none is published."""

    def ask() -> str | None:
        try:
            # Not every set has a checksum (ml-latest-small has none).
            response = client.get(url, timeout=patience.timeout, follow_redirects=True)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise failure_of(error) from None
        if response.status_code in (403, 404):
            return None
        check_status(response)
        digits = re.search(r"\b[0-9a-fA-F]{32}\b", response.text)
        if digits is None:
            raise RefusedFetchError("it holds no MD5")
        return digits[0]

    try:
        return patience.retrying()(ask)
    except (InterruptedFetchError, RefusedFetchError) as error:
        raise JobError(
            f"movielens was not fetched: no checksum from {public_url(url)}: {error}; run it again later"
        ) from None
