"""The sample night, first and second: seconds, and memory of all its processes."""

import tempfile
from collections.abc import Callable

from tests.benchmarks.measure import REELHOUSE, run_program

_GOALS = {"first night": "", "second night": " (goal 75)"}


def run(say: Callable[[str], object]) -> None:
    """`reelhouse night --sample` twice on a new home, whole processes; the first writes the sample world, too."""
    with tempfile.TemporaryDirectory(prefix="reelhouse-bench-") as home:
        for name, goal in _GOALS.items():
            night = run_program([REELHOUSE, "night", "--sample"], {"REELHOUSE_HOME": home})
            say(f"{name:13s} {f'{night.seconds:.0f} s{goal}':20s} peak {night.peak_gib:.1f} GiB")
