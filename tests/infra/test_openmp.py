"""LightGBM runs where the system has no OpenMP runtime: on scikit-learn's, under the name that it asks for."""

import subprocess
import sys
from pathlib import Path

from infra import openmp

TRY = """
import ctypes, sys
ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)
import lightgbm
import numpy as np
lightgbm.train({"verbose": -1, "num_threads": 2}, lightgbm.Dataset(np.eye(64), label=np.arange(64)), 1)
print(*{line.split()[-1] for line in open("/proc/self/maps") if "libgomp" in line})
"""


def test_lightgbm_trains_on_the_copied_runtime_and_not_on_the_system_s(tmp_path: Path) -> None:
    openmp.copy_runtime(tmp_path / "libgomp.so.1")

    done = subprocess.run(
        [sys.executable, "-c", TRY, str(tmp_path / "libgomp.so.1")], capture_output=True, text=True, check=True
    )

    loaded = done.stdout.split()
    assert str(tmp_path / "libgomp.so.1") in loaded
    # scikit-learn, which LightGBM looks for, brings the same under its own name.
    assert [other for other in loaded if other.endswith("/libgomp.so.1")] == [str(tmp_path / "libgomp.so.1")]
    assert not [other for other in loaded if "site-packages" not in other and str(tmp_path) not in other]
