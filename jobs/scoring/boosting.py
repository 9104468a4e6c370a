"""LightGBM's library, loaded where it is needed: a process that boosts no trees does not pay for it."""

import ctypes
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def lightgbm() -> Any:
    """The module, after the OpenMP runtime that set-up put beside its library where the system has none."""
    found = find_spec("lightgbm")
    if found is not None and found.origin is not None:
        runtime = Path(found.origin).parent / "lib" / "libgomp.so.1"
        if runtime.exists():
            ctypes.CDLL(str(runtime), mode=ctypes.RTLD_GLOBAL)
    import lightgbm

    return lightgbm
