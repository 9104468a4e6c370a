"""Disks that are full or only read, under a job by the command line: one line, tables as they were, and then it is made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.lakehouse import ledger
from jobs.lakehouse.storage import STAGING
from jobs.sample_world import WorldParameters, write_world
from jobs.settings import Settings
from jobs.tables import bronze
from tests.trials.processes import without_ours

REELHOUSE = Path(sys.executable).parent / "reelhouse"
ROOT = Path(__file__).parents[2]
WORLD = WorldParameters(viewers=40, titles=100, events_per_day=2000, days=3)
MOUNTS = ["unshare", "--user", "--map-root-user", "--mount"]
"""A program with mounts of its own, which end with it; whoever runs it need not be root."""
can_mount = pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run([*MOUNTS, "true"], check=False, capture_output=True).returncode != 0,
    reason="this machine lets nobody make mounts of his own: neither a small disk nor one that only reads can be made",
)


def run(home: Path, mounts: str = "true", after: str = "true") -> subprocess.CompletedProcess[str]:
    """Ingest the event log, with some mounts of its own before, and a command after."""
    command = f'{mounts} && "{REELHOUSE}" run bronze.interactions; ended=$?; {after}; exit $ended'
    return subprocess.run(
        [*MOUNTS, "bash", "-c", command],
        env=without_ours(os.environ) | {"PYTHONPATH": str(ROOT), "REELHOUSE_HOME": str(home), "COLUMNS": "160"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@can_mount
def test_a_home_that_only_reads_costs_a_line(tmp_path: Path) -> None:
    write_world(tmp_path / "landing", WORLD, WORLD.last_day)

    done = run(
        tmp_path, f'mount --bind "{tmp_path}" "{tmp_path}" && mount -o remount,ro,bind "{tmp_path}" && cd "{ROOT}"'
    )

    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert (
        f"bronze.interactions was not done: nothing can be written to {tmp_path} (Read-only file system" in done.stderr
    )


@can_mount
def test_a_full_disk_costs_a_line_and_nothing_of_it_is_left_and_landing_need_only_be_read(tmp_path: Path) -> None:
    home, small = tmp_path / "home", tmp_path / "small"
    lake = home / "lake"
    write_world(home / "landing", WORLD, WORLD.last_day)
    for folder in (lake, small):
        folder.mkdir()

    # The lake is on a disk of its own, with too little room for an event log.
    done = run(
        home,
        f'mount -t tmpfs -o size=64k tmpfs "{small}" && mount --bind "{small}" "{lake}"',
        f'umount "{lake}" && cp -a "{small}/." "{lake}"',
    )

    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "bronze.interactions was not done: a disk is full (No space left on device" in done.stderr
    assert f"{lake} has " in done.stderr
    assert ledger.latest(Settings(home=home).lake, bronze.INTERACTIONS) is None
    assert [str(left) for left in lake.rglob("*") if left.is_file() and STAGING in left.parts] == []

    # Once there is room it is done; that landing/ only reads then costs what is remembered of its files, and no night.
    landing = home / "landing"
    remembered = landing / "interactions" / ".hashes.json"
    remembered.unlink()
    done = run(home, f'mount --bind "{landing}" "{landing}" && mount -o remount,ro,bind "{landing}" && cd "{ROOT}"')
    assert done.returncode == 0, done.stderr[-2000:]
    assert ledger.latest(Settings(home=home).lake, bronze.INTERACTIONS) is not None
    assert not remembered.exists()
