"""What was delivered and what of it is new: found without Spark, and nothing passed over in silence."""

import os
from datetime import date
from pathlib import Path

import pytest

from jobs.errors import JobError
from jobs.landing.deliveries import (
    Pending,
    content_hash,
    delivered_days,
    require_delivery,
    survey,
    without_news,
)
from jobs.landing.hashes import Hashes
from jobs.settings import Settings
from jobs.tables import Source, bronze
from tests.cli.small_lake import publish

ONE, TWO, THREE, FOUR = (date(2026, 3, day) for day in (1, 2, 3, 4))
RATINGS = Source("imdb", (bronze.IMDB_TITLE_RATINGS,), is_complete=True)
NAME = "title.ratings.tsv.gz"


def deliver(settings: Settings, source: Source, day: date, name: str, content: str = "x") -> Path:
    file = settings.landing / source.folder / day.isoformat() / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    return file


def only(pending: list[Pending]) -> Pending:
    (found,) = pending
    return found


def new_days(settings: Settings, source: Source, night: date) -> list[date]:
    return list(only(survey(settings, source, night)).files)


def test_a_list_that_comes_by_itself_is_found_behind_newer_deliveries_of_another(settings: Settings) -> None:
    deliver(settings, bronze.RULES, ONE, "block.csv")
    deliver(settings, bronze.RULES, TWO, "boost.csv")

    assert [list(found.files) for found in survey(settings, bronze.RULES, TWO)] == [[ONE], [TWO]]


def hold(settings: Settings, source: Source, *days: date) -> None:
    """The lake holds what lies in landing of these days."""
    (table,) = source.tables
    hashes = Hashes(settings.landing / source.folder)
    contents = {
        str(day): content_hash(
            hashes.of(file) for file in (settings.landing / source.folder / str(day)).iterdir() if file.is_file()
        )
        for day in days
    }
    publish(settings.root, table, night=max(days), deliveries=contents)


def test_every_delivery_of_a_log_that_the_lake_does_not_hold_is_new(settings: Settings) -> None:
    for day in (ONE, TWO, FOUR):
        deliver(settings, bronze.EVENTS, day, "log.jsonl", str(day))
    hold(settings, bronze.EVENTS, TWO)

    assert new_days(settings, bronze.EVENTS, THREE) == [ONE]
    assert new_days(settings, bronze.EVENTS, FOUR) == [ONE, FOUR]


def test_a_file_added_later_to_a_day_already_ingested_is_found(settings: Settings) -> None:
    for day in (ONE, TWO):
        deliver(settings, bronze.EVENTS, day, "log.jsonl", str(day))
    hold(settings, bronze.EVENTS, ONE, TWO)
    assert new_days(settings, bronze.EVENTS, TWO) == []

    late = deliver(settings, bronze.EVENTS, ONE, "late.csv.gz")

    assert only(survey(settings, bronze.EVENTS, TWO)).files == {ONE: [late, late.with_name("log.jsonl")]}


