"""Which code is running."""

import hashlib
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


@cache
def code_hash() -> str:
    """One hash of the sources that make the tables: everything under jobs/ and expectations/."""
    root, digest = Path(__file__).parent.parent, hashlib.sha256()
    for file in sorted([*(root / "jobs").rglob("*.py"), *(root / "expectations").rglob("*.py")]):
        digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
