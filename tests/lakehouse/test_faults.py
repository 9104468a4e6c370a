"""What storage does to a job is one line; what was half done is gone; what was there can be read."""

import errno
import os
import shutil
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NoReturn

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from jobs.errors import JobError
from jobs.lakehouse import faults, quarantine
from jobs.lakehouse import lake as door
from jobs.lakehouse.lake import Lake
from jobs.lakehouse.storage import STAGING
from jobs.runs.job import Sessions, run_job
from jobs.settings import Settings
from jobs.tables import silver
from tests.lakehouse.damaged import flip, truncate
from tests.runs.test_night import deliver_events, prepare

ONE, TWO = date(2026, 3, 1), date(2026, 3, 2)
TWO_DAYS = 2 * 24 * 60 * 60


def run(lake: Lake, job: str, night: date) -> list[str]:
    return [one.state for one in run_job(lake.settings, job, night, "test", Sessions(lake.settings, spark=lake.spark))]


@pytest.fixture(scope="module")
def events(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with events of a night in bronze and silver, and of a second one in bronze."""
    lake = Lake(spark, Settings(home=tmp_path_factory.mktemp("events")), run="test")
    prepare(lake, "tt0000001", "tt0000002")
    deliver_events(lake.settings, ONE, "tt0000001")
    assert run(lake, "bronze.interactions", ONE) == ["published"]
    assert run(lake, "silver.interactions", ONE) == ["published"]
    deliver_events(lake.settings, TWO, "tt0000002")
    assert run(lake, "bronze.interactions", TWO) == ["published"]
    return lake.settings.root


@pytest.fixture
def lake(spark: SparkSession, events: Path, tmp_path: Path) -> Lake:
    """A lake of its own, as that home's."""
    shutil.copytree(events, tmp_path / "home")
    return Lake(spark, Settings(home=tmp_path / "home"), run="test")


def test_a_damaged_file_of_an_input_is_named_with_the_command_that_shows_what_is_whole(lake: Lake) -> None:
    bronze = Path(lake.settings.lake) / "bronze" / "interactions"
    (file,) = bronze.glob(f"night={TWO}/*.parquet")
    whole = file.read_bytes()
    damages: tuple[tuple[Callable[[Path], object], str], ...] = (
        (truncate, "bytes, not"),
        (flip, "is damaged"),
        (Path.unlink, "is not there"),
    )

    for damage, what in damages:
        file.write_bytes(whole)
        damage(file)
        with pytest.raises(JobError, match=what) as refused:
            run(lake, "silver.interactions", TWO)
        assert str(refused.value).startswith(
            f"silver.interactions was not done: 1 file of bronze.interactions cannot be read: night={TWO}/{file.name} "
        )
        assert str(refused.value).endswith("`reelhouse restore bronze.interactions --deep` shows them")
    file.write_bytes(whole)
    assert run(lake, "silver.interactions", TWO) == ["published"]


def test_of_a_commit_that_a_full_disk_refuses_nothing_stays(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(lake.settings.lake) / "silver" / "interactions"
    before = sorted(folder.rglob("*.parquet"))

    def refuse(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(door, "commit", refuse)
        with pytest.raises(
            JobError, match=r"silver.interactions was not done: a disk is full \(No space left"
        ) as refused:
            run(lake, "silver.interactions", TWO)

    assert "MB free" in str(refused.value)
    assert sorted(folder.rglob("*.parquet")) == before
    assert list((folder / STAGING).iterdir()) == []
    assert run(lake, "silver.interactions", TWO) == ["published"]


def test_what_a_killed_run_left_beside_a_table_goes_when_it_is_abandoned_and_what_is_visible_stays(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(lake.settings.lake) / "silver" / "interactions"

    def die(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    for step in ("commit", "remove"):
        with monkeypatch.context() as killed:
            killed.setattr(door, step, die)
            with pytest.raises(KeyboardInterrupt):
                run(lake, "silver.interactions", TWO)
        (left,) = (folder / STAGING).iterdir()
        assert len(list(folder.rglob(f"{left.name}-*.parquet"))) == 1
        os.utime(left, (time.time() - TWO_DAYS,) * 2)

        quarantine.settle(lake.settings.lake, [silver.INTERACTIONS])

        assert not left.exists()
        files = {Path(uri.removeprefix("file://")) for uri in DeltaTable(folder).file_uris()}
        is_visible = step == "remove"
        assert [file in files for file in folder.rglob(f"{left.name}-*.parquet")] == [True] * is_visible


def test_an_error_that_is_not_of_storage_or_finds_nothing_wrong_stays_what_it_is(lake: Lake) -> None:
    for error in (ValueError("No space left on device"), OSError("something else")):
        with pytest.raises(type(error), match=str(error)), faults.told(lake.settings, "silver.titles"):
            raise error
