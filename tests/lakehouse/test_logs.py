"""A log that is damaged: what is wrong with it in one line, and what can still be read."""

from collections.abc import Callable
from pathlib import Path

import pytest
from deltalake import DeltaTable

from jobs.errors import GoneError, JobError
from jobs.lakehouse import ledger
from jobs.lakehouse.commit import open_or_create
from jobs.lakehouse.mending import mend
from tests.lakehouse.damaged import NIGHTS, TABLE, entry, published, titles, truncate


def checkpointed(folder: Path) -> None:
    DeltaTable(folder).create_checkpoint()


def without_checkpoint(folder: Path) -> None:
    checkpointed(folder)
    of_checkpoint(folder).unlink()


def with_half_a_checkpoint(folder: Path) -> None:
    checkpointed(folder)
    truncate(of_checkpoint(folder))


def last_checkpoint(folder: Path) -> Path:
    return folder / "_delta_log" / "_last_checkpoint"


def of_checkpoint(folder: Path) -> Path:
    return next(folder.glob("_delta_log/*.checkpoint.parquet"))


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "the first entry": (lambda folder: entry(folder, 0).unlink(), "the entry of version 0 is missing"),
    "an entry": (lambda folder: entry(folder, 2).unlink(), "the entry of version 2 is missing"),
    "bytes of an entry": (lambda folder: truncate(entry(folder, 2)), "the entry of version 2 is damaged"),
    "bytes of the last entry": (
        lambda folder: entry(folder, 4).write_bytes(b"\x9f\x00"),
        "the entry of version 4 is damaged",
    ),
    "the checkpoint": (
        without_checkpoint,
        "_last_checkpoint names a checkpoint that is not there",
    ),
    "bytes of the checkpoint": (
        with_half_a_checkpoint,
        "the checkpoint of version 4 is damaged",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_says_what_is_lost_and_what_to_type_and_can_be_opened_again_once_it_is_mended(
    tmp_path: Path, fault: str
) -> None:
    folder, root = published(tmp_path), str(tmp_path / "lake")
    damage, line = FAULTS[fault]
    damage(folder)

    for reads in (ledger.open_table, open_or_create, ledger.latest):
        with pytest.raises(JobError, match=line) as refused:
            reads(root, TABLE)
        assert "`reelhouse restore gold.popular_titles`" in str(refused.value)
    assert mend(root, TABLE)[:1] != []

    delta = ledger.open_table(root, TABLE)
    assert delta is not None
    assert (delta.version(), mend(root, TABLE)) == (4, [])
    assert titles(folder, 1) == ["of 2026-03-01"]
    is_lost = "entry" in fault and "first" not in fault
    if is_lost:
        with pytest.raises(GoneError, match="version 4"):
            ledger.open_version(root, TABLE, 4)
    else:
        assert titles(folder) == ["of 2026-03-04"]
        assert [one.version for one in ledger.history(root, TABLE)] == [4, 3, 2, 1]


def test_a_log_without_beginning_or_checkpoint_is_said_to_be_lost_with_the_way_to_make_the_table_anew(
    tmp_path: Path,
) -> None:
    folder = published(tmp_path)
    for version in (0, 1):
        entry(folder, version).unlink()

    with pytest.raises(
        JobError,
        match=r"no version can be read; move the folder gold/popular_titles of the lake away and run the night again",
    ):
        mend(str(tmp_path / "lake"), TABLE)


@pytest.mark.parametrize("what", ["", "no JSON {"])
def test_a_hint_that_is_no_json_does_no_harm(tmp_path: Path, what: str) -> None:
    folder = published(tmp_path)
    checkpointed(folder)
    last_checkpoint(folder).write_text(what)

    assert ledger.version(str(tmp_path / "lake"), TABLE) == 4


def test_entries_that_a_checkpoint_makes_up_for_may_be_missing(tmp_path: Path) -> None:
    folder = published(tmp_path)
    checkpointed(folder)
    entry(folder, 2).unlink()

    assert titles(folder) == ["of 2026-03-04"]
    assert ledger.version(str(tmp_path / "lake"), TABLE) == 4


def test_without_its_last_entry_a_table_is_what_it_was_and_the_night_is_to_be_made_again(tmp_path: Path) -> None:
    folder = published(tmp_path)
    entry(folder, 4).unlink()

    now = ledger.latest(str(tmp_path / "lake"), TABLE)

    assert now is not None
    assert (now.night, titles(folder)) == (NIGHTS[2], ["of 2026-03-03"])
