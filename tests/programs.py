"""Programs in processes of their own: what is imported in one is not hidden by what tests import."""

import os
import subprocess
import sys
from pathlib import Path


def run_python(program: str, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python code to its end, with a home to work on."""
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=os.environ | {"REELHOUSE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
