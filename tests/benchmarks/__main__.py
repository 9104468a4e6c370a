"""Print the figures of a night, of the audit's mechanism and of the lists: ``python -m tests.benchmarks [NAME …]``."""

import sys

from tests.benchmarks import audits, lists, nights

BENCHMARKS = {"audits": audits.run, "lists": lists.run, "nights": nights.run}


def main(names: list[str]) -> int:
    """Run the named benchmarks, all unless named."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.stderr.write(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}\n")
        return 2
    for name in names or BENCHMARKS:
        sys.stdout.write(f"\n{name}: {BENCHMARKS[name].__doc__}\n")
        BENCHMARKS[name](lambda line: sys.stdout.write(f"  {line}\n") and sys.stdout.flush())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
