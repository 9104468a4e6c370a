"""People are told what failed: by a line in a file, and by a real server on the loopback address."""

import fcntl
import json
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from jobs.cli.app import app
from jobs.errors import JobError
from jobs.runs.notifying import Failure, notify
from jobs.settings import Settings
from tests.landing.fetch.server import QUICK, Answer, Server, running_server
from tests.runs.test_night import deliver_events

AT = datetime(2026, 11, 27, 2, 30, tzinfo=UTC)
SECRET = "/services/T0/B0/s3cret"  # noqa: S105 - of a server of these tests
ONE = Failure("silver.titles", "silver.titles was not published: x", "2026-11-26", "reelhouse night")
TWO = Failure("bronze.imdb", "bronze.imdb was not ingested: y", "2026-11-26", "reelhouse night")
NIGHT = date(2026, 11, 26)


@pytest.fixture
def server() -> Iterator[Server]:
    with running_server() as server:
        yield server


def settings(home: Path, address: str | None = None, file: str | None = None) -> Settings:
    return Settings(
        home=home, notify_webhook=SecretStr(address) if address else None, notify_file=Path(file) if file else None
    )


def texts(server: Server) -> list[str]:
    bodies: list[dict[str, Any]] = [json.loads(request.body) for request in server.asked(SECRET)]
    assert all(set(body) == {"text"} for body in bodies)
    return [body["text"] for body in bodies]


def lines(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_each_failure_is_one_message_and_one_line(server: Server, tmp_path: Path) -> None:
    told = settings(tmp_path, server.give(SECRET, Answer(body=b"ok")), "failures.jsonl")

    assert notify(told, [ONE, TWO], AT) == []

    assert texts(server) == [
        "Reelhouse: silver.titles of night 2026-11-26 failed (reelhouse night): silver.titles was not published: x",
        "Reelhouse: bronze.imdb of night 2026-11-26 failed (reelhouse night): bronze.imdb was not ingested: y",
    ]
    file = tmp_path / "failures.jsonl"
    assert [line["task"] for line in lines(file)] == ["silver.titles", "bronze.imdb"]
    assert lines(file)[0] == {
        "at": "2026-11-27T02:30:00+00:00", "task": "silver.titles", "error": ONE.error, "night": "2026-11-26",
        "run": "reelhouse night",
    }  # fmt: skip
    assert file.stat().st_mode & 0o777 == 0o600


def test_nobody_is_told_where_nothing_is_set_or_nothing_failed(server: Server, tmp_path: Path) -> None:
    assert notify(settings(tmp_path), [ONE], AT) == []
    assert notify(settings(tmp_path, server.give(SECRET, Answer()), "x"), [], AT) == []
    assert server.requests == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("answers", "says", "asked"),
    [
        ([Answer(status=500), Answer(status=503), Answer()], "", 3),
        ([Answer(status=500)], "the server answered 500", QUICK.attempts),
        ([Answer(status=404)], "the server answered 404", 1),
        ([Answer(status=307, headers={"Location": "/elsewhere"})], "the server answered 307", 1),
        ([Answer(is_silent=True)], "the server went silent", QUICK.attempts),
    ],
    ids=["well again", "fails", "refuses", "redirects", "hangs"],
)
def test_what_a_server_does_wrong_is_said_without_its_address(
    server: Server, tmp_path: Path, answers: list[Answer], says: str, asked: int
) -> None:
    server.give("/elsewhere", Answer())
    told = settings(tmp_path, server.give(SECRET, *answers), "failures.jsonl")

    problems = notify(told, [ONE], AT, QUICK)

    assert problems == ([f"REELHOUSE_NOTIFY_WEBHOOK was not told: {says}"] if says else [])
    assert len(server.asked(SECRET)) == asked
    assert server.asked("/elsewhere") == [], "nobody else is told"
    assert len(lines(tmp_path / "failures.jsonl")) == 1, "the file is told all the same"


def test_an_answer_is_not_read(server: Server, tmp_path: Path) -> None:
    told = settings(tmp_path, server.give(SECRET, Answer(declared_bytes=10**12, stall_after=0)))
    began = time.monotonic()

    assert notify(told, [ONE], AT, QUICK) == []
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9" + SECRET, "ftp://x" + SECRET, "no address" + SECRET, "http://[x" + SECRET]
)
def test_an_address_that_is_none_costs_a_line_that_does_not_hold_it(
    tmp_path: Path, address: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)

    (problem,) = notify(settings(tmp_path, address), [ONE], AT, QUICK)

    assert problem.startswith("REELHOUSE_NOTIFY_WEBHOOK was not told: ")
    assert "s3cret" not in problem + caplog.text + repr(settings(tmp_path, address))


