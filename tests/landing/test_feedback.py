"""Feedback: whole lines whoever writes, reads or is killed, each event once, and nothing that a night sets aside."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from pyspark.sql import SparkSession

from expectations.bronze.interactions import SUITES
from jobs.errors import JobError
from jobs.lakehouse.audit.mark import REASONS, mark
from jobs.landing import gate
from jobs.landing.feedback import FILE, Feedback, Said, file_of, has_spoken, record, said_by, who_spoke
from jobs.landing.readers import read_files
from jobs.silver.interactions import Counting, refine_events
from jobs.tables import bronze, silver
from tests.rows import rows_of

DAY = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
LIKE = Feedback("u", "tt0113277", "like")
ODD = ('o\'neil "x" \\ é 😀', "x" * 128, "[red]u[/red]", "a b")
"""Viewers whose identifiers a log may hold."""
WRITER = """
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from jobs.landing.feedback import Feedback, record
landing, name = Path(sys.argv[1]), sys.argv[2]
for number in range(int(sys.argv[3])):
    said = Feedback(f"{name} {'x' * 80}", f"tt{number:07}", "like")
    record(landing, said, f"{name}-{number}", date(2026, 3, 1), datetime(2026, 3, 1, tzinfo=UTC))
    print(number, flush=True)
"""


def events(landing: Path, day: date = DAY) -> list[dict[str, Any]]:
    return parsed(file_of(landing, day).read_bytes())


def parsed(text: bytes) -> list[dict[str, Any]]:
    """The events of a file; a line of blanks is no record."""
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def start(landing: Path, name: str, count: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(landing), name, str(count)], stdout=subprocess.PIPE, text=True
    )


def test_an_event_is_a_line_of_an_event_log(tmp_path: Path) -> None:
    file, _ = record(tmp_path, Feedback("ü", "tt0113277", "rating", 8.5), "form-1", DAY, NOON)
    record(tmp_path, LIKE, "form-2", DAY, NOON)

    assert file == tmp_path / "interactions" / "2026-03-01" / "feedback.jsonl"
    rated, liked = events(tmp_path)
    assert rated == {
        "event_id": "feedback:form-1",
        "user_id": "ü",
        "title_id": "tt0113277",
        "event_type": "rating",
        "value": 8.5,
        "occurred_at": "2026-03-01T12:00:00.000005Z",
        "source": "feedback",
    }
    assert (liked["event_type"], liked["value"]) == ("like", None)
    assert has_spoken(tmp_path, DAY, "ü")
    assert not has_spoken(tmp_path, DAY, "x")
    assert not has_spoken(tmp_path, DAY - timedelta(days=1), "u")
    assert who_spoke(tmp_path, DAY, "ü") == {"ü"}
    assert who_spoke(tmp_path, DAY, "like") == frozenset(), "what else a line says is not searched"


def test_what_is_said_after_the_day_is_of_its_last_second_and_in_order(tmp_path: Path) -> None:
    for number in range(3):
        record(tmp_path, Feedback("u", "tt0113277", "rating", number), str(number), DAY, NOON + timedelta(days=200))

    assert [(event["value"], event["occurred_at"]) for event in events(tmp_path)] == [
        (0, "2026-03-01T23:59:59.000000Z"),
        (1, "2026-03-01T23:59:59.000001Z"),
        (2, "2026-03-01T23:59:59.000002Z"),
    ]


def test_a_token_names_one_event_today_and_tomorrow(tmp_path: Path) -> None:
    for token, at, is_new in (("form", NOON, True), (" form ", NOON + timedelta(minutes=1), False)):
        assert record(tmp_path, LIKE, token, DAY, at).is_new is is_new
    assert not record(tmp_path, LIKE, "form", DAY + timedelta(days=1), NOON + timedelta(days=1)).is_new

    assert [event["occurred_at"] for event in events(tmp_path)] == ["2026-03-01T12:00:00.000005Z"]
    assert not (tmp_path / "interactions" / "2026-03-02").exists()
    with pytest.raises(JobError, match="token form is that of another event, like of tt0113277 by u; give dislike of"):
        record(tmp_path, Feedback("u", "tt0113277", "dislike"), "form", DAY, NOON)
    assert len(events(tmp_path)) == 1


@pytest.mark.parametrize(
    ("said", "token", "message"),
    [
        (Feedback("*", "tt1", "like"), "t", "stands for everybody who is not known"),
        (
            Feedback("", "tt1", "like"),
            "t",
            "a viewer has 1 to 128 printable characters and no blanks around them, not ''",
        ),
        (Feedback("u ", "tt1", "like"), "t", "no blanks around them, not 'u '"),
        (Feedback("a\x1b", "tt1", "like"), "t", "a viewer has 1 to 128 printable"),
        (Feedback("a\udcff", "tt1", "like"), "t", "a viewer has 1 to 128 printable"),
        (Feedback("x" * 129, "tt1", "like"), "t", "a viewer has 1 to 128 printable"),
        (Feedback("u", "tt1\n", "like"), "t", "a title has 1 to 128 printable"),
        (Feedback("u", "tt1", "like"), "  ", "a token has 1 to 128 printable"),
        (Feedback("u", "tt1", "like"), "\n", "a token has 1 to 128 printable"),
        (Feedback("u", "tt1", "adore"), "t", "'adore' is none of view, rating, like"),
        (Feedback("u", "tt1", "rating"), "t", "a rating has a value, and nothing else has"),
        (Feedback("u", "tt1", "like", 3.0), "t", "a rating has a value, and nothing else has"),
        (Feedback("u", "tt1", "rating", 11.0), "t", "a rating is from 0 to 10, not 11"),
        (Feedback("u", "tt1", "rating", -1.0), "t", "a rating is from 0 to 10, not -1"),
        (Feedback("u", "tt1", "rating", float("nan")), "t", "a rating is from 0 to 10, not nan"),
    ],
)
def test_what_a_night_would_set_aside_is_refused(tmp_path: Path, said: Feedback, token: str, message: str) -> None:
    with pytest.raises(JobError, match=message):
        record(tmp_path, said, token, DAY, NOON)

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_made_costs_a_line_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "interactions").mkdir()
    # Neither a file nor its folder can be made where something else has the name.
    (tmp_path / "interactions" / f".{DAY}.feedback").touch()

    with pytest.raises(JobError, match=r"nothing was recorded: .*feedback\.jsonl cannot be written"):
        record(tmp_path, LIKE, "two", DAY, NOON)

    assert not file_of(tmp_path, DAY).exists()


def test_a_disk_that_fills_within_a_line_keeps_none_of_it(tmp_path: Path) -> None:
    file, _ = record(tmp_path, LIKE, "one", DAY, NOON)
    before, limits = file.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 40, limits[1]))
    try:
        with pytest.raises(JobError, match="nothing was recorded: .* cannot be written .40 of 1.. bytes were written"):
            record(tmp_path, LIKE, "two", DAY, NOON)
        assert file.read_bytes() == before
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    record(tmp_path, LIKE, "two", DAY, NOON)

    assert [event["event_id"] for event in events(tmp_path)] == ["feedback:one", "feedback:two"]


def test_no_line_lies_in_two_pages_of_the_file(tmp_path: Path) -> None:
    for number in range(60):
        file, _ = record(tmp_path, Feedback("ü" * (number + 1), "tt1", "like"), str(number), DAY, NOON)

    text, at = file.read_bytes(), 0
    assert len(text) > 3 * 4096
    for line in text.splitlines(keepends=True):
        assert not line.strip() or at // 4096 == (at + len(line) - 1) // 4096
        at += len(line)
    assert [event["event_id"] for event in parsed(text)] == [f"feedback:{number}" for number in range(60)]


@pytest.mark.parametrize("in_place", [True, False])
def test_a_file_that_somebody_changed_is_read_anew(tmp_path: Path, in_place: bool) -> None:
    for token in ("one", "two"):
        file, _ = record(tmp_path, LIKE, token, DAY, NOON)
    left = file.read_bytes().splitlines(keepends=True)[1]
    if in_place:
        file.write_bytes(left)
    else:
        (tmp_path / "anew").write_bytes(b"\n" + left)
        (tmp_path / "anew").replace(file)

    for token in ("one", "two"):
        record(tmp_path, LIKE, token, DAY, NOON)

    assert [event["event_id"] for event in events(tmp_path)] == ["feedback:two", "feedback:one"]


def test_what_a_viewer_said_is_told_in_order_and_nobody_else_s(tmp_path: Path) -> None:
    second = Feedback("u", "tt2", "rating", 3.0)
    for token, said in enumerate(
        [LIKE, Feedback("v", "tt0113277", "like"), second, Feedback('"user_id":"u",', "x", "like")]
    ):
        file, _ = record(tmp_path, said, str(token), DAY, NOON)
    with file.open("ab") as torn:
        torn.write(b'{"event_id":"feedback:9","user_id":"u",')

    assert said_by(tmp_path, DAY, "u") == (Said("0", LIKE), Said("2", second))
    assert said_by(tmp_path, DAY, "nobody") == ()


def test_a_thousand_events_a_second_of_many_threads_are_recorded_once_each(tmp_path: Path) -> None:
    def say(number: int) -> None:
        # Everything is sent twice, as by somebody who did not see the answer.
        record(tmp_path, Feedback(f"u{number // 2}", "tt1", "like"), f"form-{number // 2}", DAY, NOON)

    record(tmp_path, LIKE, "first", DAY, NOON)
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(say, range(3_000)))

    found = [event["event_id"] for event in events(tmp_path)]
    assert sorted(found) == sorted({"feedback:first", *(f"feedback:form-{number}" for number in range(1_500))})
    before = psutil.Process().io_counters().read_chars
    for number in range(3_000, 3_100):
        record(tmp_path, Feedback("u", "tt1", "like"), f"form-{number}", DAY, NOON)
    # The last ones cost what the first do: of a large file nothing is read again but what tells that it is still the same.
    assert psutil.Process().io_counters().read_chars - before < 100 * 1_000


def test_a_line_that_somebody_left_unfinished_does_not_swallow_the_next(tmp_path: Path) -> None:
    file, _ = record(tmp_path, LIKE, "one", DAY, NOON)
    file.write_bytes(file.read_bytes().removesuffix(b"\n"))

    record(tmp_path, LIKE, "two", DAY, NOON)

    assert [event["event_id"] for event in events(tmp_path)] == ["feedback:one", "feedback:two"]


def test_an_event_of_which_half_a_line_is_left_is_recorded_when_it_is_sent_again(tmp_path: Path) -> None:
    file, _ = record(tmp_path, LIKE, "one", DAY, NOON)
    file.write_bytes(file.read_bytes()[:-20])

    for _ in range(2):
        record(tmp_path, LIKE, "one", DAY, NOON)

    assert json.loads(file.read_text(encoding="utf-8").splitlines()[1])["event_id"] == "feedback:one"
    assert file.read_bytes().count(b"\n") == 2


def test_many_writers_and_a_reader_see_whole_lines_and_killed_ones_lose_nothing_that_was_recorded(
    tmp_path: Path,
) -> None:
    writers = {name: start(tmp_path, name, 10_000) for name in ("a", "b", "c", "d")}
    home, seen = tmp_path / "interactions", 0
    until = time.monotonic() + 60
    while seen < 200 and time.monotonic() < until:
        for folder in (entry for entry in home.glob("*") if not entry.name.startswith(".")):
            # A folder without its file, or a file without a line, would stop a night.
            text = (folder / FILE).read_bytes()
            assert text.endswith(b"\n")
            seen = len(parsed(text))
            assert seen
    recorded = set()
    for name, writer in writers.items():
        os.kill(writer.pid, signal.SIGKILL)
        said, _ = writer.communicate()
        recorded |= {f"feedback:{name}-{number}" for number in said.split()}

    last = start(tmp_path, "e", 1)
    last.communicate()

    found = [event["event_id"] for event in events(tmp_path)]
    assert seen >= 200
    assert len(found) == len(set(found)), "each event once"
    assert recorded | {"feedback:e-0"} <= set(found)
    # One that was being recorded may be there without having been told.
    assert len(set(found) - recorded) <= 1 + len(writers)


def test_a_night_takes_whatever_is_recorded(spark: SparkSession, tmp_path: Path) -> None:
    said = [Feedback(viewer, "tt0113277", "rating", 7.5) for viewer in ODD] + [Feedback("u", "tmdb:603", "watchlist")]
    for number, one in enumerate(said):
        file, _ = record(tmp_path, one, f"{number} {one.user_id[:9]}", DAY, NOON + timedelta(days=9))

    delivered, problems = gate.check(bronze.INTERACTIONS, file)

    assert delivered is not None, problems
    rows = read_files(spark, bronze.INTERACTIONS, [delivered])
    marked = mark(rows, SUITES[bronze.INTERACTIONS.name], {})
    assert [row[REASONS] for row in marked.collect()] == [[]] * len(said)
    events = refine_events(rows, rows_of(spark, silver.TITLE_LINKS, []), Counting(30, (), 100)).collect()
    assert [row for row in events if row["_faults"] or row["_duplicates"]] == []
    found = {(row["user_id"], row["title_id"], row["event_type"], row["value"]) for row in events}
    assert found == {tuple(asdict(one).values()) for one in said}
    assert {row["source"] for row in events} == {"feedback"}
