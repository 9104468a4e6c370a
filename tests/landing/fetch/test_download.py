"""Downloading from a real server that cuts, stalls, refuses and lies."""

import fcntl
import gzip
import hashlib
import json
import random
import traceback
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from jobs.errors import JobError
from jobs.landing.fetch.download import download
from jobs.landing.fetch.patience import Patience
from tests.landing.fetch.server import QUICK, Answer, Server, free_url, names, running_server

BODY = random.Random(7).randbytes(300_000)


@pytest.fixture
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


def fetch(url: str, target: Path, *, limit_bytes: int = 1 << 20, md5: str | None = None) -> Path:
    with httpx.Client() as client:
        return download(url, target, limit_bytes=limit_bytes, client=client, md5=md5, patience=QUICK)


def test_a_cut_download_goes_on_where_it_was_cut(server: Server, tmp_path: Path) -> None:
    entity = {"ETag": '"one"'}
    url = server.give("/file", Answer(BODY, headers=entity, cut_after=100_000), Answer(BODY, headers=entity))
    assert fetch(url, tmp_path / "file").read_bytes() == BODY
    first, second = server.asked("/file")
    assert "range" not in first.headers
    assert second.headers["range"] == "bytes=100000-"
    assert second.headers["if-range"] == '"one"'
    assert names(tmp_path) == ["file"]


def test_cuts_do_not_end_a_download_as_long_as_each_attempt_brings_something(server: Server, tmp_path: Path) -> None:
    entity = {"Last-Modified": "Sun, 01 Mar 2026 00:00:00 GMT"}
    url = server.give("/file", Answer(BODY, headers=entity, cut_after=20_000))
    assert fetch(url, tmp_path / "file").read_bytes() == BODY
    assert len(server.asked("/file")) == 15


def test_a_later_call_goes_on_where_an_earlier_one_gave_up(server: Server, tmp_path: Path) -> None:
    entity = {"ETag": '"one"'}
    url = server.give("/file", Answer(BODY, headers=entity, cut_after=100_000), Answer(status=503))
    with pytest.raises(JobError, match=r"file was not fetched .* answered 503 \(4 attempts\); .*goes on where"):
        fetch(url, tmp_path / "file")
    assert not (tmp_path / "file").exists()
    server.give("/file", Answer(BODY, headers=entity))
    assert fetch(url, tmp_path / "file").read_bytes() == BODY
    assert server.asked("/file")[-1].headers["range"] == "bytes=100000-"


def test_a_part_that_was_complete_is_published(server: Server, tmp_path: Path) -> None:
    url = server.give("/file", Answer(BODY, headers={"ETag": '"one"'}))
    (tmp_path / ".file.part").write_bytes(BODY)
    (tmp_path / ".file.part.json").write_text(json.dumps({"url": url, "validator": '"one"'}))
    assert fetch(url, tmp_path / "file").read_bytes() == BODY
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("ignores_if_range", [False, True])
def test_a_changed_file_starts_over(server: Server, tmp_path: Path, ignores_if_range: bool) -> None:
    changed = BODY[::-1]
    url = server.give(
        "/file",
        Answer(BODY, headers={"ETag": '"one"'}, cut_after=100_000),
        Answer(changed, headers={"ETag": '"two"'}, ignores_if_range=ignores_if_range),
    )
    assert fetch(url, tmp_path / "file").read_bytes() == changed


def test_a_server_that_ignores_ranges_starts_over(server: Server, tmp_path: Path) -> None:
    entity = {"ETag": '"one"'}
    url = server.give(
        "/file", Answer(BODY, headers=entity, cut_after=9), Answer(BODY, headers=entity, ignores_range=True)
    )
    assert fetch(url, tmp_path / "file").read_bytes() == BODY


@pytest.mark.parametrize("entity", [{}, {"ETag": 'W/"weak"'}])
def test_bytes_of_an_entity_without_a_strong_validator_are_not_resumed(
    server: Server, tmp_path: Path, entity: dict[str, str]
) -> None:
    url = server.give("/file", Answer(BODY, headers=entity, cut_after=100_000), Answer(BODY, headers=entity))
    assert fetch(url, tmp_path / "file").read_bytes() == BODY
    assert all("range" not in request.headers for request in server.asked("/file"))


def test_a_stalled_download_is_asked_for_again(server: Server, tmp_path: Path) -> None:
    entity = {"ETag": '"one"'}
    url = server.give("/file", Answer(BODY, headers=entity, stall_after=100_000), Answer(BODY, headers=entity))
    assert fetch(url, tmp_path / "file").read_bytes() == BODY
    assert server.asked("/file")[1].headers["range"] == "bytes=100000-"


def test_a_server_that_only_stalls_is_given_up(server: Server, tmp_path: Path) -> None:
    url = server.give("/file", Answer(BODY, stall_after=0))
    with pytest.raises(JobError, match="the server went silent"):
        fetch(url, tmp_path / "file")
    assert names(tmp_path) == []