def test_the_address_is_not_logged_where_all_is(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    notify(settings(tmp_path, server.give(SECRET, Answer(status=500))), [ONE], AT, QUICK)

    assert "s3cret" not in caplog.text


def test_telling_ends_in_time_whatever_hangs(server: Server, tmp_path: Path) -> None:
    told = settings(tmp_path, server.give(SECRET, Answer(is_silent=True)), "failures.jsonl")
    began = time.monotonic()

    with (tmp_path / "failures.jsonl").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        problems = notify(told, [ONE], AT, within_seconds=0.3)

    assert time.monotonic() - began < 1
    ways = ("REELHOUSE_NOTIFY_FILE", "REELHOUSE_NOTIFY_WEBHOOK")
    assert problems == [f"{way} was not told: it took more than 0.3 seconds" for way in ways]


def test_text_from_files_links_to_nothing_and_calls_nobody(server: Server, tmp_path: Path) -> None:
    hostile = "<!channel> <http://evil|x> @all [x](http://evil) `x`\x1b[31m\u202e" + "y" * 10_000

    notify(settings(tmp_path, server.give(SECRET, Answer())), [Failure("t", hostile)], AT)

    (text,) = texts(server)
    assert not set("<>`\x1b\u202e") & set(text)
    assert "@all" not in text
    assert "](" not in text
    assert len(text) < 3100


def test_lines_of_many_at_once_stay_whole(tmp_path: Path) -> None:
    (tmp_path / "failures.jsonl").write_bytes(b'{"cut')

    def append(number: int) -> list[str]:
        failures = [Failure(f"{number}.{count}", "x" * 20_000) for count in range(20)]
        return [problem for one in failures for problem in notify(settings(tmp_path, file="failures.jsonl"), [one], AT)]

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(append, range(4))) == [[]] * 4

    cut, *whole = (tmp_path / "failures.jsonl").read_text().splitlines()

    assert cut == '{"cut'
    assert sorted(json.loads(line)["task"] for line in whole) == sorted(f"{n}.{c}" for n in range(4) for c in range(20))


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    (problem,) = notify(settings(tmp_path, file="file/failures.jsonl"), [ONE], AT)
    (full,) = notify(settings(tmp_path, file="/dev/full"), [ONE], AT)

    assert problem.startswith("REELHOUSE_NOTIFY_FILE was not told: ")
    assert "No space left" in full


def test_the_command_tells_the_line_it_is_given(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    monkeypatch.setenv("REELHOUSE_NOTIFY_WEBHOOK", server.give(SECRET, Answer(), Answer(status=403)))
    command = ["notify", "gold.recommendations", "--night", "2026-11-26", "--run", "scheduled"]

    assert CliRunner().invoke(app, command, input="not published:\n x\n").exit_code == 0
    again = CliRunner().invoke(app, command, input="x")

    assert texts(server)[0].endswith("of night 2026-11-26 failed (scheduled): not published: x")
    assert (again.exit_code, again.stderr) == (
        1,
        "error: REELHOUSE_NOTIFY_WEBHOOK was not told: the server answered 403\n",
    )


@pytest.mark.parametrize(
    ("error", "tasks"), [(JobError("silver.titles was not published"), None), (KeyError("x"), ["the night"])]
)
def test_a_night_on_the_command_line_tells_of_its_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, tasks: list[str] | None
) -> None:
    monkeypatch.setenv("REELHOUSE_HOME", str(tmp_path))
    monkeypatch.setenv("REELHOUSE_NOTIFY_FILE", "failures.jsonl")
    deliver_events(Settings(), NIGHT, "tt0000001")

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("jobs.runs.night.run_job", fail)

    result = CliRunner().invoke(app, ["night", "--night", str(NIGHT)])

    told = lines(tmp_path / "failures.jsonl")
    assert result.exit_code == 1
    assert {line["night"] for line in told} == {str(NIGHT)}
    if tasks:
        assert [line["task"] for line in told] == tasks
        assert told[0]["error"] == "KeyError: 'x'"
    else:
        assert "bronze.imdb" in {line["task"] for line in told}, "one line a job that failed"
        assert "silver.titles" not in {line["task"] for line in told}, "what only waits is not told of"
