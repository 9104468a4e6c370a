"""A second night on a home does not begin while a first one runs, and does once it has ended, however it ended."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.errors import JobError
from jobs.runs.alone import alone

HOLDS = "import sys, time; from pathlib import Path; from jobs.runs.alone import alone\n" + (
    "with alone(Path(sys.argv[1]), 'reelhouse night --night 2026-03-01'): print('held', flush=True); time.sleep(600)"
)


def test_a_night_beside_another_is_refused_in_a_line_that_names_it_until_it_is_gone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with subprocess.Popen([sys.executable, "-c", HOLDS, str(home)], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(JobError) as refused, alone(home, "reelhouse night"):
            pass
        with alone(tmp_path / "another home", "reelhouse night"):
            pass
        os.kill(first.pid, signal.SIGKILL)

    assert str(refused.value) == (
        f"`reelhouse night` did not run: process {first.pid}, `reelhouse night --night 2026-03-01`, runs on this home; "
        "wait until it has ended, or end it"
    )
    for _ in range(2):
        with alone(home, "reelhouse night"):
            pass