def test_a_file_changed_in_place_is_found_and_one_only_renamed_is_not(settings: Settings) -> None:
    log = deliver(settings, bronze.EVENTS, ONE, "log.jsonl", "before")
    hold(settings, bronze.EVENTS, ONE)
    survey(settings, bronze.EVENTS, ONE)

    log = log.rename(log.with_name("renamed.jsonl"))
    assert new_days(settings, bronze.EVENTS, ONE) == []

    status = log.stat()
    log.write_text("behind")
    os.utime(log, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert new_days(settings, bronze.EVENTS, ONE) == [ONE], "same size and modification time, other content"


def test_an_unchanged_file_is_not_read_again(settings: Settings) -> None:
    log = deliver(settings, bronze.EVENTS, ONE, "log.jsonl")
    home = settings.landing / "interactions"
    first = Hashes(home)
    digest = first.of(log)
    first.save()
    log.chmod(0)  # changes its inode, which is noticed

    if os.geteuid():
        with pytest.raises(PermissionError):
            Hashes(home).of(log)
    log.chmod(0o644)
    assert Hashes(home).of(log) == digest
    (home / ".hashes.json").write_text('{"cut sh')
    assert Hashes(home).of(log) == digest


def test_only_the_newest_delivery_of_a_snapshot_is_read(settings: Settings) -> None:
    for day in (ONE, TWO, THREE):
        deliver(settings, RATINGS, day, NAME, str(day))

    assert new_days(settings, RATINGS, TWO) == [TWO]

    hold(settings, RATINGS, TWO)
    assert new_days(settings, RATINGS, TWO) == []
    assert new_days(settings, RATINGS, THREE) == [THREE]
    assert new_days(settings, RATINGS, ONE) == [ONE], "three deliveries are kept, so a backfill brings it in"


def test_a_snapshot_that_says_what_the_one_before_said_is_unchanged(settings: Settings) -> None:
    deliver(settings, RATINGS, ONE, NAME, "the same")
    hold(settings, RATINGS, ONE)
    deliver(settings, RATINGS, TWO, NAME, "the same")

    same, missed = (without_news(only(survey(settings, RATINGS, night))) for night in (TWO, THREE))

    assert (same.state, missed.state, missed.note) == ("unchanged", "stale", "last delivered 2026-03-01")


def test_what_is_still_being_written_is_not_looked_at(settings: Settings) -> None:
    deliver(settings, bronze.EVENTS, ONE, "log.jsonl")
    for name in (".log.jsonl.part", "_SUCCESS"):
        deliver(settings, bronze.EVENTS, ONE, name)
    (settings.landing / "interactions" / ".2026-03-02.world").mkdir()

    assert new_days(settings, bronze.EVENTS, TWO) == [ONE]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (bronze.TMDB, "ratings_small.csv"),
        (bronze.EVENTS, "log.jsonl.zst"),
        (bronze.EVENTS, "log.json"),
        (bronze.EVENTS, "README.txt"),
        (RATINGS, "title.ratings.csv"),
    ],
)
def test_a_file_that_belongs_to_no_table_is_refused_with_what_is_accepted(
    settings: Settings, source: Source, name: str
) -> None:
    if source.is_complete:
        deliver(settings, source, ONE, NAME if source is RATINGS else "log.jsonl")
    file = deliver(settings, source, ONE, name)

    with pytest.raises(JobError, match="would not be read") as refusal:
        survey(settings, source, ONE)

    assert str(file) in str(refusal.value)
    assert source.tables[0].files[0] in str(refusal.value)


@pytest.mark.parametrize("name", ["log.ndjson", "log.ndjson.gz", "log.csv.gz", "log.jsonl.gz", "log.parquet"])
def test_event_logs_in_these_formats_are_read(settings: Settings, name: str) -> None:
    deliver(settings, bronze.EVENTS, ONE, name)

    assert new_days(settings, bronze.EVENTS, ONE) == [ONE]


def test_a_folder_in_the_place_of_a_file_is_refused(settings: Settings) -> None:
    (settings.landing / "interactions" / "2026-03-01" / "events.parquet").mkdir(parents=True)

    with pytest.raises(JobError, match=r"events\.parquet is a folder, not a file"):
        survey(settings, bronze.EVENTS, ONE)


def test_a_file_in_the_place_of_a_folder_is_refused(settings: Settings) -> None:
    deliver(settings, RATINGS, ONE, NAME)
    (settings.landing / "imdb" / "2026-03-02").touch()
    with pytest.raises(JobError, match="2026-03-02 is a file, not a folder of files"):
        survey(settings, RATINGS, ONE)

    settings.landing.joinpath("movielens").touch()
    with pytest.raises(JobError, match="movielens is a file, not a folder of deliveries"):
        survey(settings, bronze.MOVIELENS, ONE)


@pytest.mark.parametrize("name", ["2026-3-1", "20260301", "today"])
def test_a_folder_that_is_not_named_by_its_day_is_refused(settings: Settings, name: str) -> None:
    (settings.landing / "imdb" / name).mkdir(parents=True)

    with pytest.raises(JobError, match=f"{name} is no delivery: its folder is named by its day"):
        survey(settings, RATINGS, ONE)


def test_a_night_for_which_nothing_was_delivered_is_refused(settings: Settings) -> None:
    with pytest.raises(JobError, match="there is none at all"):
        require_delivery(settings.landing, ONE)
    deliver(settings, bronze.EVENTS, ONE, "log.jsonl")
    (settings.landing / "imdb" / str(TWO)).mkdir(parents=True)

    require_delivery(settings.landing, ONE)

    assert delivered_days(settings.landing) == [ONE], "an empty folder is no delivery"
    with pytest.raises(
        JobError, match=r"night 2026-03-02 did not run: nothing was delivered .* the newest delivery is 2026-03-01"
    ):
        require_delivery(settings.landing, TWO)


def test_a_folder_that_went_into_the_one_it_was_to_become_is_not_passed_over(settings: Settings) -> None:
    deliver(settings, bronze.EVENTS, ONE, "feedback.jsonl")
    deliver(settings, bronze.EVENTS, ONE, f".{ONE}/log.jsonl")

    with pytest.raises(JobError, match=rf"{ONE}/\.{ONE} lies within the folder that it was to become"):
        survey(settings, bronze.EVENTS, ONE)
