"""Fetching the IMDb datasets and MovieLens sets from a real server."""

import gzip
import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from jobs.errors import JobError
from jobs.landing.fetch.archives import IMDB_FILES, fetch_imdb, fetch_movielens
from tests.landing.fetch.server import QUICK, Answer, Server, names, running_server

NIGHT = date(2026, 3, 1)


@pytest.fixture
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


def give_imdb(server: Server) -> None:
    for name in IMDB_FILES:
        server.give(f"/imdb/{name}", Answer(gzip.compress(name.encode()), headers={"ETag": '"one"'}))


def test_imdb_arrives_as_one_folder_and_once(server: Server, tmp_path: Path) -> None:
    give_imdb(server)
    said: list[str] = []
    files = fetch_imdb(tmp_path, NIGHT, base_url=f"{server.url}/imdb/", patience=QUICK, say=said.append)
    assert files == [tmp_path / "imdb/2026-03-01" / name for name in IMDB_FILES]
    assert [gzip.decompress(path.read_bytes()).decode() for path in files] == list(IMDB_FILES)
    assert names(tmp_path / "imdb") == ["2026-03-01"]
    assert names(tmp_path / "imdb/2026-03-01") == sorted(IMDB_FILES)

    asked = len(server.requests)
    assert fetch_imdb(tmp_path, NIGHT, base_url=f"{server.url}/imdb/", patience=QUICK, say=said.append) == []
    assert len(server.requests) == asked
    assert said == [f"imdb was not fetched: {tmp_path}/imdb/2026-03-01 is there already"]


def test_an_interrupted_imdb_delivery_is_invisible_and_goes_on(server: Server, tmp_path: Path) -> None:
    give_imdb(server)
    last = f"/imdb/{IMDB_FILES[-1]}"
    server.give(last, Answer(status=500))
    with pytest.raises(JobError, match=IMDB_FILES[-1]):
        fetch_imdb(tmp_path, NIGHT, base_url=f"{server.url}/imdb", patience=QUICK)
    assert names(tmp_path / "imdb") == [".2026-03-01"]

    give_imdb(server)
    server.requests.clear()
    assert len(fetch_imdb(tmp_path, NIGHT, base_url=f"{server.url}/imdb", patience=QUICK)) == 7
    assert [request.path for request in server.requests] == [last]
    assert names(tmp_path / "imdb") == ["2026-03-01"]


def test_progress_has_a_bar_for_every_file(server: Server, tmp_path: Path) -> None:
    give_imdb(server)
    progress = Progress(console=Console(file=io.StringIO()))
    fetch_imdb(tmp_path, NIGHT, base_url=f"{server.url}/imdb", patience=QUICK, progress=progress)
    assert [task.description for task in progress.tasks] == list(IMDB_FILES)
    assert all(task.finished for task in progress.tasks)


def small_zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("ml-tiny/ratings.csv"), "userId,movieId,rating,timestamp\r\n")
    return packed.getvalue()


def test_movielens_is_checked_against_its_published_md5(server: Server, tmp_path: Path) -> None:
    server.give("/ml/ml-tiny.zip", Answer(small_zip()))
    digits = hashlib.md5(small_zip(), usedforsecurity=False).hexdigest()
    server.give("/ml/ml-tiny.zip.md5", Answer(f"{digits}  ml-tiny.zip\n".encode()))
    base_url = f"{server.url}/ml/"
    said: list[str] = []
    assert fetch_movielens(tmp_path, "ml-tiny", base_url=base_url, patience=QUICK) == tmp_path / "ml-tiny.zip"
    asked = len(server.requests)
    fetch_movielens(tmp_path, "ml-tiny", base_url=base_url, patience=QUICK, say=said.append)
    assert len(server.requests) == asked
    assert "is there already" in said[0]

    server.give("/ml/ml-tiny.zip.md5", Answer(b"MD5 (ml-tiny.zip) = " + b"a" * 32))
    (tmp_path / "ml-tiny.zip").unlink()
    with pytest.raises(JobError, match=r"and a{32} is published"):
        fetch_movielens(tmp_path, "ml-tiny", base_url=base_url, patience=QUICK)
    assert names(tmp_path) == []


def test_movielens_without_a_published_md5_is_checked_by_its_own(server: Server, tmp_path: Path) -> None:
    server.give("/ml-tiny.zip", Answer(small_zip()))
    assert fetch_movielens(tmp_path, "ml-tiny", base_url=server.url, patience=QUICK).read_bytes() == small_zip()
    damaged = bytearray(small_zip())
    damaged[60] ^= 1
    server.give("/ml-hurt.zip", Answer(bytes(damaged)))
    with pytest.raises(JobError, match="damaged"):
        fetch_movielens(tmp_path, "ml-hurt", base_url=server.url, patience=QUICK)


@pytest.mark.parametrize("name", ["../ml-1", "ml-/../x", "http://x", ""])
def test_a_name_that_is_no_set_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(JobError, match="is not the name of a set"):
        fetch_movielens(tmp_path, name)
