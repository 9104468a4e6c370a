"""Fetching from a real server that speaks like TMDb; above all, the key goes to it and nowhere else."""

import gzip
import json
import logging
import traceback
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr

from jobs.errors import JobError
from jobs.landing.fetch.tmdb import fetch_tmdb
from tests.landing.fetch.server import QUICK, Answer, Server, names, running_server

NIGHT = date(2026, 3, 1)
V3_KEY = "0123456789abcdef0123456789abcdef"
A_V4_ONE = "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJzZWNyZXQifQ.c2lnbmF0dXJl"


@pytest.fixture
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


EXPORT_PATH = "/exports/movie_ids_03_01_2026.json.gz"
MOVIES = [
    {"adult": False, "id": n, "original_title": f"M{n}", "popularity": n / 2, "video": False} for n in range(1, 6)
]


def give_tmdb(server: Server) -> None:
    lines = "".join(json.dumps(movie) + "\n" for movie in MOVIES)
    server.give(EXPORT_PATH, Answer(gzip.compress(lines.encode())))
    for movie in MOVIES:
        server.give(f"/3/movie/{movie['id']}", Answer(json.dumps(movie | {"title": "Amélie"}).encode()))


def run_tmdb(server: Server, landing: Path, key: str | None, said: list[str], details_count: int = 3) -> list[Path]:
    return fetch_tmdb(
        landing,
        NIGHT,
        key=None if key is None else SecretStr(key),
        details_count=details_count,
        base_url=f"{server.url}/3",
        files_url=f"{server.url}/exports",
        patience=QUICK,
        say=said.append,
    )


def described(landing: Path) -> list[int]:
    lines = gzip.decompress((landing / "tmdb/2026-03-01/movie_details.jsonl.gz").read_bytes()).splitlines()
    return [json.loads(line)["id"] for line in lines]


def test_tmdb_describes_the_most_popular_movies_not_described_before(server: Server, tmp_path: Path) -> None:
    give_tmdb(server)
    for day, movie_id in (("2026-02-27", 5), ("2026-03-02", 4)):  # the second is not yet there, as of the night
        (tmp_path / "tmdb" / day).mkdir(parents=True)
        (tmp_path / "tmdb" / day / "movie_details.jsonl").write_text(json.dumps({"id": movie_id}) + "\n")
    files = run_tmdb(server, tmp_path, V3_KEY, [])
    assert [path.name for path in files] == ["movie_details.jsonl.gz", "movie_ids_03_01_2026.json.gz"]
    assert described(tmp_path) == [4, 3, 2]
    assert "append_to_response=keywords%2Ccredits" in server.asked("/3/movie/4")[0].query
    assert run_tmdb(server, tmp_path, V3_KEY, []) == []


def test_tmdb_without_a_key_is_the_export_and_a_note(server: Server, tmp_path: Path) -> None:
    give_tmdb(server)
    said: list[str] = []
    assert [path.name for path in run_tmdb(server, tmp_path, None, said)] == ["movie_ids_03_01_2026.json.gz"]
    assert said == ["tmdb details were not fetched: set REELHOUSE_TMDB_API_KEY to have them; the id export was"]


def test_an_export_that_is_not_published_says_when_it_is(server: Server, tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"movie_ids_03_01_2026.* answered 404; .*08:00 UTC"):
        run_tmdb(server, tmp_path, None, [])
    assert names(tmp_path / "tmdb") == [".2026-03-01"]


def test_tmdb_details_go_on_after_an_interruption(server: Server, tmp_path: Path) -> None:
    give_tmdb(server)
    server.give("/3/movie/4", Answer(status=500))
    with pytest.raises(JobError, match="movie/4: the server answered 500"):
        run_tmdb(server, tmp_path, V3_KEY, [])
    assert names(tmp_path / "tmdb") == [".2026-03-01"]

    give_tmdb(server)
    with (tmp_path / "tmdb/.2026-03-01/.movie_details.jsonl").open("a") as lines:
        lines.write('{"id":4,"ti')  # the process was killed within a line
    server.give("/3/movie/4", Answer(status=429, headers={"Retry-After": "0"}), *server.answers["/3/movie/4"])
    run_tmdb(server, tmp_path, V3_KEY, [])
    assert described(tmp_path) == [5, 4, 3]
    assert len(server.asked("/3/movie/5")) == 1
    assert names(tmp_path / "tmdb/2026-03-01") == ["movie_details.jsonl.gz", "movie_ids_03_01_2026.json.gz"]


def test_a_movie_that_tmdb_has_removed_is_left_out(server: Server, tmp_path: Path) -> None:
    give_tmdb(server)
    server.give("/3/movie/4", Answer(status=404))
    said: list[str] = []
    run_tmdb(server, tmp_path, V3_KEY, said)
    assert described(tmp_path) == [5, 3]
    assert said == ["tmdb no longer knows 1 of the 3 movies asked for"]


@pytest.mark.parametrize("line", ['{"id": 1}', '{"id": 1, "popu'])
def test_an_export_line_that_is_no_movie_is_named(server: Server, tmp_path: Path, line: str) -> None:
    server.give(EXPORT_PATH, Answer(gzip.compress(line.encode())))
    with pytest.raises(JobError, match=r"movie_ids_03_01_2026.json.gz line 1 is not a movie"):
        run_tmdb(server, tmp_path, V3_KEY, [])


BAD_API = {
    "refused": Answer(status=401),
    "in trouble": Answer(status=500),
    "cut": Answer(b"{}", declared_bytes=9),
    "stalled": Answer(b"{}", stall_after=1),
    "redirected": Answer(status=302, headers={"Location": "http://127.0.0.1:9/elsewhere"}),
    "no JSON": Answer(b"<html>"),
    "another movie": Answer(b'{"id":99}'),
}


@pytest.mark.parametrize("key", [V3_KEY, A_V4_ONE], ids=["v3", "v4"])
@pytest.mark.parametrize("answer", BAD_API.values(), ids=BAD_API.keys())
def test_the_key_is_sent_and_appears_nowhere_else(
    server: Server,
    tmp_path: Path,
    key: str,
    answer: Answer,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="httpx")  # Airflow's set-up, imported by other tests, quiets it
    give_tmdb(server)
    server.give("/3/movie/4", answer)
    said: list[str] = []
    with pytest.raises(JobError) as failure:
        run_tmdb(server, tmp_path, key, said)

    sent = server.asked("/3/movie/5")[0]
    if key == V3_KEY:
        assert f"api_key={key}" in sent.query
        assert "authorization" not in sent.headers
    else:
        assert sent.headers["authorization"] == f"Bearer {key}"
        assert "api_key" not in sent.query
    assert all(key not in request.query + str(request.headers) for request in server.asked(EXPORT_PATH))

    assert "/3/movie/5" in caplog.text  # httpx does log its requests
    output = capfd.readouterr()
    on_disk = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    shown = "".join(traceback.format_exception(failure.value)) + caplog.text + output.out + output.err + str(said)
    context: BaseException | None = failure.value
    while context is not None:
        shown += repr(context) + repr(vars(context))
        request = getattr(context, "_request", None)
        shown += str(request.url) + str(request.headers) if request else ""
        context = context.__cause__ or context.__context__
    assert key not in shown
    assert key.encode() not in on_disk
