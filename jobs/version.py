"""Which code is running."""

import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path


@cache
def code_version() -> str:
    """The package's version and, in a checkout, the commit; ``+changed`` if files differ from it."""
    root = Path(__file__).parent.parent
    described = subprocess.run(
        ["git", "-C", str(root), "describe", "--always", "--dirty=+changed", "--abbrev=10", "--exclude=*"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    commit = described.stdout.strip() if described.returncode == 0 else ""
    return f"{version('reelhouse')}+{commit}" if commit else version("reelhouse")
