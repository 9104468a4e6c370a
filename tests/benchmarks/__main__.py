"""Print figures, each goal beside its figure: ``python -m tests.benchmarks [NAME …]``, all of them unless named.

A folder named by REELHOUSE_BENCH_WORLD keeps the world of five million events from one run to the next.
"""

import sys
import time
from importlib import import_module

_MINUTES = {
    # Name, which is that of its module → how long it takes on two idle cores.
    "reading": 2,
    "evaluation": 3,
    "neighbours": 4,
    "fitting": 5,
    "door": 5,
    "nights": 5,
    "airflow": 6,
    "everybody": 10,
    "lists": 12,
    "growth": 6,
    "title_search": 3,
    "explorer": 8,
    "connect": 15,
    "five_million": 15,
}


def main(names: list[str]) -> int:
    """Run the named benchmarks, all unless named."""
    unknown = [name for name in names if name not in _MINUTES]
    if unknown:
        sys.stderr.write(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(_MINUTES)}\n")
        return 2
    asked = names or list(_MINUTES)
    say(f"{', '.join(asked)}: about {sum(_MINUTES[name] for name in asked)} minutes on two idle cores")
    for name in asked:
        # Each imports what it needs only when it is its turn: some set what may be set only before an import.
        benchmark = import_module(f"tests.benchmarks.{name}").run
        say(f"\n{name}: {benchmark.__doc__}")
        began = time.monotonic()
        benchmark(lambda line: say(f"  {line}"))
        say(f"  ({time.monotonic() - began:.0f} s)")
    return 0


def say(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
