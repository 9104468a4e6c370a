"""Forgetting a person is killed at any step, and finished by being run again."""

import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pydantic import SecretStr

from jobs.lakehouse import ledger
from jobs.runs import forgetting
from jobs.settings import Settings
from jobs.tables import bronze, ops
from tests.programs import run_python
from tests.runs.forgettable import NOTIFIED, WHO, everything, find, hashes

AT = datetime(2026, 3, 3, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    everything(tmp_path)
    return Settings(home=tmp_path, forget_key=SecretStr("k" * 32), notify_file=Path(NOTIFIED))


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from jobs.lakehouse import forgetting as tables, erasing
from jobs.landing.forgetting import Rewritten
from jobs.runs import forgetting
from jobs.settings import from_environment

of, name, times, is_before = {"commit": (tables, "commit_files"), "put": (Rewritten, "put"), "erase": (erasing, "erase")}[
    sys.argv[2]
], None, int(sys.argv[3]), sys.argv[4] == "before"
(of, name), left = of, [times]
real = getattr(of, name)

def deadly(*args, **named):
    left[0] -= 1
    if is_before and left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    made = real(*args, **named)
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return made

setattr(of, name, deadly)
home = from_environment()
list(forgetting.apply(home, forgetting.plan(home, sys.argv[1], now=True), "test", datetime.now(UTC), now=True))
"""


@pytest.mark.parametrize(
    ("at", "times", "when"),
    [
        ("commit", 1, "before"),
        ("commit", 1, "after"),
        ("put", 2, "after"),
        ("commit", 3, "after"),
        ("erase", 2, "after"),
    ],
)
def test_what_was_killed_is_finished_by_running_it_again(
    home: Settings, monkeypatch: pytest.MonkeyPatch, at: str, times: int, when: str
) -> None:
    monkeypatch.setenv("REELHOUSE_FORGET_KEY", "k" * 32)
    ended = run_python(KILLED, home.root, WHO, at, str(times), when)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert find(home.root)

    list(forgetting.apply(home, forgetting.plan(home, WHO, now=True), "test", AT, now=True))

    assert find(home.root) == {}
    entry = ledger.latest(home.lake, bronze.INTERACTIONS)
    assert entry is not None
    assert entry.deliveries == hashes(home.root)
    assert len(DeltaTable(f"{home.lake}/{ops.FORGOTTEN.path}").to_pyarrow_table()) == 1