def test_too_many_requests_waits_as_long_as_it_is_told(server: Server, tmp_path: Path) -> None:
    url = server.give("/file", Answer(status=429, headers={"Retry-After": "3600"}), Answer(BODY))
    waits: list[float] = []
    retrying = QUICK.retrying

    class Watched(Patience):
        def retrying(self):  # type: ignore[no-untyped-def]
            loop = retrying()
            loop.sleep = waits.append
            return loop

    with httpx.Client() as client:
        download(url, tmp_path / "file", limit_bytes=1 << 20, client=client, patience=Watched())
    assert waits == [QUICK.longest_wait_seconds]  # an hour was asked for: bounded
    assert (tmp_path / "file").read_bytes() == BODY


def test_retry_after_may_be_a_date_of_the_servers_clock(server: Server, tmp_path: Path) -> None:
    later = {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}  # long past: no wait at all
    url = server.give("/file", Answer(status=429, headers=later), Answer(BODY))
    assert fetch(url, tmp_path / "file").read_bytes() == BODY


def test_a_server_in_trouble_is_asked_again(server: Server, tmp_path: Path) -> None:
    url = server.give("/file", *[Answer(status=500)] * 3, Answer(BODY))
    assert fetch(url, tmp_path / "file").read_bytes() == BODY
    assert len(server.asked("/file")) == 4


def test_a_server_in_trouble_for_ever_is_given_up(server: Server, tmp_path: Path) -> None:
    url = server.give("/file", Answer(status=500))
    with pytest.raises(JobError) as failure:
        fetch(url, tmp_path / "file")
    assert str(failure.value) == (
        f"file was not fetched from {url}: the server answered 500 (4 attempts); run it again later, it goes on where "
        "it stopped"
    )
    assert names(tmp_path) == []


@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_is_final(server: Server, tmp_path: Path, status: int) -> None:
    url = server.give("/file", Answer(status=status))
    with pytest.raises(JobError, match=f"file was not fetched from {url}: the server answered {status}; check"):
        fetch(url, tmp_path / "file")
    assert len(server.asked("/file")) == 1
    assert names(tmp_path) == []


def test_nobody_listening_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="no connection"):
        fetch(f"{free_url()}/file", tmp_path / "file")


def test_what_is_not_an_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"the address is not an http\(s\) URL"):
        fetch("files.example/file", tmp_path / "file")


def test_a_wrong_checksum_publishes_nothing(server: Server, tmp_path: Path) -> None:
    url = server.give("/file", Answer(BODY))
    with pytest.raises(JobError, match=r"its MD5 is .*, and 0{32} is published"):
        fetch(url, tmp_path / "file", md5="0" * 32)
    assert len(server.asked("/file")) == 1
    assert names(tmp_path) == []


def test_a_resumed_file_with_a_wrong_checksum_starts_over(server: Server, tmp_path: Path) -> None:
    url = server.give("/file", Answer(BODY, headers={"ETag": '"one"'}))
    (tmp_path / ".file.part").write_bytes(b"x" * 1000)
    (tmp_path / ".file.part.json").write_text(json.dumps({"url": url, "validator": '"one"'}))
    md5 = hashlib.md5(BODY, usedforsecurity=False).hexdigest()
    assert fetch(url, tmp_path / "file", md5=md5).read_bytes() == BODY
    assert ["range" in request.headers for request in server.asked("/file")] == [True, False]


def test_a_gzip_that_is_not_whole_is_refused(server: Server, tmp_path: Path) -> None:
    url = server.give("/file.gz", Answer(gzip.compress(BODY)[:-5], chunked=True))
    with pytest.raises(JobError, match=r"what arrived is not a whole \.gz file"):
        fetch(url, tmp_path / "file.gz")
    url = server.give("/file.gz", Answer(b"<html>please log in</html>"))
    with pytest.raises(JobError, match=r"what arrived is not a whole \.gz file"):
        fetch(url, tmp_path / "file.gz")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "answer", [Answer(BODY, headers={"ETag": '"one"'}), Answer(BODY, chunked=True)], ids=["declared", "actual"]
)
def test_a_file_over_the_limit_is_not_kept(server: Server, tmp_path: Path, answer: Answer) -> None:
    url = server.give("/file", answer)
    with pytest.raises(JobError, match="bytes or more, and the limit is 200,000"):
        fetch(url, tmp_path / "file", limit_bytes=200_000)
    assert len(server.asked("/file")) == 1
    assert names(tmp_path) == []


def test_fewer_bytes_than_declared_are_not_the_file(server: Server, tmp_path: Path) -> None:
    url = server.give("/file", Answer(BODY, declared_bytes=len(BODY) + 1))
    with pytest.raises(JobError, match="the connection was cut"):
        fetch(url, tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_two_fetches_of_one_file_do_not_meet(server: Server, tmp_path: Path) -> None:
    url = server.give("/file", Answer(BODY))
    with (tmp_path / ".file.part").open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(JobError, match="another fetch is downloading it"):
            fetch(url, tmp_path / "file")
    assert fetch(url, tmp_path / "file").read_bytes() == BODY


def test_a_password_in_the_address_is_not_shown(server: Server, tmp_path: Path) -> None:
    url = server.give("/file", Answer(status=404)).replace("http://", "http://me:hidden@") + "?token=hidden"
    with pytest.raises(JobError) as failure:
        fetch(url, tmp_path / "file")
    assert "hidden" not in "".join(traceback.format_exception(failure.value))
