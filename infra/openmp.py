"""The OpenMP runtime that LightGBM's library asks for, on machines that have none: scikit-learn's wheel brings one.

LightGBM's wheel needs the system's ``libgomp.so.1`` (Debian's libgomp1), which slim images lack. The one in scikit-learn's
wheel has a name of its own, under which the loader does not find it: set-up puts a copy under the plain name beside
LightGBM's library, and :mod:`jobs.scoring.boosting` loads it first. Where the system has one, nothing is done.
"""

import ctypes
import re
import sys
from importlib.util import find_spec
from pathlib import Path

NAME = b"libgomp.so.1"


def is_there() -> bool:
    """Whether the loader finds a runtime by itself."""
    try:
        ctypes.CDLL(NAME.decode())
    except OSError:
        return False
    return True


def copy_runtime(target: Path) -> None:
    """Write scikit-learn's runtime under the plain name.

    The name inside the file is written over by the shorter one, filled up with zeros: no other byte moves.
    """
    (bundled,) = (_folder_of("sklearn").parent / "scikit_learn.libs").glob("libgomp-*")
    renamed = re.sub(
        re.escape(bundled.name.encode()) + rb"\0",
        lambda found: NAME.ljust(len(found[0]), b"\0"),
        bundled.read_bytes(),
    )
    target.write_bytes(renamed)


def _folder_of(package: str) -> Path:
    found = find_spec(package)
    if found is None or found.origin is None:
        raise SystemExit(f"reelhouse was not set up: {package} is not installed")
    return Path(found.origin).parent


if __name__ == "__main__" and sys.platform == "linux" and not is_there():
    copy_runtime(_folder_of("lightgbm") / "lib" / NAME.decode())
